"""One two-sided clearing from a mapping: outcome, explanation, and clear sentences for mistakes."""

import re

import pytest

from econo_env.mechanisms.document import clear_document


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({"mechanism": {"name": "mcafee"}, "buyers": [9, 8, 7], "sellers": [2, 3, 4]}, "the market maker keeps 6"),
        (
            {"mechanism": {"name": "mcafee"}, "buyers": [9, 8, 7], "sellers": [2, 3, 4]},
            "pays 7, the bid 7 of the least valuable pair",
        ),
        ({"mechanism": {"name": "vcg_double_auction"}, "buyers": [9], "sellers": [2]}, "a deficit of 7"),
        ({"mechanism": {"name": "double_auction"}, "buyers": [9, None], "sellers": [2]}, "buyer_1 makes no offer"),
        (
            {"mechanism": {"name": "double_auction"}, "buyers": [1], "sellers": [2]},
            "seller_0 asks 2: there is no trade",
        ),
        ({"mechanism": {"name": "double_auction"}, "buyers": [3, 3], "sellers": [2]}, "by lot, the last to trade"),
    ],
)
def test_the_form_explains_itself(document, line):
    explanation = clear_document(document).explanation
    assert any(line in said for said in explanation), explanation


def test_the_form_counts_traders_through():
    form = clear_document({"mechanism": {"name": "mcafee"}, "buyers": [9, 8, 7], "sellers": [2, 3, 4]})
    assert form.winners == [0, 1, 3, 4]
    assert form.allocation == [1, 1, 0, -1, -1, 0]
    assert form.gap == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"mechanism": {"name": "mcafee"}, "bids": [1]}, "unknown key 'bids'"),
        ({"mechanism": {"name": "mcafee"}, "buyers": [-1], "sellers": [1]}, "-1 among the buyers is not allowed"),
        ({"mechanism": {"name": "mcafee", "k": 1}, "buyers": [1], "sellers": [1]}, "unknown key 'k'"),
        ({"mechanism": {"name": "mcafee"}, "buyers": [1], "sellers": ["x"]}, "sellers.0 = 'x'"),
        ({"mechanism": {"name": "mcafee"}, "buyers": [1]}, "the key 'sellers' is missing"),
    ],
)
def test_mistakes_in_a_form_get_one_clear_sentence(document, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        clear_document(document)
    assert "\n" not in str(caught.value)

"""One clearing from a mapping: outcome, optimum, explanation, and clear sentences for mistakes."""

import re

import pytest

from econo_env.mechanisms.document import clear_document

SECOND = {"name": "second_price", "reserve": 0.0}


def test_the_example_of_the_contract():
    cleared = clear_document({"mechanism": SECOND, "bids": [0.4, 0.9, 0.7]})
    assert cleared.winners == [1]
    assert cleared.allocation == [0, 1, 0]
    assert cleared.payments == [0.0, 0.7, 0.0]
    assert (cleared.welfare, cleared.optimal, cleared.gap) == (0.9, 0.9, 0.0)
    assert cleared.explanation[1] == "bidder_1 wins: highest bid 0.9; pays 0.7, the best losing bid (bidder_2)"
    assert list(cleared.to_json())[:6] == ["winners", "allocation", "payments", "welfare", "optimal", "gap"]


@pytest.mark.parametrize(
    ("document", "line", "gap"),
    [
        ({"mechanism": {"name": "first_price"}, "bids": [0.4, 0.9]}, "pays 0.9, its own bid", 0.0),
        ({"mechanism": {"name": "second_price", "reserve": 0.5}, "bids": [0.7]}, "pays 0.5, the reserve", 0.0),
        ({"mechanism": {"name": "second_price", "reserve": 0.5}, "bids": [0.1]}, "is below the reserve 0.5", 1.0),
        ({"mechanism": SECOND, "bids": [0.7, None]}, "pays 0, for there is no losing bid", 0.0),
        ({"mechanism": SECOND, "bids": [0.7, None]}, "bidder_1 made no bid", 0.0),
        ({"mechanism": SECOND, "bids": [0.7, 0.7]}, "drawn by lot among equals", 0.0),
        ({"mechanism": SECOND, "bids": [0.4, 0.9], "values": [1.0, 0.5]}, "bidder_1 wins", 0.5),
        (
            {"mechanism": SECOND, "bids": [0.9, 0.7], "weights": [1.0, 1.5]},
            "pays 0.6, the least bid that still beats bidder_0: 0.9 / 1.5",
            pytest.approx(2 / 9),
        ),
        (
            {"mechanism": {"name": "second_price", "payment": "naive"}, "bids": [0.9, 0.7], "weights": [1.0, 1.5]},
            "pays 0.9, bidder_0's weighted bid, undivided",
            pytest.approx(2 / 9),
        ),
        ({"mechanism": {"name": "first_price", "units": 2}, "bids": [1, 3, 2]}, "rank 2, bid 2", 0.0),
        ({"mechanism": {"name": "kth_price"}, "bids": [4, 1, 3, 2]}, "pays 2, the highest bid but 2", 0.0),
        ({"mechanism": {"name": "kth_price"}, "bids": [4, 1]}, "pays 0, the reserve, for fewer bids", 0.0),
        ({"mechanism": {"name": "all_pay"}, "bids": [1, 3]}, "bidder_0 loses: 1 is below bidder_1's 3; pays 1", 0.0),
        ({"mechanism": {"name": "second_price_all_pay"}, "bids": [1, 3]}, "wins: highest bid 3; pays 1, the best", 0.0),
        (
            {"mechanism": {"name": "tullock"}, "bids": [1e-5, 3, 0]},
            "bidder_1 wins: the draw fell to its bid 3 (its chance: 1); pays 3",
            0.0,
        ),
    ],
)
def test_the_explanation_names_the_reason(document, line, gap):
    cleared = clear_document(document)
    assert any(line in said for said in cleared.explanation), cleared.explanation
    assert cleared.gap == gap


def test_a_contest_says_that_it_was_drawn():
    lines = [
        clear_document({"mechanism": {"name": "tullock"}, "bids": [1.0, 2.0]}, seed).explanation for seed in range(20)
    ]
    assert ["bidder_0 wins: the draw fell to its bid 1 (its chance: 0.333); pays 1, its own bid",
            "bidder_1 loses: the draw fell to bidder_0 (its chance: 0.667); pays 2, its own bid"] in lines  # fmt: skip


def test_the_lottery_is_seeded():
    document = {"mechanism": SECOND, "bids": [0.5] * 4}
    winners = [clear_document(document, seed).winners for seed in range(20)]
    assert winners == [clear_document(document, seed).winners for seed in range(20)]
    assert len({winner for (winner,) in winners}) == 4


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "mechanism = None"),
        ({"mechanism": "second_price", "bids": [1]}, "mechanism = 'second_price': give a section"),
        (
            {"mechanism": {"name": "third_price"}, "bids": [1]},
            "unknown mechanism 'third_price': did you mean 'kth_price'? choose one of",
        ),
        ({"mechanism": {"name": "second_price", "reserves": 1}, "bids": [1]}, "'reserves', did you mean 'reserve'"),
        ({"mechanism": {"name": "second_price", "payment": "fair"}, "bids": [1]}, "choose one of critical, naive"),
        ({"mechanism": SECOND, "bids": [1], "bidders": 3}, "unknown key 'bidders'"),
        ({"mechanism": SECOND, "bids": []}, "at least one amount"),
        ({"mechanism": SECOND, "bids": [-1.0]}, "-1 among the bids is not allowed"),
        ({"mechanism": SECOND, "bids": [1e12]}, "no amount of money"),
        ({"mechanism": SECOND, "bids": ["x"]}, "bids.0 = 'x'"),
        ({"mechanism": SECOND, "bids": [1, 2], "weights": [1]}, "weights lists 1 entries for 2 bids"),
        ({"mechanism": SECOND, "bids": [1, 2], "weights": [1, 0]}, "weights"),
        ({"mechanism": SECOND, "bids": [1], "values": [-2]}, "-2 among the values"),
    ],
)
def test_mistakes_get_one_clear_sentence(document, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        clear_document(document)
    assert "\n" not in str(caught.value)

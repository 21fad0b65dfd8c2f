"""`econo_env.mechanisms.clear` reaches the rules whose bids take another form."""

import re

import pytest

from econo_env.mechanisms import clear


def test_marginal_bids():
    outcome = clear("uniform_price", [[0.9, 0.4], [0.8, 0.1]], units=2)
    assert outcome.allocation.tolist() == [1, 1]
    assert outcome.payments.tolist() == [0.4, 0.4]
    assert outcome.welfare == pytest.approx(1.7)


def test_slots():
    outcome = clear("gsp", [10, 4, 2], click_rates=[1.0, 0.5], reserve=3.0)
    assert outcome.allocation.tolist() == [1, 2, 0]
    assert outcome.payments.tolist() == [4.0, 1.5, 0.0]


def test_one_round_of_a_sequential_sale():
    assert clear("sequential_first_price", [0.4, 0.9]).payments.tolist() == [0.0, 0.9]
    assert clear("sequential_second_price", [0.4, 0.9, float("nan")], reserve=0.5).payments.tolist() == [0, 0.5, 0]


@pytest.mark.parametrize(
    ("name", "bids", "options", "said"),
    [
        ("vickrey", [0.9, 0.4], {}, "bids.0 = 0.9"),
        ("vickrey", [[0.9]], {"weights": [1.0]}, "unknown key 'weights'"),
        ("vickrey", [[-0.9]], {}, "-0.9 among the bids"),
        ("gsp", [1.0], {}, "the key 'click_rates' is missing"),
        ("gsp", [1.0], {"click_rates": [0.5, 0.6]}, "click rate 0.6 after 0.5"),
        ("sequential_first_price", [1.0], {"weights": [2.0]}, "unknown key 'weights'"),
        ("sequential_first_price", [[1.0], [1.0, 2.0]], {}, "round 2 lists 2 bids, round 1 1"),
        ("sequential_first_price", [-1.0], {}, "finite amounts from 0"),
    ],
)
def test_mistakes_are_named(name, bids, options, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        clear(name, bids, **options)

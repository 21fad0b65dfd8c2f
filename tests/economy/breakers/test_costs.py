"""What breakers cost and prevent, on a small sample; docs/breakers.md has the figures of a large one."""

import numpy as np
import pytest

import econo_env
from tests.economy.breakers.measure import FIRST_PRICE, ORDER_BOOK, Attack, equilibrium, play, with_first

MARKETS = 100


@pytest.fixture(scope="module")
def calm():
    return play(econo_env.load(FIRST_PRICE), equilibrium, 2, MARKETS)


def test_calm_play_trips_nothing(calm):
    assert not calm.halts.any()
    assert not calm.rejected.any()


@pytest.mark.parametrize(("bid", "first", "ticks"), [(1.1, 10, 3), (1.1, 10, 54), (1.6, 10, 6)])
def test_to_force_a_halt_earns_nothing_and_a_charge_makes_it_dear(calm, bid, first, ticks):
    attack, gains = Attack(bid, 1.01, first, ticks), {}
    for charge in (0.0, 0.05):
        found = play(econo_env.load(FIRST_PRICE).replace(**{"economy.breakers.charge": charge}), attack, 2, MARKETS)
        assert found.halts.sum() > 50
        gained = (found.earned - calm.earned)[:, 0]
        assert gained.mean() < 2 * gained.std() / MARKETS**0.5
        gains[charge] = gained.mean()
    assert gains[0.05] < gains[0.0] - 0.05


@pytest.mark.parametrize("reopening", ["clip", "widen", "follow"])
def test_a_fall_of_a_fifth_is_noticed_in_its_tick_and_trading_goes_on_afterwards(reopening):
    scenario = econo_env.load(FIRST_PRICE).replace(
        **{"economy.breakers.reopening": reopening, "economy.breakers.levels": None}
    )
    told = play(scenario, lambda engine, tick: equilibrium(engine, tick) * (1.0 if tick < 20 else 0.8), 4, MARKETS)
    assert (told.noticed == 20).all()
    assert (told.halts == 1).all()
    assert (told.halted == 5).all()
    assert (told.prices[-20:] > 0).all()


def test_a_buyer_in_a_book_cannot_force_halts_by_bidding_high():
    scenario = econo_env.load(ORDER_BOOK)
    quiet, attacked = (play(scenario, with_first(*first), 6, MARKETS) for first in ((0.0, 0), (1.0, 64)))
    more = attacked.halts - quiet.halts
    assert abs(more.mean()) < 3 * more.std() / MARKETS**0.5
    assert (attacked.earned - quiet.earned)[:, 0].mean() < 0.0
    assert np.abs(quiet.welfare - attacked.welfare).mean() < 0.1 * quiet.welfare.mean()

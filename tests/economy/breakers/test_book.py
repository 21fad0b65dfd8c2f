"""Orders of a book: confined to the band, taken back by a halt, and met in a call when trading begins again."""

import numpy as np
import pytest

import econo_env
from econo_env.economy.breakers.call_auction import call_price
from econo_env.economy.breakers.halts import HALTED, OPEN, REOPENING
from econo_env.engine.engine import Engine

NUM, BUYERS, TICK = 8, 4, 10_000
NOTHING = np.nan


def book(**breakers):
    """A day with 4 buyers and 4 sellers, bids in credits, ticks of 0.01."""
    economy = {"ledger": {"endowment": 50.0}, "breakers": {"levels": None} | breakers}
    scenario = econo_env.load(
        "continuous_double_auction_v1", num_agents=NUM, units=20, max_cycles=60, bids="amount", economy=economy
    )
    engine = Engine(scenario, 1)
    engine.reset(0)
    return engine


def place(engine, *limits):
    """Everybody's limits in credits, buyers first; NaN leaves what rests."""
    engine.step((2.0 * np.array(limits) - 1.0)[None, :, None].astype(np.float32))


def traded(engine):
    """Who got or gave a unit, and at what price."""
    award = engine.state.award
    return award.units[0].copy(), int(award.price[0])


def at_reference(**breakers):
    """A book after two trades at 0.5, whose band is 10 %."""
    engine = book(move=0.1, limit=2, halt=3, collar=0.2, least_open=1, window=2, **breakers)
    for _ in range(2):
        place(engine, 0.5, *[NOTHING] * 3, 0.5, *[NOTHING] * 3)
    assert (engine.world.breakers.low[0], engine.world.breakers.high[0]) == (450_000, 550_000)
    return engine


def test_limits_move_to_the_end_of_the_band_and_one_side_beyond_it_is_a_rejection():
    engine = at_reference()
    place(engine, 0.9, NOTHING, NOTHING, NOTHING, NOTHING, 0.56, NOTHING, NOTHING)
    assert engine.state.level[0, 0] * TICK == 550_000
    assert engine.state.level[0, 5] * TICK == 560_000  # asks may rest above
    assert not traded(engine)[0].any()
    assert (engine.world.breakers.rejections[0], engine.world.breakers.attempt[0]) == (1, 550_001)
    place(engine, *[NOTHING] * 5, 0.1, NOTHING, NOTHING)  # within 0.45 to 0.55, it meets the bid that rests
    units, price = traded(engine)
    assert (units[0], units[5], price) == (1, -1, 550_000)
    assert (engine.world.breakers.rejections[0], engine.world.breakers.mode[0]) == (0, OPEN)


def test_two_rejections_halt_the_book_and_all_orders_are_taken_back():
    engine = at_reference()
    for _ in range(2):
        place(engine, 0.9, 0.8, NOTHING, NOTHING, *[NOTHING] * 4)
    assert engine.world.breakers.mode[0] == HALTED
    assert engine.state.depth[0].tolist() == [2, 0]
    place(engine, *[0.5] * NUM)
    assert engine.state.depth[0].tolist() == [0, 0]
    assert not traded(engine)[0].any()


@pytest.mark.parametrize("seed", range(20))
def test_a_reopening_call_trades_at_one_price_the_most_units(seed):
    engine, generator = at_reference(), np.random.default_rng(seed)
    for _ in range(2):
        place(engine, 0.9, *[NOTHING] * 7)
    for _ in range(3):
        place(engine, *[0.5] * NUM)
    for calls in range(3):
        assert engine.world.breakers.mode[0] == REOPENING
        low, high = int(engine.world.breakers.low[0]), int(engine.world.breakers.high[0])
        assert (low, high) == (550_000 - 50_000 * 3 - 100_000 * calls, 600_000 + 100_000 * calls)
        limits = generator.integers(30, 90, NUM) / 100
        place(engine, *limits)
        money = np.rint(limits * 1e6).astype(np.int64)
        expected = call_price(money, None, BUYERS, 500_000)
        units, price = traded(engine)
        if expected.volume and low <= expected.price <= high:
            assert price == expected.price
            assert units[:BUYERS].sum() == -units[BUYERS:].sum() == expected.volume
            assert (np.abs(engine.state.award.pays[0]) == np.abs(units) * price).all()
            assert engine.world.breakers.mode[0] == OPEN
            return
        assert not units.any()
        assert engine.world.breakers.attempt[0] == expected.price
        if expected.volume:
            assert engine.state.depth[0].tolist() == [0, 0]

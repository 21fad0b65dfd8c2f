"""The books of every built-in scenario close at every tick, and what is given stays as it was."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.training.evaluation.play import with_accounts

MARKETS = 64
TICKS = 80
EXACT = 1e-9
scenario_ids = pytest.mark.parametrize("name", econo_env.scenarios())


def started(name, markets=MARKETS, seed=3, **options):
    engine = Engine(econo_env.load(name), markets, **options)
    engine.reset(seed)
    return engine.scenario, market_of(engine.scenario), engine


def random_actions(engine, tick):
    """Half of the time near the truth or anywhere, so that clocks run and books fill; where allowed, else 0."""
    rng = np.random.default_rng([17, tick])
    wide = rng.uniform(-1.0, 1.0, engine.buffers.actions.shape)
    near = np.clip(rng.normal(0.0, 0.2, wide.shape), -1.0, 1.0)
    chosen = np.where(rng.random((len(wide), 1, 1)) < 0.5, wide, near)
    return np.where(engine.buffers.action_mask[..., None], chosen, 0.0).astype(np.float32)


def ticks_of(engine):
    """Until everybody is through, or long enough."""
    for tick in range(TICKS):
        yield tick
        if engine.buffers.ended.all():
            return


@scenario_ids
def test_what_is_created_is_what_agents_and_principal_get(name):
    """Rewards + revenue = created welfare in every market at every tick."""
    scenario, market, engine = started(name)
    moved = 0
    running = np.ones(MARKETS, dtype=bool)
    for tick in ticks_of(engine):
        types = market.types.now(scenario, engine.state)
        engine.step(random_actions(engine, tick))
        welfare = with_accounts(scenario, engine, market.welfare(scenario, engine.state, types))
        gap = engine.buffers.rewards.sum(axis=1) + welfare.revenue - welfare.created
        assert np.abs(gap[running]).max(initial=0.0) <= EXACT, tick
        moved += int((welfare.created != 0.0)[running].sum())
        running &= ~engine.buffers.ended
    assert moved > MARKETS // 4, "and something is made"


@scenario_ids
def test_money_is_whole_and_payments_are_the_revenue(name):
    """Micro-credits are int64. Accounts add up to what was minted; elsewhere payments add up to the revenue."""
    scenario, market, engine = started(name)
    running = np.ones(MARKETS, dtype=bool)
    for tick in ticks_of(engine):
        types = market.types.now(scenario, engine.state)
        engine.step(random_actions(engine, tick))
        state = engine.state
        if scenario.economy is not None:
            ledger = engine.world.ledger
            assert ledger.balances.dtype == np.int64
            assert np.array_equal(ledger.balances.sum(axis=1), ledger.minted)
            assert ledger.balances.min() >= 0
            assert not ledger.refused.any()
            continue
        assert state.award.pays.dtype == np.int64
        revenue = market.welfare(scenario, state, types).revenue * 1e6
        assert np.abs(revenue - np.rint(revenue)).max() < 1e-3
        paid = state.award.pays.sum(axis=1)
        if scenario.market == "scoring":
            bought = state.award.units != 0
            worth = market.welfare(scenario, state, types).revenue - state.award.pays.sum(axis=1) / 1e6
            assert np.all((worth > 0) == bought.any(axis=1)), "what the buyer has beyond its price is what it bought"
        elif isinstance(scenario, SealedBidScenario) and scenario.procurement is not None:
            sold = -state.award.units.sum(axis=1)
            assert np.array_equal(np.rint(revenue).astype(np.int64), paid + round(scenario.ceiling * 1e6) * sold)
        else:
            assert np.array_equal(np.rint(revenue).astype(np.int64), paid)
        if name in ("double_auction_v1", "posted_price_v1", "continuous_double_auction_v1"):
            assert not paid.any(), "what buyers pay is what sellers get, to the last unit"
            assert not state.award.units.sum(axis=1).any(), "and what is sold is bought"
        running &= ~engine.buffers.ended


@scenario_ids
def test_actions_are_read_and_never_written(name):
    """The same array stepped twice from the same state gives the same bits, and is still the same array."""
    _, _, engine = started(name)
    for tick in range(3):
        before, actions = engine.snapshot(), random_actions(engine, tick)
        kept = actions.copy()
        actions.setflags(write=False)
        outcomes = []
        for _ in range(2):
            engine.restore(before)
            engine.step(actions)
            outcomes.append(engine.snapshot())
            np.testing.assert_array_equal(actions, kept)
            np.testing.assert_array_equal(engine.buffers.actions, kept)
        for one, other in zip(outcomes[0].arrays(), outcomes[1].arrays(), strict=True):
            np.testing.assert_array_equal(one, other)
        if engine.buffers.ended.any():
            return


@scenario_ids
def test_judges_read_and_never_write(name):
    """Types are a copy; judging a tick changes neither them nor the state, and judging again says the same."""
    scenario, market, engine = started(name)
    types = market.types.now(scenario, engine.state)
    kept = types.copy()
    engine.step(random_actions(engine, 0))
    np.testing.assert_array_equal(types, kept)
    before = engine.snapshot()
    types.setflags(write=False)
    first, again = (market.welfare(scenario, engine.state, types) for _ in range(2))
    np.testing.assert_array_equal(first.created, again.created)
    np.testing.assert_array_equal(first.revenue, again.revenue)
    for then, now in zip((*before.state, *before.buffers), engine.arrays(), strict=True):
        np.testing.assert_array_equal(then, now)


@scenario_ids
def test_forks_and_their_original_share_the_luck_to_come(name):
    """Two copies of every market, stepped alike, stay alike through resets; the original with them."""
    _, _, engine = started(name, autoreset=True)
    engine.step(random_actions(engine, 0))
    forked = engine.fork(2)
    for tick in range(1, 6):
        actions = random_actions(engine, tick)
        engine.step(actions)
        forked.step(np.repeat(actions, 2, axis=0))
        for mine, theirs in zip(engine.arrays(), forked.arrays(), strict=True):
            np.testing.assert_array_equal(np.repeat(mine, 2, axis=0), theirs)

"""The least stake behind a bid, and what an award earns on average where its winner may walk away."""

import numpy as np
import pytest

from econo_env.economy.ledger import FREE, balances_of
from econo_env.economy.parts.default import PART, expected_after_sale
from econo_env.engine.digest import plain
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.policies import make_policy
from econo_env.training.studies.faults import with_default


def sale(**staking):
    """A first-price sale whose winners may walk away, with other keys of its stake."""
    return with_default("first_price_v0").replace(**{f"economy.staking.{key}": value for key, value in staking.items()})


@pytest.mark.parametrize(("requirement", "least"), [(0.5, 0.4), (0.0, 0.7), (2.0, 0.3)])
def test_behind_every_bid_stands_the_larger_of_its_share_and_the_least(requirement, least):
    """Recomputed, and struck where the bidder has less."""
    scenario = sale(requirement=requirement, least=least).replace(**{"economy.ledger.endowment": 3.0})
    engine, rng, struck = Engine(scenario, 64), np.random.default_rng(1), 0
    engine.reset(1)
    for _ in range(12):
        free = balances_of(engine.world.ledger.balances, FREE).copy()
        engine.step(rng.uniform(-1.0, 1.0, engine.buffers.actions.shape))
        exposure, locked = engine.state.award.exposure, engine.world.staking.locked
        asked = np.maximum(np.floor(requirement * exposure), 1e6 * least) * (exposure > 0)
        np.testing.assert_array_equal(locked, asked)
        assert (locked <= free).all()
        struck += int(engine.world.ledger.struck.sum())
        engine.reset_markets(engine.buffers.ended.copy())
    assert struck


def test_what_an_award_earns_over_what_is_learned_after_the_sale():
    """The mean over a fine grid of e, for random gains, bonds, penalties and shocks."""
    rng, grid = np.random.default_rng(0), (np.arange(20_000) + 0.5) / 20_000
    for _ in range(300):
        gain, bond, penalty, shock = rng.uniform(-3, 3), rng.uniform(0, 2), rng.uniform(0, 1), rng.uniform(0, 2)
        kept = gain + shock * (2.0 * grid - 1.0)
        mean = np.where(kept >= -bond - penalty, kept, -bond).mean()
        assert plain(expected_after_sale)(gain, bond, penalty, shock) == pytest.approx(mean, abs=1e-3)
    assert plain(expected_after_sale)(-1.0, 0.5, 0.0, 0.0) == -0.5
    assert plain(expected_after_sale)(-1.0, 1.0, 0.0, 0.0) == -1.0


def test_luck_is_nothing_on_average_and_leaves_the_expected():
    scenario = sale(requirement=0.1, least=0.05)
    engine, rng, verdict = Engine(scenario, 400), np.random.default_rng(2), PART.verdict
    engine.reset(2)
    luck, walked = [], 0
    for _ in range(16):
        engine.step(rng.uniform(-0.6, 0.6, engine.buffers.actions.shape))
        default, won = engine.world.default, engine.world.default.kept | engine.world.default.walked
        assert not default.luck[~won].any()
        luck.append(verdict.luck(scenario, engine.world)[won])
        left = engine.buffers.rewards - verdict.luck(scenario, engine.world)
        assert (left[default.walked] >= -engine.world.staking.slashed[default.walked] / 1e6 - 1e-9).all()
        walked += int(default.walked.sum())
    all_luck = np.concatenate(luck)
    assert abs(all_luck.mean()) < 4 * all_luck.std() / np.sqrt(len(all_luck))
    assert all_luck.std() > 0.1
    assert walked > 100


def gains(scenario, factors, markets=4_000):
    """What the first of truthful bidders expects of a sale that it bids these multiples of its value in."""
    scaled, truthful, found = market_of(scenario).baselines.scaled, make_policy("truthful", scenario), []
    for factor in factors:
        engine = Engine(scenario, markets)
        engine.reset(3)
        actions = truthful.act(engine.buffers.observations, engine.buffers.action_mask).copy()
        actions[:, 0] = scaled(scenario, engine.buffers.observations, factor)[:, 0]
        engine.step(actions)
        found.append((engine.buffers.rewards - engine.world.default.luck / 1e6)[:, 0].mean())
    return np.array(found)


@pytest.mark.slow
def test_truth_is_best_in_second_price_where_the_stake_is_the_shock_and_not_where_it_is_less():
    """With a bond below the shock walking away is an option, worth bidding for."""
    factors = np.arange(0.6, 1.61, 0.1)
    scenario = with_default("second_price_v0")
    deterred = gains(scenario.replace(**{"economy.staking.requirement": 0.0, "economy.staking.least": 0.4}), factors)
    tempted = gains(scenario.replace(**{"economy.staking.requirement": 0.0, "economy.staking.least": 0.05}), factors)
    assert np.argmax(deterred) == 4
    assert np.argmax(tempted) > 4

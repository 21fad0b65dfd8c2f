"""Actions that a part of the economy adds: every API has them, baselines leave them at 0, searches move them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from pettingzoo.test import api_test, parallel_api_test

import econo_env
from econo_env.economy.action import Action
from econo_env.economy.ledger import FREE, PLEDGED, PRINCIPAL, TREASURY, balances_of
from econo_env.economy.part import PARTS
from econo_env.engine.engine import Engine
from econo_env.interfaces.action_forms import FIRST_LEVEL, NO_BID, TRUTHFUL, action_form
from econo_env.interfaces.page import page
from econo_env.interfaces.sb3 import make_sb3_env
from econo_env.market import market_of
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, episode_regrets, regrets
from tests.outside.savings import PART

ECONOMY = {"ledger": {"endowment": 10.0}, "savings": {}}
NAMES = ("bid", "save", "give")
AGENTS = 3


@pytest.fixture(autouse=True)
def _known():
    with PARTS.registered(PART):
        yield


def market(**changes):
    options = {"economy": ECONOMY, "num_agents": AGENTS, "max_cycles": 6, "mechanism.reserve": 0.2}
    return econo_env.load("first_price_v0", **(options | changes))


def moved(balances, save, give):
    """One agent's (free, pledged, interest, gift) after what it sends, micro-credits."""
    free, pledged = balances
    put = int(save * free) if save >= 0 else -int(-save * pledged)
    interest = (pledged + put) // 64
    gift = int(max(0.0, give) * (free - put + interest))
    return free - put + interest - gift, pledged + put, interest, gift


def expected(sent, mask, balances, k):
    """Accounts of market k as `moved` says, for what was sent, (agents, 3); what is no action does nothing."""
    after = balances[k].copy()
    for i in range(AGENTS):
        free, pledged = 4 + FREE * AGENTS + i, 4 + PLEDGED * AGENTS + i
        save, give = (float(x) if mask[k, i] and abs(x) <= 1.0 else 0.0 for x in sent[k, i, 1:])
        after[free], after[pledged], interest, gift = moved((int(after[free]), int(after[pledged])), save, give)
        after[PRINCIPAL] -= interest
        after[TREASURY] += gift
    return after


def test_what_agents_send_reaches_the_part_and_nonsense_does_nothing():
    engine, rng = Engine(market(**{"mechanism.reserve": 0.99}), 16), np.random.default_rng(0)
    engine.reset(5)
    counted = np.zeros(16, dtype=np.int64)
    for _ in range(5):
        sent = rng.uniform(-1.0, 1.0, (16, AGENTS, 3)).astype(np.float32)
        sent[..., 0] = -1.0  # bids of 0: below the reserve, so nothing else moves money
        odd = rng.random((16, AGENTS)) < 0.3
        sent[odd, rng.integers(1, 3, odd.sum())] = rng.choice([np.nan, 1.5, -np.inf], odd.sum())
        sent[rng.random((16, AGENTS)) < 0.1, :] = np.nan
        mask = engine.buffers.action_mask
        mask[rng.random(mask.shape) < 0.2] = False
        before, known = engine.world.ledger.balances.copy(), mask.copy()
        engine.step(sent)
        own = np.abs(sent[..., 0]) <= 1.0
        added = ~(np.abs(sent[..., 1:]) <= 1.0).all(axis=-1)
        counted += (~own | (added & known)).sum(axis=1)
        for k in range(16):
            assert_array_equal(engine.world.ledger.balances[k], expected(sent, known, before, k))
        heard = np.where(known & (np.abs(sent[..., 1]) <= 1.0), sent[..., 1], 0.0)
        assert_array_equal(engine.world.savings.last, heard)
    assert_array_equal(engine.buffers.invalid_actions, counted)
    assert (balances_of(engine.world.ledger.balances, PLEDGED) > 0).any()


def test_every_api_has_them_by_name():
    scenario = market()
    vector = econo_env.vector_env(scenario, 2)
    assert vector.action_names == NAMES
    assert market_of(scenario).actions(scenario) == NAMES[:1]
    assert vector.action_space.shape == (2, AGENTS, 3)
    assert econo_env.parallel_env(scenario).action_space("bidder_0").shape == (3,)
    told = page(scenario)
    assert all(f"| {at} | `{name}`" in told for at, name in enumerate(NAMES))
    assert "Box(-1, 1, (3,), float32)" in told
    parallel_api_test(econo_env.parallel_env(scenario), num_cycles=20)
    api_test(econo_env.env(scenario, actions="multi_discrete"), num_cycles=20)


def test_choices_of_a_grid_leave_them_alone_unless_a_level_is_chosen():
    scenario = market()
    observations = np.full((1, len(market_of(scenario).observations(scenario))), 0.5, np.float32)
    each = action_form(scenario, "multi_discrete", 5)
    rows = np.array([[NO_BID, NO_BID, TRUTHFUL], [TRUTHFUL, FIRST_LEVEL, FIRST_LEVEL + 4]])
    decoded = each.decoded(rows, np.repeat(observations, 2, axis=0))
    assert np.isnan(decoded[0, 0])
    assert_array_equal(decoded[0, 1:], [0.0, 0.0])
    assert_array_equal(decoded[1, 1:], [-1.0, 1.0])
    one = action_form(scenario, "discrete", (3, 5, 5))
    decoded = one.decoded(np.array([NO_BID, TRUTHFUL, FIRST_LEVEL + 2 * 25 + 3 * 5 + 1]), np.repeat(observations, 3, 0))
    assert_array_equal(decoded[0], [np.nan, 0.0, 0.0])
    assert_array_equal(decoded[1, 1:], [0.0, 0.0])
    assert_array_equal(decoded[2], [1.0, 0.5, -0.5])


@pytest.mark.parametrize("name", ["truthful", "shading", "zero_intelligence", "random"])
def test_policies_bid_as_without_the_part_and_leave_it_alone(name):
    scenario, plain = market(), market(economy={"ledger": {"endowment": 10.0}})
    with_part, without = make_policy(name, scenario, 3), make_policy(name, plain, 3)
    seen = np.random.default_rng(1).random((64, AGENTS, len(market_of(scenario).observations(scenario))), np.float32)
    mask = np.random.default_rng(2).random((64, AGENTS)) < 0.8
    actions, alone = with_part.act(seen, mask), without.act(seen[..., :-1], mask)
    assert actions.shape == (64, AGENTS, 3)
    assert actions.dtype == np.float32
    assert_array_equal(actions[..., :1], alone)
    if name == "random":
        assert not actions[~mask].any()
        assert np.abs(np.abs(actions[mask, 1:]).mean(axis=0) - 0.5).max() < 0.1
    else:
        assert not actions[..., 1:].any()


def test_searches_find_what_the_part_pays_for():
    scenario = market()
    budget = Budget(types=4, actions=32, luck=64, finals=2, episodes=64)
    (found,) = episode_regrets(scenario, make_policy("truthful", scenario), (0, 1), budget=budget)
    assert "save" in found.deviation
    assert found.taken
    # all of 10 credits at a 64th a tick for six ticks; interest is not saved where the deviation saves but once
    assert found.measured_gain.mean() > 0.5 * 6 * 10.0 / 64
    (one_tick,) = regrets(scenario, make_policy("truthful", scenario), (0, 1), budget=budget)
    assert one_tick.report_names == NAMES
    assert (one_tick.best_reports[:, 1] > 0.5).all()


def test_learners_send_them():
    env = make_sb3_env(market(), num_markets=2)
    assert env.action_space.shape == (3,)
    env.reset()
    env.step(np.tile(np.array([-1.0, 1.0, 0.0], np.float32), (env.num_envs, 1)))
    assert_array_equal(env.engine.world.savings.last, 1.0)


def test_without_it_nothing_is_in_the_loop_and_names_are_told_apart():
    plain = market(economy={"ledger": {"endowment": 10.0}})
    source = market_of(plain).program(plain).source
    assert "sent(" not in source
    assert "count_invalid(" not in source
    assert "sent(k, i, 2, buffers)" in market_of(market()).program(market()).source
    other = replace(PART, name="more_savings", actions=(Action("give", "as before"),), stages={})
    with PARTS.registered(other), pytest.raises(ValueError, match="its action 'give' has the name of another one"):
        market(economy=ECONOMY | {"more_savings": {}})


@pytest.mark.parametrize("more", [{}, {"savings": {}}], ids=["ledger alone", "with actions"])
def test_an_economy_adds_no_bundles_to_what_a_bidder_values(more):
    """Components of an action come after those of the bundles, and no bundle with them."""
    alone = econo_env.load("combinatorial_v1")
    within = alone.replace(economy={"ledger": {"endowment": 10.0}, **more})
    engines = [Engine(one, 2) for one in (alone, within)]
    for engine in engines:
        engine.reset(3)
    assert_array_equal(engines[0].state.values, engines[1].state.values)

"""Learners who play all seats in one compiled loop do what they do tick by tick from Python, to the bit."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.policies import make_policy
from econo_env.policies.adaptive.together import Together


def pricing(seed):
    generator = np.random.default_rng(seed)
    firms, arms = int(generator.integers(1, 4)), int(generator.integers(2, 7))
    scenario = econo_env.load("logit_demand_v0", num_agents=firms, max_cycles=10**6)
    sees = {f"price_of_{firm}": arms for firm in range(firms)} if seed % 2 else {}
    options = {
        "of": "action",
        "arms": arms,
        "rate": generator.uniform(0.01, 1),
        "decay": 10 ** generator.uniform(-4, -1),
        "sees": sees,
    }
    return scenario, "q_learning", options


def heard(seed):
    generator = np.random.default_rng(seed)
    bids = ("amount", "share_of_value")[seed % 2]
    agents, arms = int(generator.integers(2, 5)), int(generator.integers(2, 9))
    rule = ("first_price_v0", "second_price_v0")[seed // 2 % 2]
    scenario = econo_env.load(rule, num_agents=agents, max_cycles=10**6, bids=bids, feedback="all_bids")
    return scenario, "q_learning", {"of": "action", "arms": arms, "feedback": True, "decay": 0.05, "initial": 1.0}


def unheard(seed):
    scenario = econo_env.load("first_price_v0", num_agents=3, max_cycles=10**6, feedback="nothing")
    return scenario, "exp3", {"arms": 5, "exploration": 0.2, "of": ("truth", "action")[seed % 2]}


def weighed(seed):
    scenario = econo_env.load("first_price_v0", num_agents=3, max_cycles=10**6, feedback="all_bids")
    return scenario, ("hedge", "regret_matching")[seed % 2], {"arms": 13}


@pytest.mark.parametrize("case", [pricing, heard, unheard, weighed])
@pytest.mark.parametrize("seed", range(4))
def test_all_that_is_played_and_learned_is_what_it_is_tick_by_tick(case, seed):
    scenario, name, options = case(seed)
    markets, ticks = 5, 120
    alone, stepping = Engine(scenario, markets), make_policy(name, scenario, seed=seed, **options)
    alone.reset(seed)
    for _ in range(ticks):
        alone.step(stepping.act(alone.buffers.observations, alone.buffers.action_mask))
        stepping.observe(alone.buffers.rewards, alone.buffers.ended)
    engine, learner = Engine(scenario, markets), make_policy(name, scenario, seed=seed, **options)
    engine.reset(seed)
    together = Together(engine, learner, longest=ticks, num_threads=1 + seed % 3)
    together.play(ticks // 3)
    assert (together.periods == ticks // 3).all()
    together.play(10 * ticks)
    assert together.over.all()
    for column, ours, theirs in zip(learner.memory._fields, learner.memory, stepping.memory, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=column)
    for ours, theirs in zip(engine.arrays(), alone.arrays(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_market_is_over_as_soon_as_nobodys_best_arm_has_changed_for_long():
    scenario, name, options = pricing(1)
    learner = make_policy(name, scenario, **options)
    engine = Engine(scenario, 20)
    engine.reset(0)
    together = Together(engine, learner, steady=200, longest=100_000)
    together.play(100_000)
    assert together.over.all()
    assert len(set(together.periods.tolist())) > 10, "each market has its own end"
    assert (together.periods < 100_000).all()
    np.testing.assert_array_equal(learner.memory.steady.min(axis=1), 200)


def test_sales_of_several_ticks_and_arms_that_python_works_out_are_refused():
    for name in ("english_v0", "combinatorial_v1"):
        scenario = econo_env.load(name)
        with pytest.raises(ValueError, match=f"{name}: learners play together where"):
            Together(Engine(scenario, 2), make_policy("exp3", scenario), longest=10)

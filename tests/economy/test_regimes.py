"""Regimes: what changes, when, by how much; nothing else changes; each of the shipped ones has a seat to learn in."""

from pathlib import Path

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.policies import make_policy

CONFIGS = Path(__file__).parents[2] / "configs" / "scenarios"
PLAIN = econo_env.load("first_price_v0", num_agents=3, max_cycles=23)


def truthful(scenario, markets=4, seed=0):
    """Values, masks, bids, levers and rewards of every tick."""
    engine, policy = Engine(scenario, markets), make_policy("truthful", scenario)
    engine.reset(seed)
    rows = []
    for _ in range(scenario.max_cycles):
        market = engine.world if scenario.economy is None else engine.world.market
        values, mask = market.values.copy(), engine.buffers.action_mask.copy()
        reserve = np.array(engine.levers["mechanism.reserve"]) if "mechanism.reserve" in engine.levers else None
        engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
        rows.append((values, mask, market.bids.copy(), reserve, engine.buffers.rewards.copy()))
    return [np.array(column) if column[0] is not None else None for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("seed", range(3))
def test_everything_changes_when_it_should_and_only_then(seed):
    generator = np.random.default_rng(seed)
    every, factor = int(generator.integers(1, 9)), generator.uniform(0.1, 1.0, 1 if seed == 0 else 3)
    levels, gone = generator.uniform(0.0, 0.9, 2).round(6).tolist(), int(generator.integers(0, 3))
    regimes = {"every": every, "levers": {"mechanism.reserve": levels}, "absent": [[], [gone]]}
    regimes["values"] = [1.0, factor.tolist() if seed else float(factor[0])]
    start = {"mechanism.reserve": levels[0]}
    values, mask, bids, reserve, rewards = truthful(PLAIN.replace(**start, economy={"regimes": regimes}), seed=seed)
    plain, *_ = truthful(PLAIN.replace(**start), seed=seed)
    second = np.arange(PLAIN.max_cycles) // every % 2 == 1
    expected = np.where(second[:, None, None], np.floor(plain * factor + 0.5), plain)
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_allclose(reserve, np.where(second, levels[1], levels[0])[:, None] * np.ones(4), atol=5e-7)
    there = np.ones_like(mask)
    there[second, :, gone] = False
    np.testing.assert_array_equal(mask, there)
    assert (bids[second][..., gone] < 0).all()
    assert (bids[~second] >= 0).all()
    assert (rewards[second][..., gone] == 0.0).all()


@pytest.mark.parametrize(
    ("regimes", "says"),
    [
        ({"every": 3}, "nothing changes"),
        ({"every": 3, "values": [1.0]}, "at least 2"),
        ({"every": 3, "values": [1.0, 0.5], "absent": [[], [1], [2]]}, "values 2, absent 3"),
        ({"every": 3, "values": [0.5, 1.0]}, "the first of them 1"),
        ({"every": 3, "values": [1.0, 1.5]}, "above 0 up to 1"),
        ({"every": 3, "values": [1.0, [0.5, 1.5, 1.0]]}, "above 0 up to 1"),
        ({"every": 3, "values": [[1.0, 0.5, 1.0], 0.5]}, "the first of them 1"),
        ({"every": 3, "values": [1.0, [0.5, 0.5]]}, "2 factors, there are 3 agents"),
        ({"every": 23, "values": [1.0, 0.5]}, "never comes to the second regime"),
        ({"every": 3, "absent": [[], [3]]}, "absent names agent 3"),
        ({"every": 3, "levers": {"mechanism.reserves": [0.0, 0.5]}}, "did you mean 'mechanism.reserve'"),
        ({"every": 0, "values": [1.0, 0.5]}, "every = 0"),
    ],
)
def test_regimes_that_cannot_be_are_refused(regimes, says):
    with pytest.raises(ValueError, match=says):
        PLAIN.replace(economy={"regimes": regimes})


@pytest.mark.parametrize("market", ["english_v0", "multi_unit", "task_market_v1", "sequential_first_price_v0"])
def test_values_change_only_where_they_are_drawn_every_tick(market):
    scenario = econo_env.load("uniform_price_v0" if market == "multi_unit" else market)
    economy = {name: section.model_dump(mode="json") for name, section in (scenario.economy or {}).items()}
    with pytest.raises(ValueError, match=r"draws one private value every tick|one sale"):
        scenario.replace(max_cycles=30, economy=economy | {"regimes": {"every": 3, "values": [1.0, 0.5]}})


def test_a_common_value_does_not_change():
    with pytest.raises(ValueError, match="draws one private value"):
        PLAIN.replace(information={"name": "wallet"}, economy={"regimes": {"every": 3, "values": [1.0, 0.5]}})


@pytest.mark.parametrize("name", ["rivals", "rules", "values", "supply"])
def test_shipped_regimes_are_populations_with_one_seat_to_learn_in(name):
    scenario = econo_env.load(str(CONFIGS / f"regimes_{name}.yaml"))
    assert scenario.learning_seats() == (0,)
    assert scenario.max_cycles >= 8 * 500

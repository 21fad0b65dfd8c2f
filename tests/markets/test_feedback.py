"""What bidders see of the last round in repeated play, in every kind of market."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of

SEALED = {"first_price_v0", "procurement_second_price_v1", "gsp_v0", "vickrey_v0", "procurement_vickrey_v1"}
CASES = {
    "first_price_v0": {},
    "procurement_second_price_v1": {"procurement.ceiling": 0.8},
    "gsp_v0": {},
    "vickrey_v0": {"demand": 3},
    "procurement_vickrey_v1": {"demand": 3, "procurement.ceiling": 0.8},
    "sequential_first_price_v0": {},
    "combinatorial_v1": {},
    "double_auction_v1": {},
    "first_score_v1": {"scoring.scale": 0.5},
}


def played(scenario_id, feedback="all_bids", markets=64, **overrides):
    """The second round's features by name, (markets, agents), and the state after random bids, one of them none."""
    scenario = econo_env.load(scenario_id, max_cycles=3, feedback=feedback, **CASES[scenario_id] | overrides)
    engine = Engine(scenario, markets)
    engine.reset(0)
    actions = np.random.default_rng(0).uniform(-1, 1, engine.buffers.actions.shape).astype(np.float32)
    actions[0, 1] = np.nan
    engine.step(actions)
    names = market_of(scenario).observations(scenario)
    return scenario, {name: engine.buffers.observations[..., i] for i, name in enumerate(names)}, engine.state


def placed_and_scale(scenario, state):
    """All bids, agent by agent, (markets, bids), -1 for none, and what an action of 1 at the highest type places."""
    markets = len(state.key)
    if scenario.market == "scoring":
        bids = np.stack([state.prices, state.qualities], axis=2).reshape(markets, -1)
        work = scenario.highest_cost * scenario.work(4.0)
        return bids, np.tile([max(scenario.scored(4.0), work) * 1e6, 1000], scenario.num_agents)
    highest = 1e6 if scenario.id in SEALED and scenario.largest_bid == 1.0 else 2e6
    return state.bids.reshape(markets, -1), 2 * highest if scenario.market == "combinatorial" else highest


@pytest.mark.parametrize("scenario_id", CASES)
def test_all_bids_are_shown_as_they_were_placed(scenario_id):
    scenario, seen, state = played(scenario_id)
    bids, scale = placed_and_scale(scenario, state)
    shown = np.stack([values for name, values in seen.items() if "_of_" in name], axis=-1)
    assert shown.shape == (64, scenario.num_agents, bids.shape[1])
    assert shown.min() >= 0.0
    assert shown.max() <= 1.0
    here = np.array(getattr(state, "active", np.ones(shown.shape[:2], dtype=bool)))
    np.testing.assert_allclose(
        (shown * scale)[here], np.repeat(np.maximum(bids, 0)[:, None], scenario.num_agents, 1)[here], atol=0.5
    )
    assert np.all(bids[0].reshape(scenario.num_agents, -1)[1] <= 0), "no bid"
    assert len(np.unique(shown)) > 50


@pytest.mark.parametrize("scenario_id", CASES)
def test_features_of_bids_are_named_by_part_and_bidder(scenario_id):
    scenario = econo_env.load(scenario_id, max_cycles=3, feedback="all_bids", **CASES[scenario_id])
    market = market_of(scenario)
    shown = [name for name in market.observations(scenario) if "_of_" in name]
    parts = market.actions(scenario)
    assert shown == [f"{part}_of_{agent}" for agent in range(scenario.num_agents) for part in parts]
    last = f"{parts[-1].replace('_', ' ')} of agent {scenario.num_agents - 1} in the last round over the largest"
    assert market.seen(scenario)[-1].meaning.startswith(last)


@pytest.mark.parametrize("scenario_id", CASES)
def test_what_is_off_is_not_there(scenario_id):
    market = market_of(econo_env.load(scenario_id))
    for fields in (
        {"max_cycles": 3},
        {"max_cycles": 3, "feedback": "nothing"},
        {"max_cycles": 1, "feedback": "all_bids"},
    ):
        names = market.observations(econo_env.load(scenario_id, **CASES[scenario_id] | fields))
        assert not any("_of_" in name for name in names)


@pytest.mark.parametrize("scenario_id", ["combinatorial_v1", "vickrey_v0", "procurement_vickrey_v1"])
def test_the_best_winning_bid_is_shown(scenario_id):
    scenario, seen, state = played(scenario_id, "winning_bid")
    bids, scale = placed_and_scale(scenario, state)
    if scenario.market == "combinatorial":
        winning = np.where(state.won >= 0, np.take_along_axis(bids, np.maximum(state.won, 0), axis=1), 0).max(axis=1)
    else:
        best, none = (np.min, 10**9) if scenario.procurement else (np.max, 0)
        winning = best(np.where(state.award.units != 0, state.bids[..., 0], none), axis=1)
        winning[~state.award.units.any(axis=1)] = 0
    assert len(np.unique(winning)) > 30
    for agent in range(scenario.num_agents):
        np.testing.assert_allclose(seen["winning_bid"][:, agent] * scale, winning, atol=0.5)


@pytest.mark.parametrize(
    ("scenario_id", "fields"),
    [
        ("first_price_v0", {"num_agents": 1001}),
        ("vickrey_v0", {"num_agents": 20, "demand": 51}),
        ("double_auction_v1", {"num_agents": 1001}),
        ("first_score_v1", {"num_agents": 501}),
    ],
)
def test_too_many_bids_are_not_shown(scenario_id, fields):
    with pytest.raises(ValueError, match="at most 1000 bids"):
        econo_env.load(scenario_id, feedback="all_bids", **fields)

"""Agents are named by role: by one rule, alike in every API, and trainers that group by prefix get the sides."""

from itertools import groupby

import gymnasium
import numpy as np
import pytest

import econo_env
from econo_env.agents import by_role, named, role_of
from econo_env.interfaces.registry import registered_id
from econo_env.market import agents_of, market_of
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.policies import make_policy

SCENARIOS = econo_env.scenarios()
VARIANTS = {
    "more sellers": ("double_auction", {"num_agents": 7, "buyers": 2}, ["buyer"] * 2 + ["seller"] * 5),
    "a book without sellers": ("continuous_double_auction", {"num_agents": 3, "buyers": 3}, ["buyer"] * 3),
    "priors of a side differ": (
        "double_auction",
        {"values": [{"name": "uniform"}, {"name": "uniform", "high": 2.0}]},
        ["buyer"] * 2 + ["seller"] * 2,
    ),
    "LLG": ("combinatorial", {"num_agents": 4}, ["local"] * 3 + ["global"]),
    "LLLLGG": ("combinatorial", {"num_agents": 6, "bundle_values.game": "LLLLGG"}, ["local"] * 4 + ["global"] * 2),
    "no local bidders": ("combinatorial", {"bundle_values": {"name": "additive", "items": 2}}, ["bidder"] * 3),
    "a sale turned round": ("first_price", {"procurement": {}, "bids": "amount", "largest_bid": 1.0}, ["supplier"] * 2),
    "weights": ("first_price", {"weights": [1.0, 0.5]}, ["bidder"] * 2),
    "tasks": ("task_market", {}, ["bidder"] * 5),
}


@pytest.mark.parametrize(("name", "fields", "roles"), VARIANTS.values(), ids=VARIANTS)
def test_names_follow_the_sides(name, fields, roles):
    agents = agents_of(econo_env.load(name, **fields))
    assert [role_of(agent) for agent in agents] == roles
    for role, members in groupby(agents, role_of):
        assert list(members) == [f"{role}_{number}" for number in range(roles.count(role))]


@pytest.mark.parametrize("name", SCENARIOS)
def test_prefixes_part_the_agents_as_the_sides_do(name):
    scenario = econo_env.load(name)
    seats = {agent: seat for seat, agent in enumerate(agents_of(scenario))}
    sides = {tuple(seats[agent] for agent in members) for members in by_role(seats).values()}
    assert sides == set(market_of(scenario).roles(scenario)), "by default agents of a side are alike to the rules"
    reverse = isinstance(scenario, SealedBidScenario) and scenario.procurement is not None
    sells = reverse or scenario.market == "scoring"
    assert (set(by_role(seats)) == {"supplier"}) is sells


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_api_has_the_same_names_and_a_role_has_the_same_spaces(name):
    scenario = econo_env.load(name)
    parallel, aec = econo_env.parallel_env(name), econo_env.raw_env(name)
    assert parallel.possible_agents == aec.possible_agents == list(agents_of(scenario))
    assert econo_env.vector_env(name, num_markets=1).possible_agents == parallel.possible_agents
    for env in (parallel, aec):
        for members in by_role(env.possible_agents).values():
            assert all(env.observation_space(agent) == env.observation_space(members[0]) for agent in members)
            assert all(env.action_space(agent) == env.action_space(members[0]) for agent in members)
    page = econo_env.describe(name)
    assert all(f"`{members[0]}`" in page for members in by_role(parallel.possible_agents).values())


def test_groups_keep_their_order_and_names_with_underscores_their_role():
    agents = named(["big_buyer", "seller", "big_buyer"])
    assert agents == ("big_buyer_0", "seller_0", "big_buyer_1")
    assert by_role(agents) == {"big_buyer": ["big_buyer_0", "big_buyer_1"], "seller": ["seller_0"]}


def test_one_seat_is_called_by_its_name():
    env = gymnasium.make(registered_id("double_auction_v1"), agent=3, disable_env_checker=True)
    env.reset(seed=0)
    with pytest.raises(ValueError, match="seller_1"):
        env.unwrapped.step(np.array([np.nan], np.float32))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("double_auction", {}),
        ("combinatorial", {}),
        ("continuous_double_auction", {"max_cycles": 4}),
        ("first_score", {}),
        ("procurement_second_price", {}),
        ("procurement_uniform_price", {}),
    ],
)
def test_pictures_tell_of_agents_by_their_names(name, fields):
    scenario = econo_env.load(name, **fields)
    policy = make_policy("truthful", scenario)
    env = econo_env.parallel_env(scenario, render_mode="ansi")
    env.reset(seed=0)
    told: list[str] = []
    stories: list[str] = []
    while env.agents:
        buffers = env.engine.buffers
        rows = policy.act(buffers.observations, buffers.action_mask)[0]
        env.step(dict(zip(env.possible_agents, rows, strict=True)))
        stories += env._recorder.picture().story
        told += [*env.render().splitlines(), *stories]
    assert not [line for line in told if "bidder_" in line]
    assert any(line.startswith(agent) for agent in env.possible_agents for line in stories)


@pytest.mark.parametrize("stem", ["double_auction", "procurement_vickrey", "combinatorial", "first_score"])
def test_an_id_of_an_earlier_version_is_refused_with_the_new_one(stem):
    with pytest.raises(ValueError, match=f"'{stem}_v0': it is now '{stem}_v1'"):
        econo_env.load(f"{stem}_v0")
    assert econo_env.load(stem).id == f"{stem}_v1"
    with pytest.raises(ValueError, match=f"unknown scenario '{stem}_v9': did you mean"):
        econo_env.load(f"{stem}_v9")
    with (
        pytest.raises(gymnasium.error.DeprecatedEnv, match=registered_id(f"{stem}_v1")),
        pytest.warns(DeprecationWarning, match="out of date"),
    ):
        gymnasium.make(registered_id(f"{stem}_v0"))

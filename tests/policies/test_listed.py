"""Populations that scenarios list: who sits where, what is refused, and that lists change nothing but who plays."""

import copy

import numpy as np
import pytest

import econo_env
from econo_env.catalogue import from_mapping
from econo_env.engine.engine import Engine
from econo_env.market import agents_of, alike
from econo_env.player import Player
from econo_env.policies import make_policy
from econo_env.policies.listed import listed
from econo_env.population import LEVELS, labels_of
from econo_env.training.config import config_from
from econo_env.training.evaluation import evaluate
from econo_env.training.trainer import Trainer

SMALL = {"regret": False, "baselines": (), "markets": 32, "seeds": range(2)}
GAME = econo_env.load("first_price_v0", num_agents=3, max_cycles=4)


def earned(scenario, policy, markets=16, ticks=6):
    engine, player = Engine(scenario, markets, autoreset=True), Player(policy)
    engine.reset(7)
    player.reset(3)
    record = []
    for _ in range(ticks):
        engine.step(player.act(engine.buffers.observations, engine.buffers.action_mask))
        player.observe(engine.buffers.rewards, engine.buffers.ended)
        record.append(engine.buffers.rewards.copy())
    return np.array(record)


@pytest.mark.parametrize("strategy", ["truthful", "random", "zero_intelligence"])
@pytest.mark.parametrize("market", ["first_price_v0", "double_auction_v1", "task_market_v1"])
def test_a_population_of_one_strategy_is_the_strategy_to_the_bit(market, strategy):
    plain = econo_env.load(market)
    roles = dict.fromkeys(name.rpartition("_")[0] for name in agents_of(plain))
    counts = [sum(name.startswith(role) for name in agents_of(plain)) for role in roles]
    groups = [{"count": n, "role": role, "bidding_strategy": strategy} for n, role in zip(counts, roles, strict=True)]
    scenario = plain.replace(agents=groups)
    if len(groups) > 1 and strategy != "truthful":
        pytest.skip("two groups have luck of their own")
    np.testing.assert_array_equal(
        earned(scenario, make_policy("population", scenario)), earned(plain, make_policy(strategy, plain))
    )


def test_judged_alike_to_the_bit():
    told = evaluate("population", GAME.replace(population=[{"count": 3}]), **SMALL)
    plain = evaluate("truthful", GAME, **SMALL)
    for name, metric in plain.metrics.items():
        np.testing.assert_array_equal(metric.by_seed, told.metrics[name].by_seed, err_msg=name)
    assert told.to_json()["population"][0]["agents"] == list(agents_of(GAME))


@pytest.mark.parametrize("seed", range(12))
def test_random_populations_seat_everybody_once_by_role(seed):
    generator = np.random.default_rng(seed)
    buyers, sellers = generator.integers(1, 6, 2)
    market = econo_env.load("double_auction_v1", num_agents=int(buyers + sellers), buyers=int(buyers))
    groups = []
    for role, agents in (("buyer", buyers), ("seller", sellers)):
        left = int(agents)
        while left:
            count = int(generator.integers(1, left + 1))
            strategy = str(generator.choice(["truthful", "shading", "conservative"]))
            groups.append({"count": count, "role": role, "bidding_strategy": strategy})
            left -= count
    generator.shuffle(groups)
    scenario = market.replace(agents=groups)
    assert from_mapping(scenario.model_dump(mode="json")) == scenario
    seats = scenario.seats()
    assert sorted(seat for theirs in seats for seat in theirs) == list(range(market.num_agents))
    names, policy = agents_of(market), listed(scenario)
    everybody = {name: make_policy(name, market) for name in ("truthful", "shading", "conservative")}
    engine = Engine(market, 8)
    engine.reset(seed)
    seen, mask = engine.buffers.observations, engine.buffers.action_mask
    actions = policy.act(seen, mask)
    labels = labels_of(scenario.population)
    assert len(set(labels)) == len(labels)
    for place, group in enumerate(groups):
        theirs = list(seats[place])
        assert len(theirs) == group["count"]
        assert all(names[seat].startswith(group["role"]) for seat in theirs)
        assert all(policy.played_by[seat] == labels[place] for seat in theirs)
        np.testing.assert_array_equal(
            actions[:, theirs], everybody[group["bidding_strategy"]].act(seen, mask)[:, theirs]
        )
    assert {seat for group in alike(scenario) for seat in group} == set(range(market.num_agents))
    assert all(len({policy.played_by[seat] for seat in group}) == 1 for group in alike(scenario))


@pytest.mark.parametrize(
    ("market", "groups", "says"),
    [
        ("first_price_v0", [{"count": 3}], "counts of bidders add up to 3, and the market has 2"),
        ("first_price_v0", [{"count": 1}], "add up to 1"),
        ("first_price_v0", [], "lists nobody"),
        ("first_price_v0", [{"count": 0}, {"count": 2}], "count = 0"),
        ("first_price_v0", [{"count": 2, "intelligence": "genius"}], "choose one of reactive, proactive"),
        ("first_price_v0", [{"count": 2, "bids": "high"}], "unknown key 'population.0.bids'"),
        ("first_price_v0", [{"count": 2, "role": "seller"}], "agents here are bidder"),
        ("first_price_v0", [{"count": 2, "policy": "exp3"}], "choose a higher intelligence"),
        ("first_price_v0", [{"count": 2, "initial_stake": 1.0}], "add `staking"),
        ("first_price_v0", [{"count": 2, "intelligence": "emergent", "options": {"a": 1}}], "learns in training"),
        ("double_auction_v1", [{"count": 4}], "give the group its role"),
        ("double_auction_v1", [{"count": 3, "role": "buyer"}, {"count": 1, "role": "seller"}], "buyers add up to 3"),
        ("task_market_v1", [{"count": 5, "initial_stake": -1.0}], "initial_stake"),
    ],
)
def test_a_list_that_cannot_be_is_refused_with_the_fix(market, groups, says):
    with pytest.raises(ValueError, match=says):
        econo_env.load(market, agents=groups)


def test_both_keys_at_once_and_strategies_that_nobody_knows_are_refused():
    document = GAME.model_dump(mode="json") | {"agents": [{"count": 3}]}
    assert from_mapping(document).population is not None
    with pytest.raises(ValueError, match="leave one of them out"):
        from_mapping(document | {"population": [{"count": 3}]})
    with pytest.raises(ValueError, match=r"population\.0: bidding_strategy='honest'"):
        make_policy("population", GAME.replace(agents=[{"count": 3, "bidding_strategy": "honest"}]))
    with pytest.raises(ValueError, match=r"shading.*no option 'fator'"):
        make_policy(
            "population", GAME.replace(agents=[{"count": 3, "bidding_strategy": "shading", "options": {"fator": 1}}])
        )
    with pytest.raises(ValueError, match="lists no population"):
        make_policy("population", GAME)
    with pytest.raises(ValueError, match="train them with `econo-env train`"):
        make_policy("population", GAME.replace(agents=[{"count": 3, "intelligence": LEVELS[1]}]))


def test_the_section_of_the_task_market_stays_beside_a_list():
    priors = {"cost": {"name": "uniform", "low": 0.1, "high": 0.2}}
    market = econo_env.load("task_market_v1", agents=priors)
    listed_too = market.replace(agents=[{"count": 2, "initial_stake": 3.0}, {"count": 3}])
    assert listed_too.agents == market.agents
    engine = Engine(listed_too, 2)
    engine.reset(0)
    money = engine.world.ledger.wealth
    np.testing.assert_array_equal(money, np.tile([3_000_000, 3_000_000, 10_000_000, 10_000_000, 10_000_000], (2, 1)))
    np.testing.assert_array_equal(engine.world.ledger.balances.sum(axis=1), engine.world.ledger.minted)


def test_a_stake_that_the_endowment_could_not_be_is_refused():
    with pytest.raises(ValueError, match="initial_stake = 1e-09"):
        econo_env.load("task_market_v1", agents=[{"count": 5, "initial_stake": 1e-9}])


MIXED = {
    "scenario": {
        "id": "first_price_v0",
        "num_agents": 3,
        "max_cycles": 4,
        "agents": [
            {"count": 1, "bidding_strategy": "zero_intelligence"},
            {"count": 1, "intelligence": "proactive"},
            {"count": 1, "intelligence": "adaptive"},
        ],
    },
    "total_timesteps": 128,
    "learner": {"num_markets": 8, "n_steps": 4, "batch_size": 32, "net_arch": [8]},
}


def test_training_learns_for_those_who_learn_and_resumes_to_the_bit():
    config = config_from(MIXED)
    assert config.roles() == {"shared": (1,)}
    straight = Trainer(config, 5)  # one after the other: SB3 draws from generators that all share
    while not straight.finished:
        straight.iterate()
    broken = Trainer(config, 5)
    broken.iterate()
    broken.iterate()
    kept = copy.deepcopy(broken.state())
    resumed = Trainer(config, 5)
    resumed.restore(kept)
    while not resumed.finished:
        resumed.iterate()
    assert straight.timesteps == 128
    for (own, bias), (other, other_bias) in zip(
        straight.networks()[0].layers, resumed.networks()[0].layers, strict=True
    ):
        np.testing.assert_array_equal(own, other)
        np.testing.assert_array_equal(bias, other_bias)
    assert straight.policy().played_by == ["zero_intelligence", "proactive", "adaptive"]


@pytest.mark.parametrize("sharing", ["per_role", "per_seat"])
def test_networks_of_roles_are_of_those_who_learn(sharing):
    scenario = MIXED["scenario"] | {"num_agents": 4}
    groups = [{"count": 2, "intelligence": "emergent"}, {"count": 2, "intelligence": "proactive", "policy": "truthful"}]
    config = config_from(MIXED | {"sharing": sharing, "scenario": scenario | {"agents": groups}})
    assert sorted(seat for seats in config.roles().values() for seat in seats) == [0, 1]
    with pytest.raises(ValueError, match="lists nobody who learns"):
        config_from(MIXED | {"scenario": MIXED["scenario"] | {"agents": [{"count": 3}]}})


def test_groups_have_figures_of_their_own():
    scenario = GAME.replace(
        agents=[{"count": 2, "bidding_strategy": "shading", "options": {"factor": 0.5}}, {"count": 1}]
    )
    found = evaluate("population", scenario, **SMALL).metrics
    assert found["utility_of_truthful"].mean == 0.0, "the truth earns nothing in first price"
    total = 2 * found["utility_of_shading"].mean
    assert total == pytest.approx(found["bidder_surplus"].mean * scenario.max_cycles)
    assert found["utility_of_shading"].mean > 0.05

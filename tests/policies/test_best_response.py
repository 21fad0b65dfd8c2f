"""The best response to a forecast of rivals' bids: 95 % of the exact one against rivals that stay the same."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.money import to_credits
from econo_env.player import Player
from econo_env.policies import make_policy
from econo_env.policies.guard import Guard
from econo_env.policies.levels import AgentSpec, create_economic_agent

ROUNDS, MARKETS = 400, 24


def market(name, agents=3, **changes):
    return econo_env.load(name, num_agents=agents, max_cycles=ROUNDS, feedback="all_bids", **changes)


class Rivals:
    """Seat 0 by one policy, each other seat by a multiple of the truth drawn by lot once, or zero intelligence."""

    def __init__(self, scenario, own, seed):
        drawn = np.random.default_rng(seed)
        self.own = Player(own)
        self.others = [
            make_policy("zero_intelligence", scenario, seed + j)
            if drawn.random() < 0.3
            else make_policy("shading", scenario, factor=float(drawn.uniform(0.3, 1.0)))
            for j in range(1, scenario.num_agents)
        ]

    def act(self, seen, mask):
        actions = self.own.act(seen, mask).copy()
        for j, other in enumerate(self.others, 1):
            actions[:, j] = other.act(seen, mask)[:, j]
        return actions

    def of_others(self, engine):
        """The rivals' actions alone; seat 0 bids nothing."""
        seen, mask = engine.buffers.observations, engine.buffers.action_mask
        actions = np.full((*mask.shape, engine.buffers.actions.shape[-1]), -1.0, dtype=np.float32)
        for j, other in enumerate(self.others, 1):
            actions[:, j] = other.act(seen, mask)[:, j]
        return actions


def utilities(scenario, seed):
    """What seat 0 earns a round in the last quarter of 400, and what the exact best response would, in expectation.

    Both are judged on 16,000 other rounds of the same rivals, the best response being chosen on 8,000 more.
    """
    hooks, policy = market_of(scenario).judging.bids, make_policy("best_response", scenario, seed)
    players, engine = Rivals(scenario, policy, seed), Engine(scenario, MARKETS)
    engine.reset(seed)
    values, bids = [], []
    for tick in range(ROUNDS):
        own = to_credits(engine.state.values[:, 0]).copy()
        engine.step(players.act(engine.buffers.observations, engine.buffers.action_mask))
        players.own.observe(engine.buffers.rewards, engine.buffers.ended)
        if tick >= 3 * ROUNDS // 4:
            values.append(own)
            bids.append(to_credits(engine.state.bids[:, 0]))
    values, bids = np.concatenate(values), np.concatenate(bids)
    fresh = Engine(scenario, 8_000)
    fresh.reset(seed + 1)
    grid, curves = np.linspace(0.0, 1.0, 201), []
    for _ in range(3):
        fresh.step(players.of_others(fresh))
        curves.append(hooks.curves(scenario, fresh.state, 0, np.concatenate([grid, np.unique(bids)])))
    best = np.argmax(curves[0].utility(values)[:, : len(grid)], axis=1)
    mine, rows = len(grid) + np.searchsorted(np.unique(bids), bids), np.arange(len(values))
    utility = (curves[1].utility(values) + curves[2].utility(values)) / 2
    return utility[rows, mine].mean(), utility[rows, best].mean()


@pytest.mark.parametrize(
    "seed", [0, 1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    ("name", "agents"),
    [
        ("first_price_v0", 2),
        ("first_price_v0", 4),
        ("second_price_v0", 3),
        pytest.param("all_pay_v0", 3, marks=pytest.mark.slow),
        pytest.param("kth_price_v0", 4, marks=pytest.mark.slow),
    ],
)
def test_it_earns_95_percent_of_the_exact_best_response(name, agents, seed):
    earned, best = utilities(market(name, agents), seed)
    assert best > 0.0
    assert earned >= 0.95 * best or (best < 0.02 and earned > best - 0.002), "little is lost where little can be earned"


def play(policy, engine, rounds):
    for _ in range(rounds):
        actions = policy.act(engine.buffers.observations, engine.buffers.action_mask)
        engine.step(actions)
        policy.observe(engine.buffers.rewards, engine.buffers.ended)
    return actions


def test_the_forecast_is_what_the_rule_gives_against_past_bids():
    """A first price, three bidders: each own bid wins if it is above both others, and pays itself."""
    scenario = market("first_price_v0")
    policy, engine, highest = make_policy("best_response", scenario, 0, points=11), Engine(scenario, 6), []
    engine.reset(2)
    for _ in range(30):
        play(policy, engine, 1)
        highest.append(to_credits(np.delete(engine.state.bids, 1, axis=1).max(axis=1)))
    policy.act(engine.buffers.observations, engine.buffers.action_mask)
    for k in range(6):
        beaten = np.array([sum(bid > one[k] for one in highest) for bid in policy.points])
        ties = np.array([sum(abs(bid - one[k]) < 1e-6 for one in highest) for bid in policy.points])
        won = policy.memory.won[k, 1]
        assert (beaten - ties <= won).all()
        assert (won <= beaten + ties).all()
        np.testing.assert_allclose(policy.memory.paid[k, 1], won * policy.points, atol=1e-9)
    assert (policy.memory.rounds == 30).all()


def test_old_rounds_count_less_by_forgetting():
    scenario = market("first_price_v0", 2)
    policy, engine = make_policy("best_response", scenario, 0, forgetting=0.5), Engine(scenario, 3)
    engine.reset(0)
    play(policy, engine, 8)
    policy.act(engine.buffers.observations, engine.buffers.action_mask)
    np.testing.assert_allclose(policy.memory.rounds, sum(0.5**age for age in range(8)))
    assert policy.memory.won.max() <= policy.memory.rounds.max()


def test_numbers_that_are_none_reach_the_level_below():
    """Within the tick, and nothing is learned from them."""
    scenario = market("first_price_v0")
    agent = create_economic_agent(AgentSpec(bidding_strategy="shading"), scenario, "proactive", seed=1)
    assert isinstance(agent, Guard)
    assert (agent.above.name, agent.below.name) == ("best_response", "shading")
    engine = Engine(scenario, 4)
    engine.reset(1)
    play(agent, engine, 5)
    counted, seen = agent.above.memory.rounds.copy(), engine.buffers.observations.copy()
    seen[2, 1] = np.nan
    own = agent.above.act(seen, engine.buffers.action_mask)
    np.testing.assert_array_equal(np.isnan(own[..., 0]), np.isnan(seen[..., 0]), "an action that is none, by agent")
    np.testing.assert_array_equal(agent.above.memory.rounds - counted, 1)
    seen = engine.buffers.observations.copy()
    seen[2] = np.nan
    agent.act(seen, engine.buffers.action_mask)
    np.testing.assert_array_equal(agent.reasons() > 0, np.isnan(seen[..., 0]))
    np.testing.assert_array_equal(agent.above.memory.rounds - counted, [2, 2, 1, 2])


def test_a_market_in_a_batch_is_the_market_alone_and_replays():
    scenario = market("first_price_v0")
    actions = []
    for markets in (5, 1):
        policy, engine = make_policy("best_response", scenario, 3), Engine(scenario, markets)
        engine.reset(9)
        actions.append(play(policy, engine, 12))
    np.testing.assert_array_equal(actions[0][:1], actions[1])
    kept, seen = policy.snapshot(), engine.buffers.observations.copy()
    once = policy.act(seen, engine.buffers.action_mask)
    policy.restore(kept)
    np.testing.assert_array_equal(policy.act(seen, engine.buffers.action_mask), once)
    with pytest.raises(ValueError, match="1 of 3 seats"):
        policy.act(seen[:, :1], engine.buffers.action_mask[:, :1])


@pytest.mark.parametrize(
    ("scenario", "options", "message"),
    [
        (econo_env.load("first_price_v0"), {}, "feedback: all_bids"),
        (econo_env.load("gsp_v0"), {}, "feedback: all_bids"),
        (econo_env.load("uniform_price_v0"), {}, "act by 2 numbers"),
        (econo_env.load("first_score_v1"), {}, "act by 2 numbers"),
        (econo_env.load("english_v0"), {}, "a clock market does not offer"),
        (econo_env.load("logit_demand_v0"), {}, "a pricing market does not offer"),
        (econo_env.load("task_market_v1"), {}, "an economy beyond regimes"),
        (market("first_price_v0").replace(levers={"mechanism.reserve": [0.0, 0.5]}), {}, "levers may move"),
        (market("first_price_v0").replace(utility={"name": "budget", "amount": 1.0}), {}, "money by budget"),
        (market("first_price_v0").replace(participation={"entry_fee": 0.1}), {}, "entry fee is not shown"),
        (market("first_price_v0").replace(seller={"secret_reserve": 0.3}), {}, "the seller bids too"),
        (market("first_price_v0").replace(default={"shock": 0.1, "stake": 0.1}), {}, "no default"),
        (market("first_price_v0"), {"points": 1}, "points=1"),
        (market("first_price_v0"), {"forgetting": 0.0}, "forgetting=0.0"),
        (market("first_price_v0"), {"first": "nobody"}, "unknown policy 'nobody'"),
    ],
)
def test_a_mistake_names_value_and_fix(scenario, options, message):
    with pytest.raises(ValueError, match=message):
        make_policy("best_response", scenario, 0, **options)

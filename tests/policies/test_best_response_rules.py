"""The best response to a forecast in every market of one bid an agent: 95 % of the exact one, on other rounds."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.markets.outcome_curves import outcome_curves
from econo_env.markets.sealed_bid.state import params
from econo_env.mechanisms.tullock import Tullock, own_chance
from econo_env.money import to_credits
from econo_env.player import Player
from econo_env.policies import make_policy

ROUNDS, MARKETS, JUDGED = 400, 12, 8_000
PRIORS = (
    {"name": "uniform"},
    {"name": "power", "exponent": 2.0},
    {"name": "empirical", "quantiles": [0.2, 0.3, 0.5, 0.9, 1.0]},
)
AGAINST = {"sale": (0.3, 1.0), "contest": (0.1, 0.5), "asks": (1.0, 1.6)}
"""Multiples of the truth that rivals play: what leaves something to earn."""


def scenario_of(name, draws):
    prior = PRIORS[draws.integers(len(PRIORS))]
    if name.startswith("procurement"):
        prior = {"name": "uniform", "low": 0.3, "high": 1.0}
    sided = market_of(econo_env.load(name)).two_sided
    changes = {"max_cycles": ROUNDS, "feedback": "all_bids", "num_agents": 4 if sided else int(draws.integers(3, 5))}
    return econo_env.load(name, **changes, **({} if sided else {"values": prior}))


def actions_of(others, engine, first):
    seen, mask = engine.buffers.observations, engine.buffers.action_mask
    actions = np.zeros((*mask.shape, 1), dtype=np.float32) if first is None else first.act(seen, mask).copy()
    for j, other in enumerate(others, 1):
        actions[:, j] = other.act(seen, mask)[:, j]
    return actions


def curves_of(scenario, engine, own):
    """Expected units and payments of own bids of seat 0 in each of what the last round's rivals bid, averaged."""
    state = engine.state
    if scenario.mechanism.name == "tullock":
        rivals = (to_credits(state.bids[:, 1:]) ** scenario.mechanism.power).sum(axis=1)[:, None]
        effort = own[None, :] ** scenario.mechanism.power
        share = np.where(effort + rivals > 0.0, effort / np.maximum(effort + rivals, 1e-300), 1.0 / scenario.num_agents)
        return share.mean(axis=0), own
    if scenario.market == "sealed_bid" and scenario.procurement is not None:  # the sale that it mirrors
        made, ceiling = to_credits(state.bids), scenario.ceiling
        left = np.where((made > 0.0) & (made <= ceiling), ceiling - made, -1e-6)
        mirrored, constants = state._replace(bids=np.rint(left * 1e6).astype(np.int64)), params(scenario)
        bids = np.where(own <= ceiling, ceiling - own, np.nan)
        curves = outcome_curves(scenario.row().rule, (constants.rule, constants.weights), mirrored, 0, bids)
        return -curves.allocation, curves.payment - ceiling * curves.allocation
    curves = market_of(scenario).judging.bids.curves(scenario, state, 0, own)
    return curves.allocation, curves.payment


def share(name, seed):
    """What seat 0 earns a round in the last quarter, and the exact best response, in expectation over other rounds."""
    draws = np.random.default_rng([seed, len(name)])
    scenario = scenario_of(name, draws)
    kind = "contest" if name.startswith("tullock") else "asks" if name.startswith("procurement") else "sale"
    factors = draws.uniform(*AGAINST[kind], scenario.num_agents)
    if market_of(scenario).two_sided:
        factors[scenario.num_buyers :] = draws.uniform(1.0, 1.6, scenario.num_agents - scenario.num_buyers)
    others = [make_policy("shading", scenario, factor=float(factor)) for factor in factors[1:]]
    own, engine = Player(make_policy("best_response", scenario, seed)), Engine(scenario, MARKETS)
    engine.reset(seed)
    values, bids = [], []
    for tick in range(ROUNDS):
        known = to_credits(engine.state.values[:, 0]).copy()
        engine.step(actions_of(others, engine, own))
        own.observe(engine.buffers.rewards, engine.buffers.ended)
        if tick >= 3 * ROUNDS // 4:
            values.append(known)
            bids.append(to_credits(engine.state.bids[:, 0]))
    values, bids = np.concatenate(values), np.concatenate(bids)
    fresh = Engine(scenario, JUDGED)
    fresh.reset(seed + 1)
    highest = to_credits(market_of(scenario).params(scenario).largest_amount)
    grid, mine = np.linspace(0.0, highest, 401), np.unique(bids)
    told = []
    for _ in range(2):
        fresh.step(actions_of(others, fresh, None))
        told.append(curves_of(scenario, fresh, np.concatenate([grid, mine])))
    utility = [values[:, None] * won - paid for won, paid in told]
    best = np.argmax(utility[0][:, : len(grid)], axis=1)
    rows, own_column = np.arange(len(values)), len(grid) + np.searchsorted(mine, bids)
    return utility[1][rows, own_column].mean(), utility[1][rows, best].mean()


EVERY = (
    "first_price_v0",
    "second_price_v0",
    "kth_price_v0",
    "all_pay_v0",
    "second_price_all_pay_v0",
    "tullock_v0",
    "gsp_v0",
    "position_first_price_v0",
    "position_vcg_v0",
    "procurement_first_price_v1",
    "procurement_second_price_v1",
    "procurement_kth_price_v1",
    "double_auction_v1",
    "mcafee_v1",
    "vcg_double_auction_v1",
    "posted_price_v1",
)
QUICK = {("tullock_v0", 2), ("gsp_v0", 0), ("procurement_first_price_v1", 0)}


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        pytest.param(name, seed, marks=[] if (name, seed) in QUICK else pytest.mark.slow)
        for name in EVERY
        for seed in range(3)
    ],
)
def test_it_earns_95_percent_of_the_exact_best_response_in_every_market_of_one_bid(name, seed):
    earned, best = share(name, seed)
    assert earned >= 0.95 * best or (best < 0.02 and earned > best - 0.002), "little is lost where little can be earned"
    assert best > 0.0


def test_in_a_contest_the_forecast_is_the_mean_chance_whoever_was_drawn():
    scenario = scenario_of("tullock_v0", np.random.default_rng(0))
    policy, engine, chances = make_policy("best_response", scenario, 0, points=41), Engine(scenario, 5), []
    engine.reset(1)
    for _ in range(12):
        engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
        total = policy.points + to_credits(engine.state.bids[:, 1:]).sum(axis=1)[:, None]
        chances.append(np.where(total > 0.0, policy.points / np.maximum(total, 1e-300), 1.0 / scenario.num_agents))
    policy.act(engine.buffers.observations, engine.buffers.action_mask)
    np.testing.assert_allclose(policy.memory.won[:, 0], np.sum(chances, axis=0), atol=1e-4)


def test_chances_in_a_contest_are_shares_of_effort():
    """Random bids, some too low or none, powers and weights."""
    draws = np.random.default_rng(0)
    for _ in range(50):
        n = int(draws.integers(1, 6))
        bids = np.where(draws.random(n) < 0.2, -1, draws.choice([0, 100_000, 250_000, 700_000], n)).astype(np.int64)
        weights, reserve = draws.choice([500, 1000, 1700], n), int(draws.choice([0, 100_000, 150_000]))
        rule, none = Tullock(reserve, float(draws.choice([0.5, 1.0, 2.0]))), np.zeros(n, dtype=np.int64)
        accepted = (bids >= 0) & (bids >= reserve)
        found = np.array([own_chance(i, bids, none, rule, weights) for i in range(n)])
        efforts = np.where(accepted, (np.maximum(bids, 0) * 1e-6) ** rule.power * weights, 0.0)
        expected = efforts / efforts.sum() if efforts.sum() > 0 else accepted / max(1, accepted.sum())
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        assert accepted.any() == (abs(found.sum() - 1.0) < 1e-12)

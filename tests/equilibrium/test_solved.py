"""Equilibria found numerically against closed forms, independent searches and the compiled rules."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.equilibrium import solved
from econo_env.market import market_of
from econo_env.money import to_money
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, regrets
from econo_env.valuations.priors import Power

SEVENTHS = np.linspace(0.0, 1.0, 701)


def uniform(low, high):
    return {"name": "uniform", "low": low, "high": high}


def scenario_of(name, **fields):
    return econo_env.load(name, **fields)


def reserve_bid(v):
    return v / 2 + 0.3**2 / (2 * v)


KNOWN = {  # scenario, closed form, values from which bids are compared, largest difference there
    "first price, 2 bidders": (("first_price_v0", {}), lambda v: v / 2, 0.0, 1.5e-3),
    "first price, 3 bidders": (("first_price_v0", {"num_agents": 3}), lambda v: 2 * v / 3, 0.2, 1.5e-3),
    "first price, 5 bidders": (("first_price_v0", {"num_agents": 5}), lambda v: 4 * v / 5, 0.4, 1.5e-3),
    "first price, F = v^2": (("first_price_v0", {"values": Power()}), lambda v: 2 * v / 3, 0.2, 1.5e-3),
    "first price, reserve": (("first_price_v0", {"mechanism.reserve": 0.3}), reserve_bid, 0.32, 2e-3),
    "pay-as-bid, 3 bidders for 2 units": (
        ("discriminatory_v0", {"demand": 1, "num_agents": 3}),
        lambda v: v * (1 - 2 * v / 3) / (2 - v),
        0.0,
        1.5e-3,
    ),
    "all-pay, 2 bidders": (("all_pay_v0", {}), lambda v: v**2 / 2, 0.0, 4e-3),
    "all-pay, 3 bidders": (("all_pay_v0", {"num_agents": 3}), lambda v: 2 * v**3 / 3, 0.0, 4e-3),
}


@pytest.mark.parametrize("game", KNOWN)
def test_symmetric_closed_forms_are_found_again(game):
    (name, fields), known, start, difference = KNOWN[game]
    solution = solved(scenario_of(name, **fields))
    values = SEVENTHS[start <= SEVENTHS]
    assert np.abs(solution.functions[0](values) - known(values)).max() <= difference
    assert all(loss.mean <= 1e-4 for loss in solution.losses)
    assert solution.certificate is not None
    assert max(loss.worst for loss in solution.losses) <= solution.certificate <= 3e-3


@pytest.mark.parametrize(("weak", "strong"), [(1.0, 2.0), (1.0, 1.5)])
def test_asymmetric_first_price(weak, strong):
    """Inverse bids 2 b / (1 + k b^2), k of one the negative of the other's (Griesmer et al. 1967)."""
    solution = solved(scenario_of("first_price_v0", values=(uniform(0, weak), uniform(0, strong))))
    top = weak * strong / (weak + strong)
    bids = np.linspace(0.0, top, 1001)
    k = 1 / weak**2 - 1 / strong**2
    for function, sign in zip(solution.functions, (1, -1), strict=True):
        assert np.abs(function(2 * bids / (1 + sign * k * bids**2)) - bids).max() <= 1e-3
    assert all(loss.mean <= 1e-5 for loss in solution.losses)
    assert solution.certificate <= 1e-4


def test_supports_that_do_not_start_at_zero():
    """U[5,15] and U[5,25] bid 5 more than U[0,10] and U[0,20] (Kaplan and Zamir 2012): no bid is below 5."""
    solution = solved(scenario_of("first_price_v0", values=(uniform(5, 15), uniform(5, 25))))
    bids = np.linspace(0.0, 10 * 20 / 30, 1001)
    k = 1 / 10**2 - 1 / 20**2
    for function, sign in zip(solution.functions, (1, -1), strict=True):
        assert np.abs(function(5 + 2 * bids / (1 + sign * k * bids**2)) - 5 - bids).max() <= 1e-2
    assert all(loss.mean <= 1e-5 * loss.utility for loss in solution.losses)


def test_who_cannot_afford_the_least_winning_bid_stays_out():
    """Two of U[5,10] never let go for less than 5; types of U[0,10] below that place no bid that could win."""
    scenario = scenario_of("first_price_v0", num_agents=3, values=(uniform(0, 10), uniform(5, 10), uniform(5, 10)))
    weak, strong = solved(scenario).functions
    assert strong(5.001) >= 5.0
    assert weak(4.9) <= 4.9
    assert max(loss.mean / loss.utility for loss in solved(scenario).losses) <= 1e-3


def test_weights_are_another_unit_of_account():
    """A bidder with U[0,1] and weight 2 bids half of what one with U[0,2] bids."""
    weighted = solved(scenario_of("first_price_v0", weights=(1.0, 2.0))).functions
    unlike = solved(scenario_of("first_price_v0", values=(uniform(0, 1), uniform(0, 2)))).functions
    assert weighted[0](SEVENTHS) == pytest.approx(unlike[0](SEVENTHS), abs=2e-3)
    assert weighted[1](SEVENTHS) == pytest.approx(unlike[1](2 * SEVENTHS) / 2, abs=2e-3)


SMALL = Budget(types=48, bids=384, selection=16384, evaluation=8192)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("first_price_v0", {"values": (uniform(0, 1), uniform(0, 2))}),
        ("first_price_v0", {"values": (uniform(0.5, 1.5), uniform(0, 1)), "mechanism.reserve": 0.2}),
        ("all_pay_v0", {"values": (uniform(0, 1), uniform(0, 2))}),
        ("position_first_price_v0", {"weights": (1.0, 1.0, 2.0)}),
        ("gsp_v0", {}),
        pytest.param("double_auction_v1", {}, marks=pytest.mark.slow),
    ],
)
def test_an_independent_search_finds_next_to_nothing(name, fields):
    scenario = scenario_of(name, **fields)
    policy = make_policy("equilibrium", scenario)
    assert policy.note.startswith("solved numerically")
    for found in regrets(scenario, policy, (11, 12), budget=SMALL, method="bid_grid"):
        assert found.mean_utility.mean() > 0.02
        assert found.mean_gain.mean() <= 1e-3 * found.mean_utility.mean()


def test_the_first_price_of_the_local_global_game():
    """CA-BNE certifies 7.2e-4 (Bosshard et al. 2020)."""
    solution = solved(scenario_of("combinatorial_v1", **{"mechanism.payment": "first_price"}))
    assert solution.certificate <= 7e-4
    assert all(loss.mean <= 1e-4 * (1.0 + loss.utility) for loss in solution.losses)


@pytest.mark.parametrize("role", [0, 1])
def test_curves_of_the_local_global_game_are_those_of_the_engine(role):
    scenario = scenario_of("combinatorial_v1", bids="amount", **{"mechanism.payment": "first_price"})
    solution, market = solved(scenario), market_of(scenario)
    agent, markets = (0, 2)[role], 40_000
    engine = Engine(scenario, markets)
    engine.reset(5)
    values = engine.state.values[..., 0] / 1e6
    for own in (0.2, 0.45):
        engine.reset(5)
        bids = solution.bids(values, np.array([0, 0, 1]))
        bids[:, agent] = own
        engine.step(market.baselines.bids.place(scenario, engine.buffers.observations, bids[..., None]))
        won = engine.state.won[:, agent] >= 0
        curves = market.solver.expected_curves(scenario, solution.functions, role, np.array([own]))
        assert abs(won.mean() - curves.allocation[0]) <= 4.0 * np.sqrt(0.25 / markets)
        assert engine.state.award.pays[:, agent].mean() / 1e6 == pytest.approx(won.mean() * own, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("first_price_v0", {"num_agents": 4, "weights": (1.0, 2.0, 1.5, 1.0), "mechanism.units": 2}),
        ("all_pay_v0", {"num_agents": 3, "mechanism.reserve": 0.2, "mechanism.units": 2}),
        ("position_first_price_v0", {"mechanism.reserve": 0.1, "weights": (1.0, 0.5, 1.0)}),
    ],
)
def test_expected_outcomes_are_those_of_the_compiled_rule(name, fields):
    scenario, markets = scenario_of(name, **fields), 1 << 15
    market = market_of(scenario)
    engine = Engine(scenario, markets)
    engine.reset(3)
    engine.state.tick[:] = 1
    rivals = np.random.default_rng(7).random((markets, scenario.num_agents))
    engine.state.bids[:] = to_money(rivals)
    weights = scenario.weights or (1.0,) * scenario.num_agents
    own = np.array([0.05, 0.15, 0.3, 0.5, 0.8, 0.95])
    curves = market.judging.bids.curves(scenario, engine.state, 1, own)
    # a rival whose bid misses the reserve is out, whatever its weight
    reserve, ratios = scenario.mechanism.reserve, [weights[1] / w for j, w in enumerate(weights) if j != 1]
    below = [np.clip(np.maximum(own * ratio, reserve), 0.0, 1.0) for ratio in ratios]
    units, payments = market.solver.expected_outcome(scenario)(own, below)
    assert np.abs(units - curves.allocation).max() <= 4.0 * 0.5 / np.sqrt(markets)
    assert np.abs(payments - curves.payment).max() <= 4.0 * 0.5 / np.sqrt(markets)


def test_the_same_to_the_bit():
    scenario = scenario_of("first_price_v0", values=(uniform(0, 1), Power()))
    first = solved(scenario)
    assert solved(scenario) is first
    solved.cache_clear()
    for one, other in zip(first.functions, solved(scenario).functions, strict=True):
        assert np.array_equal(one.bids, other.bids)


def test_what_does_not_converge_is_refused_with_its_loss():
    scenario = scenario_of("all_pay_v0", num_agents=3, values=(uniform(0, 1), uniform(0, 1), uniform(0, 1.5)))
    with pytest.raises(ValueError, match=r"did not converge: the best deviation still gains 0\.\d+% of utility"):
        make_policy("equilibrium", scenario)


def test_large_games_of_other_rules_are_refused():
    with pytest.raises(ValueError, match="solved numerically for 2 to 4 bidders, not 6"):
        make_policy("equilibrium", scenario_of("gsp_v0", num_agents=6))


@pytest.mark.parametrize("name", ["first_price_v0", "all_pay_v0", "dutch_v0", "position_first_price_v0", "vickrey_v0"])
def test_closed_forms_are_not_solved_for(name):
    before = solved.cache_info()
    policy = make_policy("equilibrium", scenario_of(name))
    after = solved.cache_info()
    assert policy.note == ""
    assert (after.hits, after.misses) == (before.hits, before.misses)


def test_the_evaluation_says_that_a_baseline_was_solved_for():
    from econo_env.training.evaluation import evaluate

    scenario = scenario_of("first_price_v0", weights=(1.0, 2.0))
    result = evaluate("truthful", scenario, seeds=[0, 1], markets=64, regret=False, baselines=["equilibrium"])
    notes = result.to_json()["provenance"]["notes"]
    assert list(notes) == ["equilibrium"]
    assert "at most" in notes["equilibrium"]

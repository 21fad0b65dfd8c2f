"""Equilibria under risk attitudes, budgets, absent rivals and entry costs; the engine confirms that none gains."""

import numpy as np
import pytest
from scipy.integrate import quad

import econo_env
from econo_env.market import market_of
from econo_env.markets.sealed_bid.equilibria import equilibrium_bids
from econo_env.valuations.priors import Lognormal, Power, Uniform
from tests.known_answers.one_round import Played, nobody_gains


@pytest.mark.parametrize(("n", "rho"), [(2, 0.8), (2, 0.5), (4, 0.6)])
def test_first_price_under_constant_relative_risk_aversion(within_errors, n, rho):
    """b = (n-1)v/(n-1+rho); n = 2, rho = .8: b = 5v/9, R = 0.370370."""
    played = Played("first_price", num_agents=n, utility={"name": "crra", "rho": rho})
    share = (n - 1) / (n - 1 + rho)
    np.testing.assert_allclose(played.bids, share * played.values, atol=1e-6)
    assert within_errors(played.payments.sum(axis=1), share * n / (n + 1))
    assert (n, rho) != (2, 0.8) or share * n / (n + 1) == pytest.approx(0.370370, abs=1e-6)
    won = (1 - share) ** rho * n / (n + rho) / n  # E[((1-share) v)^rho; v is the highest]
    assert within_errors(played.rewards[:, 0], won)
    assert nobody_gains(played)


def test_first_price_under_constant_absolute_risk_aversion():
    """b = ln(E[exp(a Y) | Y < v]) / a with Y the best rival value."""
    a = 3.0
    played = Played("first_price", num_agents=3, utility={"name": "cara", "a": a})
    bids = equilibrium_bids(played.scenario)
    for v in (0.1, 0.5, 1.0):
        mean = quad(lambda y, v=v: np.exp(a * y) * 2 * y / v**2, 0, v)[0]
        assert bids(v) == pytest.approx(np.log(mean) / a, abs=1e-7)
    assert nobody_gains(played)


def test_first_price_for_the_return_on_investment(within_errors):
    """b is the harmonic mean of max(r, Y) below v; without a reserve and n >= 3 that is (n-2)v/(n-1)."""
    utility = {"name": "return_on_investment", "least_payment": 1e-6}
    played = Played("first_price", num_agents=4, utility=utility, **{"mechanism.reserve": 0.2})
    bids = equilibrium_bids(played.scenario)
    for v in (0.25, 0.6, 1.0):
        mean = (0.2**3 / 0.2 + quad(lambda y: 3 * y**2 / y, 0.2, v)[0]) / v**3
        assert bids(v) == pytest.approx(1.0 / mean, abs=1e-6)
    assert nobody_gains(played, (0.8, 0.9, 0.97, 1.03, 1.1, 1.2))
    played.play(np.ones(4))
    won = played.engine.state.award.units > 0
    np.testing.assert_allclose(
        played.rewards[won], (played.values[won] - played.bids[won]) / played.bids[won], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("utility", [{"name": "crra", "rho": 0.5}, {"name": "cara", "a": 2.0}])
def test_truth_stays_dominant_in_second_price(utility):
    assert nobody_gains(Played("second_price", num_agents=3, utility=utility))


def test_risk_aversion_raises_first_price_revenue_above_second_price():
    """Holt (1980): b is above the risk-neutral bid, at every value."""
    values = np.linspace(0.05, 1.0, 40)
    for prior in (Uniform(), Power(exponent=2.0), Lognormal()):
        fields = {"num_agents": 3, "values": prior}
        neutral = equilibrium_bids(econo_env.load("first_price_v0", **fields))(values)
        for utility in ({"name": "crra", "rho": 0.5}, {"name": "cara", "a": 2.0}):
            averse = equilibrium_bids(econo_env.load("first_price_v0", utility=utility, **fields))(values)
            assert np.all(averse >= neutral - 1e-9)
            assert averse[20] > neutral[20] + 1e-3
        # risk neutrality is the limit of both
        for utility in ({"name": "crra", "rho": 1.0}, {"name": "cara", "a": 1e-5}):
            limit = equilibrium_bids(econo_env.load("first_price_v0", utility=utility, **fields))(values)
            np.testing.assert_allclose(limit, neutral, atol=2e-5)


def test_a_hard_budget_cuts_second_price_bids(within_errors):
    """Bids are min(v, B), the dominant strategy (Che and Gale 1998): R = E[min(second, B)], nobody pays above B."""
    budget = 0.4
    played = Played("second_price", num_agents=3, utility={"name": "budget", "amount": budget})
    assert played.payments.max() <= budget + 1e-9
    exact = quad(lambda v: min(v, budget) * 6 * v * (1 - v), 0, 1, points=[budget])[0]
    assert within_errors(played.payments.sum(axis=1), exact)


@pytest.mark.parametrize("name", ["first_price", "second_price"])
@pytest.mark.parametrize(("n", "present"), [(2, 0.5), (5, 0.4)])
def test_an_unknown_number_of_rivals(within_errors, name, n, present):
    """The seller earns E[second highest] over the binomial number of bidders (McAfee and McMillan 1987)."""
    from scipy.stats import binom

    played = Played(name, num_agents=n, participation={"probability": present})
    exact = sum(binom.pmf(m, n, present) * (m - 1) / (m + 1) for m in range(2, n + 1))
    assert within_errors(played.payments.sum(axis=1), exact)
    assert played.engine.state.present.mean() == pytest.approx(present, abs=5e-3)
    if name == "first_price":
        g = (1 - present + present * 0.7) ** (n - 1)
        area = quad(lambda y: (1 - present + present * y) ** (n - 1), 0, 0.7)[0]
        assert equilibrium_bids(played.scenario)(0.7) == pytest.approx(0.7 - area / g, abs=1e-6)
        assert nobody_gains(played)


@pytest.mark.parametrize("name", ["first_price", "second_price"])
@pytest.mark.parametrize("kind", ["entry_fee", "entry_cost"])
def test_entry_costs_keep_low_values_out(within_errors, name, kind):
    """v* with v* F(v*)^(n-1) = c enters; bids are worth v* G(v*) plus what second price earns above v*."""
    n, cost = 3, 0.1
    entry = cost ** (1 / n)
    played = Played(name, num_agents=n, participation={kind: cost})
    entered = played.engine.state.bids >= 0
    assert not entered[played.values < entry - 1e-3].any()
    assert entered[played.values > entry + 1e-3].all()

    # second price without reserve: the second highest entrant, if there is one
    priced = quad(lambda v: v * n * (n - 1) * (1 - v) * v ** (n - 2), entry, 1)[0]
    fees = cost * n * (1 - entry) if kind == "entry_fee" else 0.0
    if name == "second_price":
        assert within_errors(played.payments.sum(axis=1), priced + fees)
    assert within_errors(played.rewards[:, 0], quad(lambda v: v ** (n - 1) * (1 - v), entry, 1)[0])
    welfare = market_of(played.scenario).welfare(played.scenario, played.engine.state, played.values[..., None])
    surplus = np.where(entered, played.values, 0.0).max(axis=1) - (kind == "entry_cost") * cost * entered.sum(axis=1)
    played.play(np.ones(n))
    np.testing.assert_allclose(welfare.revenue + played.rewards.sum(axis=1), surplus, atol=1e-6)


@pytest.mark.parametrize("name", ["first_price", "second_price"])
@pytest.mark.parametrize(("n", "ceiling"), [(2, None), (4, None), (3, 0.6)])
def test_procurement_is_the_mirror_of_a_sale(within_errors, name, n, ceiling):
    """U[0,1] costs: b(c) = c + (1-c)/n without a binding ceiling; the buyer pays E[second lowest] in both rules."""
    played = Played(f"procurement_{name}", num_agents=n, procurement={"ceiling": ceiling})
    paid = -played.payments.sum(axis=1)
    if ceiling is None:
        assert within_errors(paid, 2 / (n + 1))
        assert within_errors(played.rewards[:, 0], 1 / (n * (n + 1)))
        if name == "first_price":
            np.testing.assert_allclose(played.bids, played.values + (1 - played.values) / n, atol=2e-6)
    else:
        # min(second lowest, ceiling) if the lowest is below the ceiling
        second = quad(lambda c: c * n * (n - 1) * c * (1 - c) ** (n - 2), 0, ceiling)[0]
        alone = n * ceiling * (1 - ceiling) ** (n - 1) * ceiling
        assert within_errors(paid, second + alone)
        assert not played.engine.state.award.units[played.values > ceiling + 1e-6].any()
    served = played.engine.state.award.units.any(axis=1)
    cost = -(played.engine.state.award.units * played.values).sum(axis=1)[served]
    np.testing.assert_allclose(cost, played.values.min(axis=1)[served], atol=1e-4)  # bids are whole micro-credits


@pytest.mark.parametrize(
    ("utility", "gain", "cost", "felt"),
    [
        ({"name": "crra", "rho": 0.5}, 0.49, 0.0, 0.7),
        ({"name": "crra", "rho": 0.5}, 0.0, 0.49, -0.7),
        ({"name": "cara", "a": 2.0}, 0.5, 0.0, (1 - np.exp(-1.0)) / 2),
        ({"name": "cara", "a": 2.0}, 0.0, 0.5, (1 - np.exp(1.0)) / 2),
        ({"name": "return_on_investment", "least_payment": 0.1}, 0.5, 0.25, 1.0),
        ({"name": "return_on_investment", "least_payment": 0.1}, 0.5, 0.0, 5.0),
        ({"name": "risk_neutral"}, 0.2, 0.5, -0.3),
    ],
)
def test_losses_feel_as_the_model_says(utility, gain, cost, felt):
    model = econo_env.load("first_price_v0", utility=utility).utility
    assert float(model.of(gain, cost)) == pytest.approx(felt, abs=1e-12)

"""Revenue, utility and welfare of the sealed-bid rules in equilibrium, played through the engine."""

import numpy as np
import pytest
from scipy.integrate import quad

from econo_env.mechanisms import mechanism
from econo_env.valuations.places import places_of
from econo_env.valuations.priors import Beta, Empirical, Exponential, Lognormal, Normal, Power, Uniform
from econo_env.valuations.virtual_values import optimal_reserve, virtual_value

BOTH = ("first_price", "second_price")
PRIORS = [
    Uniform(),
    Uniform(low=1.0, high=3.0),
    Power(exponent=2.0),
    Power(exponent=0.5),
    Beta(alpha=2.0, beta=3.0),
    Normal(),
    Lognormal(),
    Exponential(),
    Empirical(quantiles=(0.0, 0.2, 0.5, 1.0)),
]


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(("n", "revenue"), [(2, 1 / 3), (3, 1 / 2), (5, 2 / 3), (10, 9 / 11)])
def test_uniform_values(auctions, within_errors, name, n, revenue):
    """U[0,1]: R = (n-1)/(n+1), u = 1/(n(n+1)), W = n/(n+1)."""
    played = auctions(name, num_agents=n)
    assert within_errors(played.revenues, revenue)
    assert within_errors(played.utility[:, 0], 1 / (n * (n + 1)))
    assert within_errors((played.allocation * played.values).sum(axis=1), n / (n + 1))


@pytest.mark.parametrize("name", BOTH)
def test_power_values(auctions, within_errors, name):
    """F = v^2, n = 2: R = 8/15."""
    assert within_errors(auctions(name, values={"name": "power", "exponent": 2.0}).revenues, 8 / 15)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(("n", "reserve"), [(2, 0.25), (2, 0.5), (3, 0.6), (5, 0.8), (3, 0.0)])
def test_reserve(auctions, within_errors, name, n, reserve):
    """R(n, r) = (n-1)/(n+1) + r^n - 2n r^(n+1)/(n+1)."""
    played = auctions(name, num_agents=n, **{"mechanism.reserve": reserve})
    exact = (n - 1) / (n + 1) + reserve**n - 2 * n * reserve ** (n + 1) / (n + 1)
    assert within_errors(played.revenues, exact)
    assert (n, reserve) != (2, 0.25) or exact == pytest.approx(3 / 8)
    assert not played.allocation[played.values < reserve].any()
    assert (played.allocation.sum(axis=1) == 0).mean() == pytest.approx(reserve**n, abs=3e-3)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(("n", "units"), [(3, 2), (5, 2), (5, 4), (2, 2)])
def test_several_units(auctions, within_errors, name, n, units):
    """K units, one a bidder: R = k(n-k)/(n+1)."""
    played = auctions(name, num_agents=n, **{"mechanism.units": units})
    assert within_errors(played.revenues, units * (n - units) / (n + 1))
    assert np.all(played.allocation.sum(axis=1) == min(units, n))


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: prior.name)
@pytest.mark.parametrize("reserve", [0.0, 0.3])
def test_revenue_equivalence(auctions, prior, reserve):
    """First and second price earn the same on average, within 3 standard errors of independent samples."""
    overrides = {"num_agents": 3, "values": prior, "mechanism.reserve": reserve * prior.highest, "markets": 100_000}
    first = auctions("first_price", seed=1, **overrides).revenues
    second = auctions("second_price", seed=2, **overrides).revenues
    error = np.hypot(first.std(), second.std()) / np.sqrt(len(first))
    assert abs(first.mean() - second.mean()) <= 3 * error


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: prior.name)
@pytest.mark.parametrize("n", [2, 5])
def test_first_price_equilibrium_by_quadrature(prior, n):
    """b(v) = v - integral_0^v F^(n-1) / F(v)^(n-1), adaptive quadrature on the prior's own cdf."""
    row = mechanism("first_price")
    values = prior.quantile(np.array([0.05, 0.3, 0.6, 0.95]))

    def exact(value):
        kinks = [k for k in getattr(prior, "quantiles", ()) if prior.lowest < k < value]
        area = quad(lambda y: float(prior.cdf(y)) ** (n - 1), prior.lowest, value, points=kinks or None, epsabs=1e-12)[
            0
        ]
        return value - area / float(prior.cdf(value)) ** (n - 1)

    bids = row.equilibrium(places_of(prior), n, row.options())(values)
    np.testing.assert_allclose(bids, [exact(value) for value in values], atol=2e-4 * prior.highest)


def test_first_price_equilibrium_with_a_reserve():
    """B(v) = (n-1)v/n + r^n/(n v^(n-1)) from the reserve on."""
    row, n, reserve = mechanism("first_price"), 3, 0.4
    values = np.linspace(reserve, 1.0, 50)
    bids = row.equilibrium(places_of(Uniform()), n, row.options(reserve=reserve))(values)
    np.testing.assert_allclose(bids, (n - 1) * values / n + reserve**n / (n * values ** (n - 1)), atol=1e-9)


@pytest.mark.parametrize(
    ("prior", "reserve"),
    [
        (Uniform(), 1 / 2),
        (Uniform(low=1.0, high=2.0), 1.0),
        (Uniform(low=1.0, high=4.0), 2.0),
        (Power(exponent=2.0), 3**-0.5),
        (Exponential(scale=0.1, high=5.0), 0.1),
    ],
    ids=lambda given: getattr(given, "name", None),
)
def test_optimal_reserve(prior, reserve):
    """Where the virtual value crosses 0; the lower end where it never does."""
    assert optimal_reserve(prior) == pytest.approx(reserve, rel=1e-5)
    if reserve > prior.lowest:
        assert virtual_value(prior, reserve) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: prior.name)
def test_no_other_reserve_earns_more_from_one_bidder(prior):
    best = optimal_reserve(prior)
    others = np.linspace(prior.lowest, prior.highest, 4001)
    earned = others * (1.0 - prior.cdf(others))
    assert best * (1.0 - float(prior.cdf(best))) >= earned.max() - 1e-9


@pytest.mark.parametrize("name", BOTH)
def test_the_optimal_auction_of_two_uniform_bidders_earns_five_twelfths(auctions, within_errors, name):
    played = auctions(name, markets=400_000, **{"mechanism.reserve": optimal_reserve(Uniform())})
    assert within_errors(played.revenues, 5 / 12)


def test_inputs_are_not_mutated():
    bids, weights = np.array([0.4, np.nan, 0.7]), np.array([1.0, 2.0, 1.5])
    kept = bids.copy(), weights.copy()
    from econo_env.mechanisms import clear

    first, again = (clear("second_price", bids, weights=weights, reserve=0.1) for _ in range(2))
    np.testing.assert_array_equal(bids, kept[0])
    np.testing.assert_array_equal(weights, kept[1])
    np.testing.assert_array_equal(first.payments, again.payments)

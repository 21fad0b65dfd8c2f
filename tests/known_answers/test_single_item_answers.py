"""K-th price, all-pay, war of attrition and Tullock contest in equilibrium, played through the engine."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, binomtest

from econo_env.mechanisms import clear, mechanism
from econo_env.valuations.places import places_of
from econo_env.valuations.priors import Beta, Exponential, Lognormal, Power, Uniform

PRIORS = [Uniform(low=0.5, high=2.0), Power(exponent=2.0), Beta(alpha=2.0, beta=3.0), Lognormal(), Exponential()]
SAME_PRIZE = {"name": "empirical", "quantiles": [2.0, 2.0]}


def variance_of(samples, exact):
    """Whether the sample variance lies within 5 standard errors of the exact one."""
    samples = np.asarray(samples)
    squares = (samples - samples.mean()) ** 2
    return abs(squares.mean() - exact) <= 5 * squares.std() / np.sqrt(samples.size) + 1e-6


@pytest.mark.parametrize(("n", "rank"), [(3, 3), (4, 3), (5, 4), (2, 2), (6, 5)])
def test_kth_price_with_uniform_values(auctions, within_errors, n, rank):
    """b = (n-1)v/(n-k+1); R = (n-1)/(n+1); the price is that multiple of the k-th highest value."""
    multiple = (n - 1) / (n - rank + 1)
    played = auctions("kth_price", num_agents=n, largest_bid=6.0, **{"mechanism.rank": rank})
    np.testing.assert_allclose(played.bids, multiple * played.values, atol=1e-6)
    assert within_errors(played.revenues, (n - 1) / (n + 1))
    assert within_errors(played.utility[:, 0], 1 / (n * (n + 1)))
    j = n - rank + 1  # the k-th highest is the j-th lowest: beta(j, n + 1 - j)
    assert variance_of(played.revenues, multiple**2 * j * (n + 1 - j) / ((n + 1) ** 2 * (n + 2)))


@pytest.mark.parametrize("q", [0.2, 0.7, 1.0])
def test_kth_price_of_a_power_prior_by_quadrature(q):
    """The expected k-th highest bid, given that the own value is highest, is the expected best rival value."""
    row, n, rank, prior = mechanism("kth_price"), 6, 4, Power(exponent=2.5)
    options = row.options(rank=rank)

    def priced(t):
        density = beta(n - rank + 1, rank - 1).pdf(t / q) / q  # of the rank-1-th highest of n-1 rivals
        return float(row.equilibrium(places_of(prior), n, options)(prior.quantile(t))) * density

    def rival(t):
        return float(prior.quantile(t)) * (n - 1) * (t / q) ** (n - 2) / q

    assert quad(priced, 0, q)[0] == pytest.approx(quad(rival, 0, q)[0], rel=1e-6)


@pytest.mark.parametrize("prior", [Lognormal(), Beta(alpha=2.0, beta=3.0)], ids=lambda prior: prior.name)
def test_third_price_of_any_prior_is_v_plus_inverse_reversed_hazard(prior):
    """b = v + F / ((n-2) f) (Kagel and Levin 1993)."""
    row, values = mechanism("kth_price"), np.asarray(prior.quantile([0.2, 0.5, 0.9]))
    bids = row.equilibrium(places_of(prior), 5, row.options(rank=3))(values)
    np.testing.assert_allclose(
        bids, values + prior.cdf(values) / (3 * prior.pdf(values)), rtol=1e-7
    )  # linear in between


@pytest.mark.parametrize(
    ("options", "prior", "n"),
    [({"rank": 4}, Power(), 3), ({"rank": 4}, Lognormal(), 6), ({"rank": 3, "reserve": 0.1}, Uniform(), 4)],
)
def test_kth_price_says_where_no_closed_form_is_known(options, prior, n):
    row = mechanism("kth_price")
    with pytest.raises(ValueError, match="closed form"):
        row.equilibrium(places_of(prior), n, row.options(**options))(0.5)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_all_pay_with_uniform_values(auctions, within_errors, n):
    """b = (n-1)v^n/n, R = (n-1)/(n+1), u = 1/(n(n+1)); n independent payments make the variance."""
    played = auctions("all_pay", num_agents=n)
    np.testing.assert_allclose(played.bids, (n - 1) * played.values**n / n, atol=1e-6)
    assert within_errors(played.revenues, (n - 1) / (n + 1))
    assert within_errors(played.utility[:, 0], 1 / (n * (n + 1)))
    of_one = ((n - 1) / n) ** 2 * (1 / (2 * n + 1) - 1 / (n + 1) ** 2)
    assert variance_of(played.revenues, n * of_one)


def test_war_of_attrition_of_two_uniform_bidders(auctions, within_errors):
    """b = -v - ln(1-v) (Krishna and Morgan 1997), R = 1/3; the revenue is twice the lower bid."""
    played = auctions("second_price_all_pay", num_agents=2, largest_bid=16.0)
    exact = -played.values - np.log1p(-np.minimum(played.values, 0.999))
    for top, error in ((0.99, 1e-4), (0.999, 2e-3)):  # bids are linear between points, and run away towards the top
        inside = played.values < top
        np.testing.assert_allclose(played.bids[inside], exact[inside], rtol=error, atol=1e-5)
    assert within_errors(played.revenues, 1 / 3)
    assert within_errors(played.utility[:, 0], 1 / 6)
    square = quad(lambda v: (2 * (-v - np.log1p(-v))) ** 2 * 2 * (1 - v), 0, 1)[0]
    assert variance_of(played.revenues, square - 1 / 9)


@pytest.mark.parametrize("name", ["all_pay", "second_price_all_pay"])
@pytest.mark.parametrize("prior", PRIORS, ids=lambda prior: prior.name)
def test_paying_losers_earn_the_seller_as_much_as_second_price(auctions, name, prior):
    """Revenue equivalence, within 4 standard errors of independent samples."""
    overrides = {"num_agents": 3, "values": prior, "markets": 100_000}
    paid = auctions(name, seed=1, largest_bid=32.0, **overrides).revenues
    second = auctions("second_price", seed=2, **overrides).revenues
    error = np.hypot(paid.std(), second.std()) / np.sqrt(len(second))
    assert abs(paid.mean() - second.mean()) <= 4 * error


@pytest.mark.parametrize("name", ["all_pay", "second_price_all_pay"])
def test_a_reserve_keeps_out_values_whose_chance_is_not_worth_it(auctions, within_errors, name):
    """e G(e) = r: the same types trade as at a second-price reserve of e, so the revenue is the same."""
    n, reserve = 3, 0.2
    entry = reserve ** (1 / n)
    played = auctions(name, num_agents=n, largest_bid=16.0, bid_function=equilibrium_of(name, n, reserve),
                      **{"mechanism.reserve": reserve})  # fmt: skip
    assert not played.allocation[played.values < entry - 1e-3].any()
    exact = (n - 1) / (n + 1) + entry**n - 2 * n * entry ** (n + 1) / (n + 1)
    assert within_errors(played.revenues, exact)


def equilibrium_of(name, n, reserve):
    row = mechanism(name)
    grid = np.unique(np.concatenate([np.linspace(0, 1, 20_001), reserve ** (1 / n) + np.array([-1e-9, 1e-9])]))
    bids = row.equilibrium(places_of(Uniform()), n, row.options(reserve=reserve))(grid)
    return lambda values: np.interp(values, grid, bids)


@pytest.mark.parametrize(("n", "power"), [(2, 1.0), (2, 2.0), (4, 1.2), (5, 0.5)])
def test_tullock_contest_for_a_known_prize(auctions, n, power):
    """b = V r (n-1)/n^2 and R = V r (n-1)/n without variance; everybody wins equally often; no bid does better."""
    played = auctions("tullock", num_agents=n, values=SAME_PRIZE, **{"mechanism.power": power})
    bid = 2.0 * power * (n - 1) / n**2
    np.testing.assert_allclose(played.revenues, n * bid, atol=2e-6)
    assert binomtest(int(played.allocation[:, 0].sum()), len(played.values), 1 / n).pvalue > 1e-4
    others = np.linspace(0.0, 2.0, 2001)[1:]
    chances = others**power / (others**power + (n - 1) * bid**power)
    assert (2.0 * chances - others).max() <= 2.0 / n - bid + 1e-9


def test_tullock_chances_follow_powers_and_weights(auctions):
    """Chance w b^r over the sum: bids 1, 2, 3 to the power 2."""
    levels = np.array([0.1, 0.2, 0.3])
    markets = 60_000
    played = auctions(
        "tullock",
        num_agents=3,
        values={"name": "uniform"},
        weights=[1.0, 1.0, 2.0],
        markets=markets,
        bid_function=lambda values: np.broadcast_to(levels, values.shape),
        **{"mechanism.power": 2.0},
    )
    chances = np.array([1.0, 4.0, 18.0]) / 23.0
    for wins, chance in zip(played.allocation.sum(axis=0), chances, strict=True):
        assert binomtest(int(wins), markets, chance).pvalue > 1e-4


def test_tullock_without_effort_is_a_fair_draw():
    wins = np.array([clear("tullock", [0.0, np.nan, 0.0, 0.0], seed=seed).allocation for seed in range(3000)]).sum(0)
    assert wins[1] == 0
    assert wins.sum() == 3000
    np.testing.assert_allclose(wins[[0, 2, 3]] / 3000, 1 / 3, atol=0.035)
    assert clear("tullock", [0.0, 1e-6, 0.0]).winners == [1]


@pytest.mark.parametrize(("prior", "power", "reserve"), [(Uniform(), 1, 0), (SAME_PRIZE, 2.5, 0), (SAME_PRIZE, 1, 1.5)])
def test_tullock_says_where_no_closed_form_is_known(prior, power, reserve):
    from econo_env.valuations.priors import Empirical

    row = mechanism("tullock")
    given = Empirical(**prior) if isinstance(prior, dict) else prior
    with pytest.raises(ValueError, match="closed form"):
        row.equilibrium(places_of(given), 2, row.options(power=power, reserve=reserve))(0.5)

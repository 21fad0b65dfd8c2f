"""How much revenue varies: sample variances against exact ones, and the rules ranked by risk."""

import numpy as np
import pytest

from econo_env.valuations.priors import Beta, Power, Uniform
from tests.known_answers.order_statistics import Symmetric, sequential_moments
from tests.known_answers.test_revenue_equivalence import AMOUNTS, revenue_of

ERRORS = 4.0
PRIORS = [Uniform(), Uniform(low=0.25), Power(exponent=2.0), Beta(alpha=2.0, beta=3.0)]
CASES = [
    *(("first_price", {}, n) for n in (2, 3, 5)),
    *(("second_price", {}, n) for n in (2, 3, 5)),
    *(("all_pay", {}, n) for n in (2, 3, 5)),
    *(("second_price_all_pay", AMOUNTS, n) for n in (2, 3, 5)),
]


def agree(revenue, exact_mean, exact_variance):
    """Mean and variance of the sample within so many of their standard errors, which the sample itself gives."""
    squares = (revenue - revenue.mean()) ** 2
    size = np.sqrt(revenue.size)
    assert abs(revenue.mean() - exact_mean) <= ERRORS * revenue.std() / size + 1e-5
    assert abs(squares.mean() - exact_variance) <= ERRORS * squares.std() / size + 1e-5
    assert squares.mean() > 1e-4


@pytest.mark.parametrize(("name", "fields", "n"), CASES)
@pytest.mark.parametrize("prior", PRIORS, ids=str)
def test_single_item(name, fields, n, prior):
    _, revenue = revenue_of(name, seed=3, num_agents=n, values=prior, **fields)
    agree(revenue, *Symmetric(prior, n).moments(name))


@pytest.mark.parametrize("n", [3, 5])
@pytest.mark.parametrize("prior", PRIORS[:3], ids=str)
def test_third_price(prior, n):
    _, revenue = revenue_of("kth_price", seed=3, num_agents=n, values=prior, **AMOUNTS)
    agree(revenue, *Symmetric(prior, n).moments("kth_price"))


@pytest.mark.parametrize(("n", "k"), [(2, 1), (3, 1), (5, 1), (3, 2), (5, 3)])
@pytest.mark.parametrize("prior", PRIORS[1:3], ids=str)
@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("uniform_price", "second_price"),
        ("vickrey", "second_price"),
        ("discriminatory", "first_price"),
        ("first_price", "first_price"),
        ("second_price", "second_price"),
    ],
)
def test_several_units_one_each(name, form, prior, n, k):
    fields = {"mechanism.units": k} | ({} if name in ("first_price", "second_price") else {"demand": 1})
    _, revenue = revenue_of(name, seed=4, num_agents=n, values=prior, **fields)
    agree(revenue, *Symmetric(prior, n, k).moments(form))


@pytest.mark.parametrize(("n", "k"), [(2, 1), (3, 1), (5, 1), (3, 2), (5, 3)])
@pytest.mark.parametrize("name", ["sequential_first_price", "sequential_second_price"])
def test_sequential_sales(name, n, k):
    _, revenue = revenue_of(name, seed=5, num_agents=n, max_cycles=k)
    agree(revenue, *sequential_moments(name, n, k))


@pytest.mark.parametrize(
    ("name", "n", "variance"),
    [
        ("first_price", 2, 1 / 72),
        ("second_price", 2, 1 / 18),
        ("first_price", 5, 16 / 25 * 5 / 252),
        ("second_price", 5, 2 / 63),
        ("all_pay", 2, 2 / 45),
        ("kth_price", 3, 3 / 20),
    ],
)
def test_the_quadrature_knows_the_fractions(name, n, variance):
    """U[0,1]: multiples of order statistics, whose variance is j (n + 1 - j) / ((n + 1)^2 (n + 2))."""
    mean, found = Symmetric(Uniform(), n).moments(name)
    assert mean == pytest.approx((n - 1) / (n + 1), abs=1e-6)
    assert found == pytest.approx(variance, abs=1e-6)


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("prior", PRIORS[:3], ids=str)
def test_first_price_is_safer_than_second_and_second_than_third(prior, n):
    """By variance, and for every risk-averse seller: E[min(R, t)] is no lower at any t (Vickrey 1961; Krishna 2.3).

    A third price rises above it in variance (Monderer and Tennenholtz 2000); it needs three bidders.
    """
    game = Symmetric(prior, n)
    first, second = game.moments("first_price"), game.moments("second_price")
    assert first[0] == pytest.approx(second[0], abs=1e-6)
    assert first[1] < 0.7 * second[1]
    if n >= 3:
        assert second[1] < 0.9 * game.moments("kth_price")[1]
    samples = [revenue_of(name, seed=6, num_agents=n, values=prior)[1] for name in ("first_price", "second_price")]
    bids = game.pay_as_bid()
    for t in np.quantile(samples[1], [0.1, 0.3, 0.5, 0.7, 0.9]):
        exact = [
            float(game.highest(1) @ np.minimum(bids, t)),
            float(game.highest(2) @ np.minimum(game.values, t)),
        ]
        assert exact[0] > exact[1]
        for sample, value in zip(samples, exact, strict=True):
            cut = np.minimum(sample, t)
            assert abs(cut.mean() - value) <= ERRORS * cut.std() / np.sqrt(cut.size) + 1e-5

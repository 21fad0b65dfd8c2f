"""Every efficient symmetric format earns k E[Y_(k+1)]: known equilibria, played, against quadrature."""

import numpy as np
import pytest

import econo_env
from econo_env.valuations.priors import Beta, Exponential, Power, Uniform
from tests.known_answers.order_statistics import Symmetric
from tests.properties.games import play, strategy

MARKETS, CLOCK_MARKETS = 20_000, 6_000
PRIORS = [Uniform(), Uniform(low=0.25), Power(exponent=2.0), Exponential()]
AMOUNTS = {"bids": "amount", "largest_bid": 32.0}
SINGLE = {
    "first_price": {},
    "second_price": {},
    "kth_price": AMOUNTS,
    "all_pay": {},
    "second_price_all_pay": AMOUNTS,
    "english": {},
    "english_open": {},
    "dutch": {},
    "vickrey": {"demand": 1, "mechanism.units": 1},
    "uniform_price": {"demand": 1, "mechanism.units": 1},
    "discriminatory": {"demand": 1, "mechanism.units": 1},
    "gsp": {"click_rates": (1.0,)},
    "position_vcg": {"click_rates": (1.0,)},
    "position_first_price": {"click_rates": (1.0,)},
    "sequential_first_price": {"max_cycles": 1},
    "sequential_second_price": {"max_cycles": 1},
}
SEVERAL = ("first_price", "second_price", "vickrey", "uniform_price", "discriminatory")


def revenue_of(name, seed=0, behaviour="equilibrium", **fields):
    scenario = econo_env.load(name, **fields)
    markets = CLOCK_MARKETS if scenario.market == "clock" else MARKETS
    return scenario, play(scenario, strategy(scenario, behaviour), markets, seed).revenue


def near(revenue, exact, step=0.0):
    """Within 4 standard errors, and a step of the clock."""
    return abs(revenue.mean() - exact) <= 4 * revenue.std() / np.sqrt(revenue.size) + step + 1e-5


CASES = [(name, n) for name in SINGLE for n in (2, 3, 5) if (name, n) != ("kth_price", 2)]


QUICK = [pytest.param(*case, marks=[] if case[1] == 3 else [pytest.mark.slow]) for case in CASES]


@pytest.mark.parametrize(("name", "n"), QUICK)
@pytest.mark.parametrize("prior", PRIORS, ids=str)
def test_single_item(name, n, prior):
    behaviour = "truthful" if name == "gsp" else "equilibrium"  # with one slot it is the second-price auction
    scenario, revenue = revenue_of(name, behaviour=behaviour, num_agents=n, values=prior, **SINGLE[name])
    step = dict(scenario.mechanism).get("increment", 0.0)
    assert near(revenue, Symmetric(prior, n).mean(), step)


@pytest.mark.parametrize(("n", "k"), [(3, 2), pytest.param(5, 3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("prior", PRIORS, ids=str)
@pytest.mark.parametrize("name", [*SEVERAL, "sequential_first_price", "sequential_second_price"])
def test_several_units_one_each(name, prior, n, k):
    fields = {"max_cycles": k} if name.startswith("sequential") else {"mechanism.units": k}
    fields |= {} if name in ("first_price", "second_price") or "max_cycles" in fields else {"demand": 1}
    _, revenue = revenue_of(name, num_agents=n, values=prior, **fields)
    assert near(revenue, Symmetric(prior, n, k).mean())


COSTS = [Uniform(), Uniform(low=0.5), Beta(alpha=2.0, beta=2.0)]
MIRRORS = [(name, prior) for name in ("procurement_first_price", "procurement_second_price") for prior in COSTS]
# the third price asks c - (1 - F) / ((n - 2) f), which must not fall below 0
MIRRORS += [("procurement_kth_price", Uniform(low=low)) for low in (0.5, 0.6, 0.75)]


@pytest.mark.parametrize("n", [3, 5])
@pytest.mark.parametrize(("name", "prior"), MIRRORS, ids=str)
def test_procurement(name, prior, n):
    """The buyer pays E[second lowest cost] under every rule."""
    scenario, revenue = revenue_of(name, num_agents=n, values=prior, **AMOUNTS)
    second_lowest = Symmetric(prior, n)
    exact = float(second_lowest.highest(n - 1) @ second_lowest.values)
    assert near(scenario.ceiling - revenue, exact)


def test_a_third_price_that_would_be_asked_below_nothing_is_no_equilibrium():
    """U[0,1] and three bidders: 2c - 1 is negative for half of the costs."""
    scenario = econo_env.load("procurement_kth_price_v1", values={"name": "uniform"})
    with pytest.raises(ValueError, match=r"as little as -(1|0\.999\d*), and no bid is below 0"):
        strategy(scenario, "equilibrium")(0, np.full((1, 3, 2), 0.5))

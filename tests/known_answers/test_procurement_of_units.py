"""Procurement of several units: the mirror of the sale, revenue equivalence, and the form of `clear`."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.mechanisms.document import clear_document
from tests.baselines import baseline

NAMES = ("discriminatory", "uniform_price", "vickrey")


class Bought:
    """One round of procurement in each of many markets under `strategy`, in credits."""

    def __init__(self, name, strategy, markets=200_000, **overrides):
        scenario = econo_env.load(f"procurement_{name}", **overrides)
        market = market_of(scenario)
        engine = Engine(scenario, markets)
        engine.reset(0)
        self.costs = engine.state.values / 1e6
        engine.step(baseline(scenario, strategy)(engine.buffers.observations))
        self.state, self.utility = engine.state, engine.buffers.rewards
        self.welfare = market.welfare(scenario, engine.state, self.costs)
        self.spent = -engine.state.award.pays.sum(axis=1) / 1e6


@pytest.mark.parametrize("name", NAMES)
def test_procurement_mirrors_the_sale_exactly(name):
    """Costs are ceiling - values, asks ceiling - bids, ties included: what is received is the ceiling - payment."""
    fields = {"num_agents": 3, "demand": 2, "mechanism.reserve": 0.125, "bids": "amount", "largest_bid": 1.0}
    sale = Engine(econo_env.load(name, **fields), 4000)
    reverse = Engine(econo_env.load(f"procurement_{name}", **fields), 4000)
    sale.reset(5)
    reverse.reset(5)
    np.testing.assert_array_equal(reverse.state.values, sale.state.values[..., ::-1])
    sale.state.values[:] = 1_000_000 - reverse.state.values
    # actions in 32nds place whole micro-credits, so that nothing is rounded in the mirror
    actions = np.random.default_rng(0).integers(-32, 33, (4000, 3, 2)) / np.float32(32)
    reverse.step(actions)
    sale.step(-actions)
    np.testing.assert_array_equal(reverse.state.bids, 1_000_000 - sale.state.bids)
    np.testing.assert_array_equal(-reverse.state.award.units, sale.state.award.units)
    ceiling = 1_000_000 * sale.state.award.units
    np.testing.assert_array_equal(-reverse.state.award.pays, ceiling - sale.state.award.pays)
    np.testing.assert_allclose(reverse.buffers.rewards, sale.buffers.rewards, atol=1e-9)
    assert (sale.state.award.units.sum(axis=1) == 1).any(), "the reserve bites"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("n", "units"), [(3, 2), (5, 4)])
def test_single_unit_supply(within_errors, name, n, units):
    """Costs U[0,1], ceiling 1: the buyer pays k - k (n - k) / (n + 1) under every rule, and the lowest costs win."""
    bought = Bought(name, "equilibrium", num_agents=n, demand=1, **{"mechanism.units": units})
    assert within_errors(bought.spent, units - units * (n - units) / (n + 1))
    assert within_errors(bought.welfare.revenue, units * (n - units) / (n + 1))
    lost = bought.welfare.optimal["value"] - bought.welfare.realised["value"]
    assert np.all(np.abs(lost) < 1e-5), "but for costs that float32 actions cannot tell apart"


def test_vickrey_with_two_rising_costs(within_errors):
    """2 units, 2 suppliers, two draws of U[0,1] each: the mirror of revenue 3/5, welfare 7/5, utility 2/5."""
    bought = Bought("vickrey", "equilibrium")
    assert within_errors(bought.spent, 2 - 3 / 5)
    assert within_errors(bought.welfare.realised["value"], 7 / 5)
    assert within_errors(bought.utility[:, 0], 2 / 5)
    np.testing.assert_allclose(bought.welfare.created - bought.welfare.revenue, bought.utility.sum(axis=1), atol=1e-9)


def test_asking_the_ceiling_for_the_second_unit_is_an_equilibrium_of_uniform_price():
    """The mirror of bidding nothing for the second unit: each makes one unit and is paid the ceiling."""
    bought = Bought("uniform_price", "equilibrium", markets=1000)
    np.testing.assert_array_equal(bought.state.award.pays, -1_000_000)


def test_a_ceiling_below_the_highest_cost(within_errors):
    """Costs above it are not served; below it the rules still cost the buyer the same."""
    fields = {"num_agents": 3, "demand": 1, "procurement.ceiling": 0.6}
    spent = []
    for name in NAMES:
        bought = Bought(name, "equilibrium", **fields)
        assert not bought.state.award.units[bought.costs[..., 0] > 0.6].any()
        assert bought.utility.min() >= -2e-6
        spent.append(bought.spent)
    np.testing.assert_array_equal(spent[1], spent[2])
    # all three may be below: E = 2 E[third of three] there, else the ceiling for each that is
    below = 0.6**3 * 2 * 0.45 + 3 * 0.6**2 * 0.4 * 1.2 + 3 * 0.6 * 0.4**2 * 0.6
    assert within_errors(spent[0], below)
    assert within_errors(spent[1], below)


@pytest.mark.parametrize(
    ("name", "paid", "said"),
    [
        ("discriminatory", [-0.3, 0.0, -0.2], "bidder_0 wins 1 unit: bids 0.3; is paid 0.3, its own bids"),
        ("uniform_price", [-0.6, 0.0, -0.6], "is paid 0.6, 0.6 a unit, the lowest losing bid (bidder_0)"),
        ("vickrey", [-0.8, 0.0, -0.6], "(or the ceiling) that its units displace: 0.8"),
    ],
)
def test_the_form_of_clear(name, paid, said):
    bids = [[0.3, 0.6], [0.95], [0.2, 0.8]]
    cleared = clear_document(
        {"mechanism": {"name": name}, "units": 2, "procurement": {"ceiling": 0.9}, "bids": bids, "costs": bids}
    )
    assert cleared.allocation == [1, 0, 1]
    assert cleared.payments == pytest.approx(paid)
    assert cleared.welfare == cleared.optimal == pytest.approx(0.6 + 0.7)
    assert any(said in line for line in cleared.explanation), cleared.explanation
    assert cleared.explanation[1] == "bidder_1 made no bid"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"values": [[1.0]]}, "procurement goes with costs"),
        ({"costs": [[0.1], [0.2]]}, "costs lists 2 rows for 1 bidders"),
        ({"procurement": None, "costs": [[0.1]]}, "a sale with values"),
        ({"procurement": {"ceiling": 0.0}}, "ceiling"),
    ],
)
def test_mistakes_in_the_form_are_named(changes, said):
    document = {"mechanism": {"name": "vickrey"}, "procurement": {"ceiling": 1.0}, "bids": [[0.1]]}
    with pytest.raises(ValueError, match=said):
        clear_document(document | changes)


def test_a_scenario_says_what_procurement_needs():
    with pytest.raises(ValueError, match="set bids: amount"):
        econo_env.load("vickrey_v0", procurement={})

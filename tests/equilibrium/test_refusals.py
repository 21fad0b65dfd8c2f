"""Where no equilibrium is known it is refused, and the reason is true: playing it anyway loses what the reason says."""

import numpy as np
import pytest

import econo_env
from econo_env.markets.clock.analysis import lost_to_steps
from econo_env.markets.task_market.strategies import forgery_score
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, regrets

U_SHAPED = {"name": "beta", "alpha": 0.5, "beta": 0.5}
CAPPED = {"name": "empirical", "quantiles": np.minimum(np.linspace(0.0, 1.0, 101), 0.9).tolist()}
DETECTION = 0.5  # where a forged proof with V(byzantine) = -1 earns nothing
ONE_LOOK = {"economy.contracts.detection": 0.4, "economy.contracts.inspections": 1}


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("kth_price", {"num_agents": 4, "values": U_SHAPED}, "it falls, by up to"),
        ("kth_price", {"num_agents": 4, "values": CAPPED}, "it falls, by up to"),
        ("sequential_first_price", {"values": CAPPED}, "would have to last from round to round"),
        ("dutch", {"mechanism.increment": 0.1}, "with steps of 0.1 the equilibrium of the sealed form is none"),
        ("english", {"num_agents": 5, "mechanism.increment": 0.05}, "choose a smaller increment"),
        ("english_open", {"mechanism.extension": 0}, "it pays to call at the last moment"),
        ("english_open", {"max_cycles": 110}, "max_cycles to at least 125"),
        ("second_price", {"information": {"name": "mixture"}, "participation.entry_cost": 0.1}, "independent values"),
        ("first_price", {"values": {"name": "uniform", "high": 1e-4}}, "micro-credits"),
        ("task_market", ONE_LOOK, "forging a proof earns 0.2 of the task's value"),
        ("task_market", {"economy.contracts.stake_cap": 1.0}, "stake_cap=1.0"),
    ],
)  # fmt: skip
def test_what_is_refused(name, fields, said):
    with pytest.raises(ValueError, match=said.replace("(", r"\(").replace(".", r"\.")):
        make_policy("equilibrium", econo_env.load(name, **fields))


@pytest.mark.parametrize(
    ("fields", "pays"),
    [
        ({"economy.contracts.detection": DETECTION}, False),
        ({"economy.contracts.detection": DETECTION - 0.01}, True),
        ({"economy.contracts.detection": 0.0, "economy.contracts.byzantine": -5.0}, True),
        ({"economy.contracts.detection": 0.1, "economy.contracts.byzantine": -9.0}, False),
        # with a reserve above what a forged proof earns nobody wins by it
        ({"economy.contracts.detection": 0.4, "mechanism.reserve": 0.31}, False),
        ({"economy.contracts.detection": 0.4, "mechanism.reserve": 0.29}, True),
        # where everybody's honest work is worth more
        ({"economy.contracts.detection": 0.4, "agents.cost": {"name": "uniform", "low": 0.0, "high": 0.1},
          "agents.reliability": {"name": "uniform", "low": 0.7, "high": 1.0}}, False),
        ({"economy.contracts.detection": 0.9, "economy.contracts.stake_cap": 2.25}, False),  # a cap that never binds
    ],
)  # fmt: skip
def test_the_task_market_is_refused_where_forging_pays(fields, pays):
    scenario = econo_env.load("task_market_v0", **fields)
    if pays:
        with pytest.raises(ValueError, match="forging a proof earns"):
            make_policy("equilibrium", scenario)
    else:
        make_policy("equilibrium", scenario)


def test_a_forged_proof_earns_what_the_grades_say():
    assert forgery_score(econo_env.load("task_market_v0")) == pytest.approx(0.1 * 1.0 - 0.9 * 1.0)
    assert forgery_score(econo_env.load("task_market_v0", **{"economy.contracts.detection": 0.0})) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("detection", "reserve", "least", "most"),
    [(DETECTION, 0.0, -1.0, 1e-3), (0.4, 0.31, -1.0, 1e-3), (0.4, 0.0, 0.024, 0.036), (0.0, 0.0, 5.0, 10.0)],
)
def test_the_search_finds_forgery_where_it_pays_and_nowhere_else(detection, reserve, least, most):
    """Truth everybody, one task: the gain of the best action, relative; by integration 0.0297 at detection 0.4."""
    fields = {
        "economy.contracts.detection": detection,
        "mechanism.reserve": reserve,
        "economy.eligibility.open_share": 1.0,
        "max_cycles": 1,
    }
    scenario = econo_env.load("task_market_v0", **fields)
    (found,) = regrets(scenario, make_policy("truthful", scenario), (1, 2), budget=Budget(types=32, luck=256))
    assert least <= found.mean_gain.mean() / found.mean_utility.mean() <= most


@pytest.mark.parametrize("name", ["dutch", "english"])
def test_finer_steps_lose_less(name):
    """The loss falls with the square of the step, and the built-in clock of 0.01 is fine enough."""
    losses = [
        lost_to_steps(econo_env.load(name, max_cycles=cycles, **{"mechanism.increment": step}))
        for step, cycles in ((0.04, 26), (0.02, 51), (0.01, 101))
    ]
    assert losses[0] > 2.5 * losses[1] > 6.25 * losses[2] > 0.0
    assert losses[2] < 2e-4


def test_the_button_with_two_bidders_and_one_step():
    """Prices 0 and 1/2, U[0,1]: leaving before 1/2 draws lots at 0 where the rival leaves too.

    Staying earns v - 1/2 against a rival below 1/2 and half of that against one above; leaving v / 2 against one below.
    """
    scenario = econo_env.load("english_v0", max_cycles=2, **{"mechanism.increment": 0.5})
    values = np.linspace(0.5, 1.0, 200_001)
    stays, leaves = (values - 0.5) * 0.5 + (values - 0.5) * 0.25, values * 0.25
    low = np.linspace(0.0, 0.5, 200_001) * 0.25
    own = (stays.mean() + low.mean()) / 2
    gain = np.maximum(leaves - stays, 0.0).mean() / 2
    assert lost_to_steps(scenario) == pytest.approx(gain / own, rel=2e-3)


def test_values_that_differ_by_less_than_a_micro_credit_are_refused():
    """5 % of F = v^0.3 on [0, 0.01] lie below half a micro-credit: all drawn as 0, while bids tell them apart."""
    fields = {"values": {"name": "power", "exponent": 0.3}, "num_agents": 3}
    make_policy("equilibrium", econo_env.load("first_price_v0", **fields | {"values.high": 100.0}))
    with pytest.raises(ValueError, match=r"5\.1% of the values .* set all amounts higher"):
        make_policy("equilibrium", econo_env.load("first_price_v0", **fields | {"values.high": 0.01}))

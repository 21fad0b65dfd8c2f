"""No policy called equilibrium loses more than 0.1 % to the best deviation, whatever the scenario: or it is refused."""

import numpy as np
import pytest

import econo_env
from econo_env.policies import make_policy
from tests.equilibrium.deviations import MARKETS, best_deviation
from tests.equilibrium.random_scenarios import draw

ACCEPTED = 1e-3


def judged(seed):
    """The scenario, and what the best deviation gains; None for one that is refused."""
    scenario = draw(seed)
    if scenario is None:
        return None, None
    said = ""
    try:
        policy = make_policy("equilibrium", scenario)
    except ValueError as error:
        said = str(error)
    if said:
        assert said.startswith(scenario.id)
        assert "use " in said or "set " in said or "choose " in said, f"what to do instead: {said}"
        return scenario, None
    if scenario.market == "clock":
        return scenario, 0.0  # judged by steps: see test_clock_steps
    loss = best_deviation(scenario, policy)
    # mixtures of eight bidders who earn little need a larger sample before a loss is one, and not its noise
    return scenario, loss if loss <= ACCEPTED else best_deviation(scenario, policy, 16 * MARKETS)


def hold(seeds, least):
    found = [(seed, *judged(seed)) for seed in seeds]
    off = [(seed, loss, scenario) for seed, scenario, loss in found if loss is not None and loss > ACCEPTED]
    assert not off, off
    assert sum(loss is not None for _, _, loss in found) >= least


def test_random_scenarios():
    hold(range(52), least=22)


@pytest.mark.slow
def test_three_hundred_random_scenarios():
    hold(range(52, 352), least=130)


CAPPED = {"name": "empirical", "quantiles": np.minimum(np.linspace(0.0, 1.0, 101), 0.9).tolist()}


@pytest.mark.parametrize("name", ["first_price", "all_pay", "second_price_all_pay", "discriminatory"])
@pytest.mark.parametrize("n", [2, 5])
def test_an_atom_at_the_top_is_mixed_over(name, n):
    """U[0,1] capped at its 90 % quantile: bidding one amount there loses 1.3 % (n = 2) to 8 % (n = 5)."""
    fields = {"num_agents": n, "values": CAPPED} | ({"demand": 1, "mechanism.units": 1} if name[0] == "d" else {})
    fields |= {"largest_bid": 40.0} if name.startswith("second") else {}
    scenario = econo_env.load(name, **fields)
    assert best_deviation(scenario, make_policy("equilibrium", scenario)) <= ACCEPTED


class Wrong:
    """The equilibrium, off by a factor."""

    def __init__(self, scenario, factor):
        self.right, self.scenario, self.factor = make_policy("equilibrium", scenario), scenario, factor

    def reset(self, seed):
        self.right.reset(seed)

    def act(self, observations, mask):
        actions = self.right.act(observations, mask)
        return ((1.0 + actions) * np.float32(self.factor) - 1.0).astype(np.float32)


@pytest.mark.parametrize("name", ["first_price", "all_pay", "kth_price", "position_first_price"])
def test_the_search_catches_bids_that_are_three_percent_off(name):
    scenario = econo_env.load(name, num_agents=3)
    right = best_deviation(scenario, Wrong(scenario, 1.0))
    assert right <= ACCEPTED / 4
    assert best_deviation(scenario, Wrong(scenario, 0.97 if name != "kth_price" else 1.03)) > max(3 * right, 5e-4)


def test_one_bid_for_an_atom_is_caught():
    """The middle of the mixture, made by all of that value."""
    scenario = econo_env.load("first_price_v0", num_agents=5, values=CAPPED)
    policy = make_policy("equilibrium", scenario)
    policy._mixes = False
    assert best_deviation(scenario, policy) > 0.01

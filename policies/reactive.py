"""Reactive strategies: rules that answer what they see, without memory or learning."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.scenario import Scenario
from policies.base import Actions, Mask, Observations, Row, masked

CONSERVATIVE = 0.8
AGGRESSIVE = 1.2


class Truthful:
    """Bids the own value, reports the own cost."""

    def __init__(self, scenario: Scenario, seed: int = 0, *, name: str = "truthful") -> None:
        self.name, self.scenario = name, scenario
        self._market = scenario.market_module()
        _require(self._market, "truthful_actions", name, scenario)

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The true report of every agent."""
        return masked(self._market.truthful_actions(self.scenario, observations), mask)


class Scaled:
    """Bids a fixed multiple of the own value.

    Attributes:
        factor: The multiple, above 0: below 1 shades, above 1 overbids.
    """

    def __init__(self, scenario: Scenario, seed: int = 0, *, factor: float = 0.9, name: str = "shading") -> None:
        if not 0.0 <= float(factor) <= 2.0:
            raise ValueError(f"factor={factor!r}: a bid is between 0 and 2 times the value")
        self.name, self.scenario, self.factor = name, scenario, float(factor)
        self._market = scenario.market_module()
        _require(self._market, "scaled_actions", name, scenario)

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """`factor` times the truth for every agent."""
        return masked(self._market.scaled_actions(self.scenario, observations, self.factor), mask)


class _Seeded:
    """Draws that depend on the seed and the number of the call alone.

    The first markets of a large batch draw what a smaller batch draws.
    """

    def __init__(self, scenario: Scenario, seed: int, name: str) -> None:
        self.name, self.scenario = name, scenario
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Returns to the first draw of a seed, an integer of at least 0."""
        if int(seed) < 0:
            raise ValueError(f"seed={seed!r} must be an integer of at least 0")
        self._key = np.random.SeedSequence(int(seed)).generate_state(2, np.uint64)
        self._calls = 0

    def _draw(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        # the call number is the highest word of the counter: calls never overlap, however much one of them draws
        philox = np.random.Philox(key=self._key, counter=[0, 0, 0, self._calls])
        self._calls += 1
        return np.random.Generator(philox).random(shape)


class ZeroIntelligence(_Seeded):
    """Zero intelligence, constrained: bids uniformly between 0 and the own value, never at a loss.

    Gode and Sunder, "Allocative efficiency of markets with zero-intelligence traders", JPE 101 (1993).
    """

    def __init__(self, scenario: Scenario, seed: int = 0, *, name: str = "zero_intelligence") -> None:
        super().__init__(scenario, seed, name)
        self._market = scenario.market_module()
        _require(self._market, "scaled_actions", name, scenario)

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """A uniform share of the truth for every agent."""
        # observed values are float32: a share this close to 1 could round to a bid above the value
        shares = self._draw(np.shape(mask)) * (1.0 - 1e-6)
        return masked(self._market.scaled_actions(self.scenario, observations, shares), mask)


class Random(_Seeded):
    """Uniform actions: the baseline that knows nothing, not even its own value."""

    def __init__(self, scenario: Scenario, seed: int = 0, *, name: str = "random") -> None:
        super().__init__(scenario, seed, name)
        self._components = len(scenario.market_module().action_names(scenario))

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Uniform draws in [-1, 1] for every agent and component."""
        draws = self._draw((*np.shape(mask), self._components))
        return masked((2.0 * draws - 1.0).astype(np.float32), mask)


class Equilibrium:
    """The Bayes-Nash equilibrium in closed form, or found numerically; a scenario without either is refused at once.

    Attributes:
        note: How near a numerical solution is to an equilibrium; empty for a closed form.
    """

    def __init__(self, scenario: Scenario, seed: int = 0, *, name: str = "equilibrium") -> None:
        self.name, self.scenario = name, scenario
        self._market = scenario.market_module()
        _require(self._market, "equilibrium_actions", name, scenario)
        self._market.equilibrium_actions(scenario, np.zeros((1, len(self._market.observation_names(scenario)))))
        solution = self._market.numerical_solution(scenario) if hasattr(self._market, "numerical_solution") else None
        self.note = "" if solution is None else str(solution)

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The equilibrium action of every agent."""
        return masked(self._market.equilibrium_actions(self.scenario, observations), mask)


def _require(market: Any, function: str, name: str, scenario: Scenario) -> None:
    if not hasattr(market, function):
        raise ValueError(f"policy {name!r} is not defined for {scenario.id}: its market offers no {function}")


POLICIES = (
    Row("truthful", "Bids the own value.", Truthful),
    Row("shading", "Bids `factor` (0.9) times the own value.", Scaled, ("factor",)),
    Row("conservative", "Bids 0.8 times the own value.", partial(Scaled, factor=CONSERVATIVE, name="conservative")),
    Row("aggressive", "Bids 1.2 times the own value.", partial(Scaled, factor=AGGRESSIVE, name="aggressive")),
    Row("zero_intelligence", "Bids uniformly between 0 and the own value.", ZeroIntelligence),
    Row("random", "Draws uniform actions.", Random),
    Row("equilibrium", "Plays the Bayes-Nash equilibrium, in closed form or found numerically.", Equilibrium),
)

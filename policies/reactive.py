"""Reactive strategies: rules that answer what they see, without memory or learning."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from econo_env.baselines import BidActions
from econo_env.economy.action import actions_of
from econo_env.levers import require_constant
from econo_env.market import market_of, offered
from econo_env.policies.luck import scrambled, uniforms
from econo_env.policy import Actions, Mask, Observations, Row, masked
from econo_env.scenario import Scenario

CONSERVATIVE = 0.8
AGGRESSIVE = 1.2


@runtime_checkable
class _OfBids(Protocol):
    """A scenario that says what a bid means, `share_of_value` or `amount`."""

    bids: str


class Truthful:
    """Bids the own value, reports the own cost."""

    def __init__(self, scenario: Scenario, seed: int = 0, *, name: str = "truthful") -> None:
        self.name, self.scenario = name, scenario

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The true report of every agent."""
        return masked(market_of(self.scenario).baselines.truthful(self.scenario, observations), mask)


class Scaled:
    """Bids a fixed multiple of the own value.

    Attributes:
        factor: The multiple, above 0: below 1 shades, above 1 overbids.
    """

    def __init__(self, scenario: Scenario, seed: int = 0, *, factor: float = 0.9, name: str = "shading") -> None:
        if not 0.0 <= float(factor) <= 2.0:
            raise ValueError(f"factor={factor!r}: a bid is between 0 and 2 times the value")
        self.name, self.scenario, self.factor = name, scenario, float(factor)
        _scaled(scenario)

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """`factor` times the truth for every agent."""
        return masked(_scaled(self.scenario)(self.scenario, observations, self.factor), mask)


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

    def _draw_limits(self, observations: Observations, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Draws for bids; where bidders keep to limits, the same one at every tick of an episode.

        There a draw depends on the seed, the seat and the own values, which hold for the episode and no longer.
        """
        if not market_of(self.scenario).baselines.keeps_limits:
            return self._draw(shape)
        values = np.broadcast_to(_bids(self.scenario).values(self.scenario, observations), shape)
        places = np.arange(values.size, dtype=np.uint64).reshape(shape)
        mixed = scrambled(scrambled(scrambled(places + self._key[0]) ^ self._key[1]) ^ values.copy().view(np.uint64))
        return uniforms(mixed)


class ZeroIntelligence(_Seeded):
    """Zero intelligence, constrained: bids uniformly between 0 and the own value, never at a loss.

    A clock's limit is drawn once a sale.

    Gode and Sunder, "Allocative efficiency of markets with zero-intelligence traders", JPE 101 (1993).
    """

    def __init__(self, scenario: Scenario, seed: int = 0, *, name: str = "zero_intelligence") -> None:
        super().__init__(scenario, seed, name)
        _scaled(scenario)

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """A uniform share of the truth for every agent."""
        # observed values are float32: a share this close to 1 could round to a bid above the value
        shares = self._draw_limits(observations, np.shape(mask)) * (1.0 - 1e-6)
        return masked(_scaled(self.scenario)(self.scenario, observations, shares), mask)


class Random(_Seeded):
    """The baseline that knows nothing, not even its own value: uniform actions, those in the economy too.

    Where an action is a share of the own value, uniform bids from 0 to the highest value instead, drawn once a sale of
    a clock, as far as actions reach: at most twice the own value.
    """

    def __init__(self, scenario: Scenario, seed: int = 0, *, name: str = "random") -> None:
        super().__init__(scenario, seed, name)
        self._components = len(market_of(scenario).action_names(scenario))
        self._added = len(actions_of(scenario.parts()))
        self._of_values = isinstance(scenario, _OfBids) and scenario.bids == "share_of_value"

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Uniform draws for every agent and component."""
        shape = (*np.shape(mask), self._components)
        if not self._of_values:
            return masked((2.0 * self._draw(shape) - 1.0).astype(np.float32), mask)
        values = np.shape(_bids(self.scenario).values(self.scenario, observations))
        bids = self._draw_limits(observations, values) * self._highest()
        actions = _bids(self.scenario).place(self.scenario, observations, bids)
        if self._added:
            actions[..., -self._added :] = 2.0 * self._draw((*np.shape(mask), self._added)) - 1.0
        return masked(actions, mask)

    def _highest(self) -> float:
        """The value at which the own value's observation is 1, in credits."""
        ones = np.ones((1, len(market_of(self.scenario).observations(self.scenario))))
        return float(np.max(_bids(self.scenario).values(self.scenario, ones)))


class Equilibrium(_Seeded):
    """The Bayes-Nash equilibrium in closed form, or found numerically; a scenario without either is refused at once.

    Where bidders share a value that is an atom of their prior they mix: one draw a seat and round, and one a sale of a
    clock, so let one policy play the same seats throughout.

    It is that of one tick, or of a sale that goes through several. In the task market truth is dominant in each task
    under full liability where forging a proof earns nothing, and over a whole episode only while reputation opens
    nothing: `econo-env evaluate` tells the one as `relative_gain`, the other as `episode_relative_gain`, and where
    either speaks against the name says so.

    Attributes:
        note: How near a numerical solution is to an equilibrium; empty for a closed form.
    """

    def __init__(self, scenario: Scenario, seed: int = 0, *, name: str = "equilibrium") -> None:
        self.name, self.scenario = name, scenario
        if (scenario.economy or {}).keys() - market_of(scenario).baselines.holds_with:
            raise ValueError(
                f"{scenario.id}: no equilibrium is known for bidders with stake, default or reputation; use truthful, "
                "shading or a trained run instead"
            )
        require_constant(scenario, "an equilibrium")
        market = market_of(scenario)
        _equilibrium(scenario)(scenario, np.zeros((1, len(market.observations(scenario)))))
        solution = None if market.solver.solution is None else market.solver.solution(scenario)
        self.note = "" if solution is None else str(solution)
        self._mixes = has_atoms(scenario)
        super().__init__(scenario, seed, name)

    def reset(self, seed: int) -> None:
        """Returns to the first draw of a seed; without effect where nothing is mixed."""
        super().reset(seed)
        self._kept: NDArray[np.float64] | None = None

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The equilibrium action of every agent."""
        if not self._mixes:
            return masked(_equilibrium(self.scenario)(self.scenario, observations), mask)
        luck = self._luck(observations, np.shape(mask))
        return masked(_equilibrium(self.scenario)(self.scenario, observations, luck), mask)

    def _luck(self, observations: Observations, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """A draw for each seat, which lasts a sale where the market tells that one begins."""
        luck = self._draw(shape)
        begins = market_of(self.scenario).baselines.sale_begins
        if self._kept is not None and self._kept.shape == shape and begins is not None:
            luck = np.where(begins(self.scenario, observations), luck, self._kept)
        self._kept = luck
        return luck


def has_atoms(scenario: Scenario) -> bool:
    """Whether several draws of a type may be the same, so that an equilibrium may be mixed."""
    market, shares = market_of(scenario), np.linspace(0.0, 1.0, 4097)
    points = np.repeat(shares[:, None], len(market.types.names(scenario)), axis=1)
    first = (seats[0] for seats in market.roles(scenario))
    return any(bool(np.any(np.diff(market.types.at(scenario, seat, points)[:, :1], axis=0) == 0.0)) for seat in first)


def _scaled(scenario: Scenario) -> Callable[..., Actions]:
    return offered(market_of(scenario).baselines.scaled, "multiples of the truth", scenario)


def _equilibrium(scenario: Scenario) -> Callable[..., Actions]:
    return offered(market_of(scenario).baselines.equilibrium, "equilibrium", scenario)


def _bids(scenario: Scenario) -> BidActions[Any]:
    return offered(market_of(scenario).baselines.bids, "bids in credits", scenario)


POLICIES = (
    Row("truthful", "Bids the own value.", Truthful),
    Row("shading", "Bids `factor` (0.9) times the own value.", Scaled, ("factor",)),
    Row("conservative", "Bids 0.8 times the own value.", partial(Scaled, factor=CONSERVATIVE, name="conservative")),
    Row("aggressive", "Bids 1.2 times the own value.", partial(Scaled, factor=AGGRESSIVE, name="aggressive")),
    Row("zero_intelligence", "Bids uniformly between 0 and the own value.", ZeroIntelligence),
    Row("random", "Draws uniform bids or actions, whatever the own value.", Random),
    Row("equilibrium", "Plays the Bayes-Nash equilibrium, in closed form or found numerically.", Equilibrium),
)

"""Evolution of parameters: CMA-ES by `cmaes`, and replies of bidders that it finds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from econo_env.games.normal_form import Floats
from econo_env.policies.emergent.bid_curve import BidCurve
from econo_env.training.populations.empirical import EmpiricalGame, returns
from econo_env.training.trainer import derived_seed


@dataclass(frozen=True)
class Evolved:
    """What an evolution found.

    Attributes:
        best: The mean of the last generation's distribution, (parameters,), within the bounds.
        path: The mean of every generation, (generations, parameters).
        fitness: Of the best of every generation, (generations,).
    """

    best: Floats
    path: Floats
    fitness: Floats


def evolve(
    fitness: Callable[[Floats], float],
    start: ArrayLike,
    *,
    spread: float,
    bounds: tuple[float, float],
    generations: int,
    size: int | None = None,
    seed: int = 0,
) -> Evolved:
    """Maximises a function by CMA-ES (Hansen and Ostermeier 2001).

    Args:
        fitness: Of parameters, (parameters,); the greater the better. Let it use the same luck for all.
        start: The first mean.
        spread: The first standard deviation of each parameter, above 0.
        bounds: Of each parameter.
        generations: At most; it stops where the distribution has shrunk to nothing.
        size: Of a generation; by default 4 + 3 ln(parameters).
        seed: Of the draws.

    Raises:
        ImportError: The library is missing.
        ValueError: The start lies outside the bounds, or a setting is out of range.
    """
    first = np.atleast_1d(np.asarray(start, dtype=np.float64))
    low, high = bounds
    if not (low < high and (first >= low).all() and (first <= high).all() and spread > 0.0 and generations >= 1):
        raise ValueError(f"{start=}, {bounds=}, {spread=}, {generations=}: a start within bounds, the others above 0")
    widened = len(first) == 1  # the method needs two parameters; the second is one that nothing depends on
    mean = np.append(first, 0.5 * (low + high)) if widened else first
    limits = np.tile([low, high], (len(mean), 1))
    search = _library().CMA(mean=mean, sigma=spread, bounds=limits, seed=seed % 2**32, population_size=size)
    path, best = [], []
    for _ in range(generations):
        asked = [search.ask() for _ in range(search.population_size)]
        found = [fitness(one[: len(first)]) for one in asked]
        search.tell([(one, -value) for one, value in zip(asked, found, strict=True)])
        path.append(np.clip(search.mean[: len(first)], low, high))
        best.append(max(found))
        if search.should_stop():
            break
    return Evolved(path[-1], np.array(path), np.array(best))


@dataclass(frozen=True)
class CurveOracle:
    """Finds replies among bid functions by CMA-ES: an oracle for policy-space responses.

    Attributes:
        knots: Of a bid function.
        generations: Of each search.
        markets: Markets that a bid function is judged in.
        highest: Largest share of the value that is bid.
        seed: Of the draws.
    """

    knots: int = 6
    generations: int = 40
    markets: int = 4096
    highest: float = 1.0
    seed: int = 0

    def __call__(self, game: EmpiricalGame, mixtures: Sequence[Floats], role: int, number: int) -> BidCurve:
        """The bid function that earns most in one seat of a role while all others play the mixtures."""
        scenario, seat = game.scenario, game.roles[role][0]
        others = game.mixture(mixtures, derived_seed(self.seed, 1, number))
        luck = derived_seed(self.seed, 2, number, role)

        def earns(shares: Floats) -> float:
            seated = dict.fromkeys(range(scenario.num_agents), others) | {seat: BidCurve(scenario, shares)}
            return float(returns(scenario, seated, luck, self.markets)[seat])

        start = np.full(self.knots, 0.5 * self.highest)
        found = evolve(
            earns, start, spread=0.2 * self.highest, bounds=(0.0, self.highest), generations=self.generations,
            seed=derived_seed(self.seed, 3, number, role),
        )  # fmt: skip
        return BidCurve(scenario, found.best)


def _library() -> Any:
    try:
        import cmaes
    except ImportError:
        raise ImportError("evolution by CMA-ES needs its library: pip install 'econo-env[evolution]'") from None
    return cmaes

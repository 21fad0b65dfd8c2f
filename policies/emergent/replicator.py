"""Replicator dynamics: what earns more than the mean grows (Taylor and Jonker 1978), and what takes over by chance."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

Floats = NDArray[np.float64]
Fitness = Callable[[Floats], Floats]
"""What each strategy earns in a population of given shares, both (strategies,)."""


def _shares(shares: ArrayLike) -> Floats:
    start = np.asarray(shares, dtype=np.float64)
    if start.ndim != 1 or not np.isfinite(start).all() or (start < 0.0).any() or abs(start.sum() - 1.0) > 1e-9:
        raise ValueError(f"shares={shares!r}: numbers from 0 on that add up to 1")
    return start


def meeting(payoffs: ArrayLike) -> Fitness:
    """Fitness where each meets one other at random: payoffs (strategies, strategies), the own one first."""
    table = np.asarray(payoffs, dtype=np.float64)
    return lambda shares: np.asarray(table @ shares)


def replicate(fitness: Fitness, shares: ArrayLike, generations: int, *, strength: float | None = None) -> Floats:
    """Generations that follow each other: x <- x f / mean f, or with a strength x <- x exp(strength (f - mean f)).

    Args:
        fitness: What strategies earn; above 0 without a strength.
        shares: At first, (strategies,).
        generations: How many.
        strength: Of selection, in the exponential form.

    Returns:
        Shares of every generation, the first included, (generations + 1, strategies).

    Raises:
        ValueError: Shares do not add up to 1, or without a strength a fitness is not above 0.
    """
    path = [_shares(shares)]
    for _ in range(generations):
        now = path[-1]
        earned = fitness(now)
        if strength is not None:
            grown = now * np.exp(strength * (earned - now @ earned))
        elif (earned[now > 0.0] <= 0.0).any():
            raise ValueError(f"fitness {earned.min():g}: shares grow by it, so it must be above 0; or give a strength")
        else:
            grown = now * earned
        path.append(grown / grown.sum())
    return np.array(path)


def replicator_path(fitness: Fitness, shares: ArrayLike, times: ArrayLike) -> Floats:
    """The continuous dynamics dx/dt = x (f - mean f) at given times, (times, strategies); to about 1e-9."""
    start, when = _shares(shares), np.asarray(times, dtype=np.float64)

    def grows(_: float, now: Floats) -> Floats:
        earned = fitness(now)
        change: Floats = now * (earned - now @ earned)
        return change

    found = solve_ivp(grows, (0.0, float(when.max())), start, t_eval=when, method="DOP853", rtol=1e-11, atol=1e-13)
    path: Floats = found.y.T
    return path


def fixation(payoffs: ArrayLike, population: int, intensity: float) -> float:
    """The chance that one mutant takes a population over in a Moran process (Nowak et al. 2004).

    Fitness is 1 - w + w pi, nobody plays itself: rho = 1 / (1 + sum_k prod_{i <= k} g_i / f_i).

    Args:
        payoffs: (2, 2): of mutant and resident against mutant and resident.
        population: How many live, from 2 on.
        intensity: w, of selection, 0 to 1.

    Raises:
        ValueError: Something is out of range, or a fitness is not above 0.
    """
    (a, b), (c, d) = np.asarray(payoffs, dtype=np.float64)
    if population < 2 or not 0.0 <= intensity <= 1.0:
        raise ValueError(f"population={population}, intensity={intensity}: at least 2, and from 0 to 1")
    mutants = np.arange(1, population)
    mutant = 1.0 - intensity + intensity * (a * (mutants - 1) + b * (population - mutants)) / (population - 1)
    resident = 1.0 - intensity + intensity * (c * mutants + d * (population - mutants - 1)) / (population - 1)
    if (mutant <= 0.0).any() or (resident <= 0.0).any():
        raise ValueError(f"intensity={intensity}: a fitness is not above 0; choose a smaller one")
    return float(1.0 / (1.0 + np.cumprod(resident / mutant).sum()))


def wright_fisher(
    payoffs: ArrayLike,
    share: float,
    population: int,
    generations: int,
    strength: float,
    *,
    runs: int,
    seed: int,
    shuffled: bool = False,
) -> Floats:
    """Finite populations of two strategies: every generation is drawn anew in proportion to exp(strength payoff).

    Nobody plays itself. With `shuffled` payoffs are dealt out among all who live before they count: selection that
    knows nothing of strategies.

    Args:
        payoffs: (2, 2), the own strategy first.
        share: Of the first strategy at first, 0 to 1.
        population: How many live, from 2 on.
        generations: How many follow the first.
        strength: Of selection, from 0 on.
        runs: Independent populations.
        seed: Of their luck.
        shuffled: See above.

    Returns:
        Shares of the first strategy, (generations + 1, runs).

    Raises:
        ValueError: Something is out of range.
    """
    table = np.asarray(payoffs, dtype=np.float64)
    if table.shape != (2, 2) or not 0.0 <= share <= 1.0 or population < 2 or strength < 0.0:
        raise ValueError(
            f"payoffs of shape {table.shape}, {share=}, {population=}, {strength=}: (2, 2), from 0 to 1, at least 2, "
            "from 0 on"
        )
    luck = np.random.default_rng(seed)
    first = np.full(runs, round(share * population), dtype=np.int64)
    path = [first / population]
    for _ in range(generations):
        second = population - first
        own = (table[0, 0] * (first - 1) + table[0, 1] * second) / (population - 1)
        other = (table[1, 0] * first + table[1, 1] * (second - 1)) / (population - 1)
        weight, apart = np.exp(strength * own), np.exp(strength * other)
        kept = luck.hypergeometric(first, second, first) if shuffled else first
        mine = kept * weight + (first - kept) * apart
        whole = first * weight + second * apart
        first = luck.binomial(population, np.clip(mine / whole, 0.0, 1.0))
        path.append(first / population)
    return np.array(path)


def finite_populations(
    payoffs: ArrayLike,
    shares: ArrayLike,
    population: int,
    generations: int,
    strength: float,
    mutation: float,
    *,
    runs: int,
    seed: int,
) -> Floats:
    """Finite populations of any number of strategies, with mutation: each generation is drawn anew.

    A child has the strategy of a parent drawn in proportion to exp(strength payoff), or with the chance `mutation` any.
    Populations are large: that nobody plays itself is left out.

    Args:
        payoffs: (strategies, strategies), the own strategy first.
        shares: At first, (strategies,).
        population: How many live, from 2 on.
        generations: How many follow the first.
        strength: Of selection, from 0 on.
        mutation: From 0 to 1.
        runs: Independent populations.
        seed: Of their luck.

    Returns:
        Shares, (generations + 1, runs, strategies).

    Raises:
        ValueError: Something is out of range.
    """
    table, start = np.asarray(payoffs, dtype=np.float64), _shares(shares)
    fits = table.shape == (len(start), len(start)) and population >= 2
    if not (fits and strength >= 0.0 and 0.0 <= mutation <= 1.0):
        raise ValueError(
            f"payoffs of shape {table.shape} for {len(start)} strategies, {population=}, {strength=}, {mutation=}: a "
            "square table, at least 2, from 0 on, from 0 to 1"
        )
    luck, now = np.random.default_rng(seed), np.tile(start, (runs, 1))
    path = [now]
    for _ in range(generations):
        earned = now @ table.T
        grown = now * np.exp(strength * (earned - earned.max(axis=1, keepdims=True)))
        parents = grown / grown.sum(axis=1, keepdims=True)
        now = luck.multinomial(population, (1.0 - mutation) * parents + mutation / len(start)) / population
        path.append(now)
    return np.array(path)

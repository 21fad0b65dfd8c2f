"""Learners that hear what their own choice earned, put together from their options."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from econo_env.engine.state import Float64s
from econo_env.policies.adaptive import bandits, reinforcement
from econo_env.policies.adaptive import regime_filter as filtering
from econo_env.policies.adaptive import sensing as change_sensing
from econo_env.policies.adaptive.arms import grid_of
from econo_env.policies.adaptive.counterfactual import DEAF, hearing
from econo_env.policies.adaptive.learner import Learner
from econo_env.policies.adaptive.situations import Situations
from econo_env.policies.options import between, whole
from econo_env.scenario import Scenario

_HORIZON = 10_000


def _scale(least_reward: float, largest_reward: float) -> float:
    """What credits are multiplied by, so that rewards are from 0 to 1."""
    if not float(least_reward) < float(largest_reward) < math.inf or float(least_reward) == -math.inf:
        raise ValueError(f"least_reward={least_reward!r} must lie below largest_reward={largest_reward!r}, both finite")
    return 1.0 / (float(largest_reward) - float(least_reward))


def exp3(
    scenario: Scenario,
    seed: int = 0,
    *,
    exploration: float | None = None,
    share: float = 0.0,
    horizon: int = _HORIZON,
    least_reward: float = 0.0,
    largest_reward: float = 1.0,
    sees: Mapping[str, int] | None = None,
    num_threads: int = 1,
    **grid: Any,
) -> Learner:
    """EXP3; EXP3.S with a share, which forgets.

    Args:
        scenario: The market.
        seed: Of its luck.
        exploration: Gamma in (0, 1]; by default min(1, sqrt(K ln K / ((e - 1) horizon))), tuned for the horizon.
        share: Alpha of EXP3.S, from 0 to 1: what every arm gets of all weight, 1 / horizon where it should follow
            switches.
        horizon: Choices that exploration is tuned for.
        least_reward: Credits: rewards are read as 0 here ...
        largest_reward: ... and as 1 there; the bound holds for rewards between them.
        sees: Features that tell situations apart, with bins.
        num_threads: Threads that share the markets; results do not depend on it.
        **grid: See `grid_of`.
    """
    arms = grid_of(scenario, **grid)
    count, scale = len(arms.levels), _scale(least_reward, largest_reward)
    tuned = min(
        1.0, math.sqrt(count * math.log(count) / ((math.e - 1.0) * whole("horizon", horizon, 1, 10**12, "choices")))
    )
    gamma = tuned if exploration is None else between("exploration", exploration, 0.0, 1.0, open_low=True)
    params = bandits.Exp3Params(gamma, between("share", share, 0.0, 1.0), float(least_reward), scale)
    known = Situations(scenario, sees or {})
    start = np.ones(1)
    steps, threads = (bandits.exp3_learn, bandits.exp3_choose), num_threads
    return Learner("exp3", scenario, arms, known, *steps, params, start, seed=seed, num_threads=threads)


def upper_bound(
    scenario: Scenario,
    seed: int = 0,
    *,
    forgetting: float = 1.0,
    width: float = 0.5,
    least_reward: float = 0.0,
    largest_reward: float = 1.0,
    sees: Mapping[str, int] | None = None,
    num_threads: int = 1,
    **grid: Any,
) -> Learner:
    """The arm of the largest upper confidence bound, with counts that fade by `forgetting` in (0, 1] a choice."""
    arms, scale = grid_of(scenario, **grid), _scale(least_reward, largest_reward)
    fades, wide = between("forgetting", forgetting, 0.0, 1.0, open_low=True), between("width", width, 0.0, 100.0)
    params = bandits.BoundParams(fades, wide, float(least_reward), scale)
    known, start = Situations(scenario, sees or {}), np.zeros(1)
    steps, threads = (bandits.bound_learn, bandits.bound_choose), num_threads
    return Learner("ucb", scenario, arms, known, *steps, params, start, seed=seed, num_threads=threads)


def sensing(
    scenario: Scenario,
    seed: int = 0,
    *,
    exploration: float = 0.05,
    width: float = 0.005,
    drift: float = 0.05,
    limit: float = 1.0,
    floor: float = 0.0,
    least_reward: float = 0.0,
    largest_reward: float = 1.0,
    sees: Mapping[str, int] | None = None,
    num_threads: int = 1,
    **grid: Any,
) -> Learner:
    """CUSUM-UCB: upper confidence bounds that begin anew where payoffs have changed, above a floor.

    Args:
        scenario: The market.
        seed: Of its luck.
        exploration: Share of choices by lot, in which changes of arms that are not played are found.
        width: Of the confidence bounds.
        drift: What a payoff may lie off its arm's mean at no charge, as a share of the range of rewards.
        limit: Of the sums beyond that, as a share of the range; larger means fewer false alarms and later true ones.
        floor: Credits: arms that are known to earn less are left while there are others; 0 is what staying out earns.
        least_reward: Credits: rewards are read as 0 here ...
        largest_reward: ... and as 1 there.
        sees: Features that tell situations apart, with bins.
        num_threads: Threads that share the markets; results do not depend on it.
        **grid: See `grid_of`.
    """
    scale = _scale(least_reward, largest_reward)
    params = change_sensing.SensingParams(
        between("exploration", exploration, 0.0, 1.0),
        between("width", width, 0.0, 100.0),
        between("drift", drift, 0.0, 1.0),
        between("limit", limit, 0.0, math.inf, open_low=True),
        (between("floor", floor, -math.inf, math.inf) - float(least_reward)) * scale,
        float(least_reward),
        scale,
    )
    arms, known, start = grid_of(scenario, **grid), Situations(scenario, sees or {}), np.zeros(1)
    steps = (change_sensing.sensing_learn, change_sensing.sensing_choose)
    return Learner(
        "sensing", scenario, arms, known, *steps, params, start, seed=seed, window=2, num_threads=num_threads
    )


def regime_filter(
    scenario: Scenario,
    seed: int = 0,
    *,
    regimes: int = 5,
    hazard: float = 0.01,
    novelty: float = 0.001,
    surprise: float = 0.2,
    most: float = 200.0,
    exploration: float = 0.05,
    patience: float = 1000.0,
    width: float = 0.005,
    floor: float = 0.0,
    least_reward: float = 0.0,
    largest_reward: float = 1.0,
    sees: Mapping[str, int] | None = None,
    num_threads: int = 1,
    **grid: Any,
) -> Learner:
    """Thompson sampling among remembered regimes, by a filter on what its arms paid.

    Args:
        scenario: The market.
        seed: Of its luck.
        regimes: Places for regimes, 2 or more; one stays empty, for the next unknown one.
        hazard: Chance in a choice that another known regime begins.
        novelty: Chance in a choice that an unknown one begins.
        surprise: An arm is tried once more whose payoff had less than this times the chance of any payoff.
        most: Payoffs of an arm in a regime beyond which all count half.
        exploration: Share of choices by lot when a regime has just been found ...
        patience: ... and half of that after so many choices without another new one.
        width: Of the confidence bounds.
        floor: Credits: arms that are known to earn less are left while there are others; 0 is what staying out earns.
        least_reward: Credits: rewards are read as 0 here ...
        largest_reward: ... and as 1 there.
        sees: Features that tell situations apart, with bins.
        num_threads: Threads that share the markets; results do not depend on it.
        **grid: See `grid_of`.
    """
    scale = _scale(least_reward, largest_reward)
    params = filtering.FilterParams(
        whole("regimes", regimes, 2, 100),
        between("hazard", hazard, 0.0, 1.0, open_low=True),
        between("novelty", novelty, 0.0, 1.0, open_low=True),
        between("surprise", surprise, 0.0, 1.0),
        between("most", most, 2.0, math.inf),
        between("exploration", exploration, 0.0, 0.99),
        between("patience", patience, 0.0, math.inf, open_low=True),
        between("width", width, 0.0, 100.0),
        (between("floor", floor, -math.inf, math.inf) - float(least_reward)) * scale,
        float(least_reward),
        scale,
    )
    arms, known, start = grid_of(scenario, **grid), Situations(scenario, sees or {}), np.zeros(1)
    steps = (filtering.filter_learn, filtering.filter_choose)
    return Learner(
        "regime_filter",
        scenario,
        arms,
        known,
        *steps,
        params,
        start,
        seed=seed,
        regimes=params.regimes,
        bins=filtering.BINS,
        notes=filtering.NOTES,
        num_threads=num_threads,
    )


def q_learning(
    scenario: Scenario,
    seed: int = 0,
    *,
    rate: float = 0.15,
    discount: float = 0.95,
    exploration: float = 1.0,
    decay: float = 1e-3,
    initial: ArrayLike = 0.0,
    feedback: bool = False,
    sees: Mapping[str, int] | None = None,
    num_threads: int = 1,
    **grid: Any,
) -> Learner:
    """Q-learning with exploration that fades, as in the literature on algorithmic pricing.

    Args:
        scenario: The market.
        seed: Of its luck.
        rate: Alpha in (0, 1].
        discount: From 0 to below 1.
        exploration: Chance to explore at first, 0 to 1; any arm alike.
        decay: Beta: the chance is exploration * exp(-beta t) after t choices.
        initial: Q before anything is known, credits: one number, one an arm, or (situations, arms). It decides much:
            optimistic values are tried out one by one.
        feedback: Every arm is learned from, by what it would have earned; needs a market that shows all bids.
        sees: Features that tell situations apart, with bins; none is a learner without memory.
        num_threads: Threads that share the markets; results do not depend on it.
        **grid: See `grid_of`.
    """
    arms, known = grid_of(scenario, **grid), Situations(scenario, sees or {})
    params = bandits.QParams(
        between("rate", rate, 0.0, 1.0, open_low=True),
        between("discount", discount, 0.0, 1.0, open_high=True),
        between("exploration", exploration, 0.0, 1.0),
        between("decay", decay, 0.0, 1.0),
    )
    start: Float64s = np.asarray(initial, dtype=np.float64)
    shape = (known.count, len(arms.levels))
    if not np.isfinite(start).all() or start.ndim > 2 or start.shape not in ((), (1,), shape[1:], shape):
        raise ValueError(f"initial of shape {start.shape}: give finite numbers, one, {shape[1:]} or {shape}")
    learn, hears = (bandits.q_learn_all, hearing(scenario)) if feedback else (bandits.q_learn, DEAF)
    start = np.atleast_1d(start)
    steps, heard = (learn, bandits.q_choose), partial(Learner, hears=hears, num_threads=num_threads)
    return heard("q_learning", scenario, arms, known, *steps, params, start, seed=seed)


def roth_erev(
    scenario: Scenario,
    seed: int = 0,
    *,
    recency: float = 0.1,
    experimentation: float = 0.2,
    modified: bool = True,
    initial: float = 1.0,
    least_reward: float = 0.0,
    sees: Mapping[str, int] | None = None,
    num_threads: int = 1,
    **grid: Any,
) -> Learner:
    """Reinforcement of Roth and Erev: arms are chosen with chances in proportion to their propensities.

    Args:
        scenario: The market.
        seed: Of its luck.
        recency: Phi, from 0 to below 1: what propensities lose in a choice.
        experimentation: Epsilon, from 0 to below 1: what of a reward, or of their propensity, goes to other arms.
        modified: The form of Nicolaisen, Petrov and Tesfatsion, which learns from rewards of 0 too.
        initial: Propensities before anything is known, above 0, credits.
        least_reward: Credits: what earns this adds nothing, as what earns less.
        sees: Features that tell situations apart, with bins.
        num_threads: Threads that share the markets; results do not depend on it.
        **grid: See `grid_of`.
    """
    start = between("initial", initial, 0.0, 1e9, open_low=True)
    arms, known = grid_of(scenario, **grid), Situations(scenario, sees or {})
    params = reinforcement.RothErevParams(
        between("recency", recency, 0.0, 1.0, open_high=True),
        between("experimentation", experimentation, 0.0, 1.0, open_high=True),
        bool(modified),
        between("least_reward", least_reward, -math.inf, math.inf, open_low=True, open_high=True),
    )
    steps, threads = (reinforcement.roth_erev_learn, reinforcement.roth_erev_choose), num_threads
    at_first = np.array([start])
    return Learner("roth_erev", scenario, arms, known, *steps, params, at_first, seed=seed, num_threads=threads)

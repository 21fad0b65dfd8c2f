"""The learners that go by a name, with their options."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from econo_env.engine.state import Float64s
from econo_env.policies.adaptive import bandits, full_information, reinforcement
from econo_env.policies.adaptive import sensing as change_sensing
from econo_env.policies.adaptive.arms import Arms, arms_of
from econo_env.policies.adaptive.counterfactual import DEAF, hearing
from econo_env.policies.adaptive.learner import Learner
from econo_env.policies.adaptive.situations import Situations
from econo_env.policy import Row
from econo_env.scenario import Scenario

GRID = ("of", "arms", "lowest", "highest")
_COMMON = ("num_threads", *GRID)
_HORIZON = 10_000
_RANGE = ("least_reward", "largest_reward")


def _between(name: str, value: float, low: float, high: float, *, open_low: bool = False) -> float:
    """A number in its range.

    Raises:
        ValueError: It is not.
    """
    number = float(value)
    if not low <= number <= high or (open_low and number == low):
        raise ValueError(f"{name}={value!r}: choose a number {'above' if open_low else 'from'} {low:g} to {high:g}")
    return number


def _grid(
    scenario: Scenario, of: str = "truth", arms: int = 21, lowest: float | None = None, highest: float | None = None
) -> Arms:
    """The arms of a learner's options: by default the multiples 0, 0.1, ..., 2 of the truth."""
    least, most = (0.0, 2.0) if of == "truth" else (-1.0, 1.0)
    return arms_of(scenario, of, arms, least if lowest is None else lowest, most if highest is None else highest)


def _scale(least_reward: float, largest_reward: float) -> float:
    if not float(least_reward) < float(largest_reward) < math.inf or float(least_reward) == -math.inf:
        raise ValueError(f"least_reward={least_reward!r} must lie below largest_reward={largest_reward!r}, both finite")
    return 1.0 / (float(largest_reward) - float(least_reward))


def _horizon(horizon: int) -> int:
    if int(horizon) != horizon or int(horizon) < 1:
        raise ValueError(f"horizon={horizon!r}: a whole number of choices, from 1 on")
    return int(horizon)


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
        **grid: See `arms_of`.
    """
    arms = _grid(scenario, **grid)
    count, scale = len(arms.levels), _scale(least_reward, largest_reward)
    tuned = min(1.0, math.sqrt(count * math.log(count) / ((math.e - 1.0) * _horizon(horizon))))
    gamma = tuned if exploration is None else _between("exploration", exploration, 0.0, 1.0, open_low=True)
    params = bandits.Exp3Params(gamma, _between("share", share, 0.0, 1.0), float(least_reward), scale)
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
    arms, scale = _grid(scenario, **grid), _scale(least_reward, largest_reward)
    fades, wide = _between("forgetting", forgetting, 0.0, 1.0, open_low=True), _between("width", width, 0.0, 100.0)
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
        **grid: See `arms_of`.
    """
    scale = _scale(least_reward, largest_reward)
    params = change_sensing.SensingParams(
        _between("exploration", exploration, 0.0, 1.0),
        _between("width", width, 0.0, 100.0),
        _between("drift", drift, 0.0, 1.0),
        _between("limit", limit, 0.0, math.inf, open_low=True),
        (_between("floor", floor, -math.inf, math.inf) - float(least_reward)) * scale,
        float(least_reward),
        scale,
    )
    arms, known, start = _grid(scenario, **grid), Situations(scenario, sees or {}), np.zeros(1)
    steps = (change_sensing.sensing_learn, change_sensing.sensing_choose)
    return Learner(
        "sensing", scenario, arms, known, *steps, params, start, seed=seed, window=2, num_threads=num_threads
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
        **grid: See `arms_of`.
    """
    arms, known = _grid(scenario, **grid), Situations(scenario, sees or {})
    if not 0.0 <= float(discount) < 1.0:
        raise ValueError(f"discount={discount!r}: choose a number from 0 to below 1")
    params = bandits.QParams(
        _between("rate", rate, 0.0, 1.0, open_low=True),
        float(discount),
        _between("exploration", exploration, 0.0, 1.0),
        _between("decay", decay, 0.0, 1.0),
    )
    start: Float64s = np.asarray(initial, dtype=np.float64)
    shape = (known.count, len(arms.levels))
    if not np.isfinite(start).all() or start.ndim > 2 or start.shape not in ((), (1,), shape[1:], shape):
        raise ValueError(f"initial of shape {start.shape}: give finite numbers, one, {shape[1:]} or {shape}")
    learn, hears = (bandits.q_learn_all, hearing(scenario)) if feedback else (bandits.q_learn, DEAF)
    start = np.atleast_1d(start)
    steps, heard = (learn, bandits.q_choose), partial(Learner, hears=hears, num_threads=num_threads)
    return heard("q_learning", scenario, arms, known, *steps, params, start, seed=seed)


def by_sums(
    form: int,
    name: str,
    scenario: Scenario,
    seed: int = 0,
    *,
    rate: float = 0.0,
    forgetting: float = 1.0,
    window: int = 0,
    floors: bool = False,
    payoff_range: float = 1.0,
    num_threads: int = 1,
    **grid: Any,
) -> Learner:
    """A learner that hears what every arm would have earned.

    Args:
        form: How chances come from sums of payoffs.
        name: Its name.
        scenario: A sealed-bid market that shows all bids afterwards.
        seed: Of its luck.
        rate: Eta, per credit; 0 is sqrt(8 ln K / t) over the range of payoffs, which needs no horizon.
        forgetting: What a payoff counts after one more choice, in (0, 1].
        window: How many of the last payoffs count; 0 for all.
        floors: Of regret matching: regrets do not fall below 0 (regret matching+).
        payoff_range: Credits between the least and the largest payoff.
        num_threads: Threads that share the markets; results do not depend on it.
        **grid: See `arms_of`.
    """
    arms = _grid(scenario, **grid)
    if int(window) != window or not 0 <= int(window) <= 1_000_000:
        raise ValueError(f"window={window!r}: a whole number of choices from 1 on, or 0 for all")
    fades = _between("forgetting", forgetting, 0.0, 1.0, open_low=True)
    if window and fades < 1.0:
        raise ValueError(f"window={window!r} and forgetting={forgetting!r}: choose one of the two")
    params = full_information.sum_params(
        form,
        len(arms.levels),
        rate=_between("rate", rate, 0.0, math.inf),
        forgetting=fades,
        window=window > 0,
        floors=bool(floors),
        payoff_range=_between("payoff_range", payoff_range, 0.0, math.inf, open_low=True),
    )
    return Learner(
        name,
        scenario,
        arms,
        Situations(scenario, {}),
        full_information.sums_learn,
        full_information.sums_choose,
        params,
        np.zeros(1),
        seed=seed,
        window=int(window),
        hears=hearing(scenario),
        num_threads=num_threads,
    )


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
        **grid: See `arms_of`.
    """
    if not (0.0 <= float(recency) < 1.0 and 0.0 <= float(experimentation) < 1.0):
        raise ValueError(f"recency={recency!r}, experimentation={experimentation!r}: numbers from 0 to below 1")
    start = _between("initial", initial, 0.0, 1e9, open_low=True)
    if not math.isfinite(float(least_reward)):
        raise ValueError(f"least_reward={least_reward!r}: a finite number of credits")
    arms, known = _grid(scenario, **grid), Situations(scenario, sees or {})
    params = reinforcement.RothErevParams(float(recency), float(experimentation), bool(modified), float(least_reward))
    steps, threads = (reinforcement.roth_erev_learn, reinforcement.roth_erev_choose), num_threads
    at_first = np.array([start])
    return Learner("roth_erev", scenario, arms, known, *steps, params, at_first, seed=seed, num_threads=threads)


hedge = partial(by_sums, full_information.HEDGE, "hedge")
regret_matching = partial(by_sums, full_information.MATCHING, "regret_matching")
dual_averaging = partial(by_sums, full_information.AVERAGING, "dual_averaging")

_SUMS = ("rate", "forgetting", "window", "payoff_range", *_COMMON)
ROWS = (
    Row(
        "exp3",
        "EXP3 over multiples of the truth; with a `share` EXP3.S, which follows switches.",
        exp3,
        ("exploration", "share", "horizon", *_RANGE, "sees", *_COMMON),
    ),
    Row(
        "ucb",
        "Upper confidence bounds over multiples of the truth, discounted by `forgetting`.",
        upper_bound,
        ("forgetting", "width", *_RANGE, "sees", *_COMMON),
    ),
    Row(
        "sensing",
        "Upper confidence bounds that notice changes and begin anew (CUSUM-UCB), above a floor.",
        sensing,
        ("exploration", "width", "drift", "limit", "floor", *_RANGE, "sees", *_COMMON),
    ),
    Row(
        "q_learning",
        "Q-learning over multiples of the truth, with exploration that fades.",
        q_learning,
        ("rate", "discount", "exploration", "decay", "initial", "feedback", "sees", *_COMMON),
    ),
    Row(
        "roth_erev",
        "Roth and Erev's reinforcement over multiples of the truth, in the form for markets or the original.",
        roth_erev,
        ("recency", "experimentation", "modified", "initial", "least_reward", "sees", *_COMMON),
    ),
    Row("hedge", "Hedge, where all bids are shown: exponential weights of what arms would have earned.", hedge, _SUMS),
    Row(
        "regret_matching",
        "Regret matching, where all bids are shown: chances in proportion to regrets.",
        regret_matching,
        ("floors", *_SUMS),
    ),
    Row("dual_averaging", "Dual averaging on the simplex, where all bids are shown.", dual_averaging, _SUMS),
)

"""The figures of a search for deviations: what deviating would gain, and whether taking part is worth it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from econo_env.training.evaluation.episode_search import EpisodeRegret
from econo_env.training.evaluation.metrics import Metric, over_seeds
from econo_env.training.evaluation.regret import Regret
from econo_env.training.evaluation.statistics import t_interval

Floats = NDArray[np.float64]

_CLEAR = 0.999  # one-sided level at which a mean utility below 0 is no noise
_RATIONAL = -1e-9  # credits: an interim utility of 0 may come out as its rounding
_NOTHING = 1e-9  # credits: a utility of no more is none

R = TypeVar("R", Regret, EpisodeRegret)


def _over_agents(regrets: Sequence[R], of: Callable[[R], Floats]) -> Floats:
    """The mean of a figure over agents, by seed: a role counts once for each of its members."""
    sizes = [float(len(regret.members)) for regret in regrets]
    return np.asarray(np.average([of(regret) for regret in regrets], axis=0, weights=sizes))


def _rational_shares(regret: Regret) -> Floats:
    """The share of types at which taking part is worth it: those clear of loss, and those not clearly losing, (2,).

    The noise of a type's mean utility is that of its seeds. Many types earn nearly 0, so both are told.
    """
    from scipy.stats import t

    seeds = len(regret.own_utility)
    mean, noise = regret.own_utility.mean(axis=0), np.zeros(len(regret.types))
    if seeds > 1:
        noise = t.ppf(_CLEAR, seeds - 1) * regret.own_utility.std(axis=0, ddof=1) / np.sqrt(seeds)
    clear, unclear = (regret.weights @ (mean + side * noise >= _RATIONAL) for side in (-1.0, 1.0))
    return np.array([clear, unclear])


def _share_of(gain: Floats, utility: Floats) -> Floats:
    """Gains as a share of the own mean utility; NaN where that is not positive."""
    earns = utility > _NOTHING
    return np.where(earns, gain / np.where(earns, utility, 1.0), np.nan)


def _loss(gain: Floats, utility: Floats) -> Floats:
    """1 - u / u(best response) by seed: above 1 where u is negative; NaN where even the best response earns nothing.

    Nothing is lost where there is nothing to gain and the strategy does not lose money either.
    """
    best = utility + gain
    earns = best > _NOTHING
    loses_nothing = ~earns & (gain <= _NOTHING) & (utility >= -_NOTHING)
    return np.where(earns, gain / np.where(earns, best, 1.0), np.where(loses_nothing, 0.0, np.nan))


def regret_metrics(regrets: Sequence[Regret]) -> dict[str, Metric]:
    """What deviating in one tick would gain, and whether taking part is worth it, over all agents and types.

    `relative_gain` is the mean gain over the strategy's own mean utility, `utility_loss` 1 - u / u(best response).
    Every agent counts once: a role stands for its members.
    """
    gain = _over_agents(regrets, lambda regret: regret.mean_gain)
    utility = _over_agents(regrets, lambda regret: regret.mean_utility)
    worst = max(regrets, key=lambda regret: float(regret.selected_gain.max()))
    clear, unclear = _over_agents(regrets, _rational_shares)
    return {
        "interim_rational_share": Metric(
            float(unclear), (float(clear), float(unclear)), "share", np.full(len(gain), unclear)
        ),
        "regret_mean": over_seeds(gain, "credits"),
        "regret_worst": over_seeds(worst.worst_gain, "credits"),
        "relative_gain": over_seeds(_share_of(gain, utility), "share"),
        "utility_loss": over_seeds(_loss(gain, utility), "share", most=1.0),
    }


def episode_metrics(regrets: Sequence[EpisodeRegret]) -> dict[str, Metric]:
    """What deviating through a whole episode would gain, over all agents, and as a share of the own utility.

    Where a role's own play is its best response its gain counts as 0; the interval then still reaches up to what the
    best deviation that was rejected may gain for all the seeds tell.
    """
    utility = _over_agents(regrets, lambda regret: regret.own_utility)
    gain = _over_agents(regrets, lambda regret: regret.gain)
    measured = _over_agents(regrets, lambda regret: regret.measured_gain)
    return {
        "episode_regret_mean": _from_zero(gain, measured, "credits per episode"),
        "episode_relative_gain": _from_zero(_share_of(gain, utility), _share_of(measured, utility), "share"),
    }


def _from_zero(gain: Floats, measured: Floats, unit: str) -> Metric:
    """The gain with its interval, upwards at least that of all measured gains, rejected ones among them."""
    estimate, all_of_them = t_interval(gain), t_interval(measured)
    high = estimate.high if np.isnan(all_of_them.high) else max(estimate.high, all_of_them.high)
    return Metric(estimate.mean, (estimate.low, high), unit, gain)

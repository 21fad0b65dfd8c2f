"""Learners that hear what every arm would have earned.

Hedge, also with payoffs that fade or of a window (Freund and Schapire 1997), regret matching (Hart and Mas-Colell 2000)
and its floored form, dual averaging (Zinkevich 2003; Xiao 2010): chances by arm from sums of payoffs.
"""

import math
from typing import NamedTuple

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s
from econo_env.policies.adaptive.memory import Memory, drawn

HEDGE, MATCHING, AVERAGING = 0, 1, 2


class SumParams(NamedTuple):
    """Constants of learners by sums of payoffs."""

    form: int  # how chances come from sums, see `chances`
    rate: float  # eta, in units of 1 / payoff; 0: sqrt(8 ln K / t) over the range of payoffs
    forgetting: float  # what a payoff counts after one more choice
    window: bool  # only the last payoffs count
    floors: bool  # of regret matching: sums of regrets do not fall below 0
    scale: float  # 1 / range of payoffs, credits


@compiled
def hedge_chances(sums: Float64s, rate: float, row: Float64s) -> None:
    """Chances in proportion to exp(rate * sum), (arms,)."""
    most, total = sums[0], 0.0
    for one in range(sums.shape[0]):
        most = max(most, sums[one])
    for one in range(sums.shape[0]):
        row[one] = math.exp(rate * (sums[one] - most))
        total += row[one]
    for one in range(sums.shape[0]):
        row[one] /= total


@compiled
def matching_chances(sums: Float64s, row: Float64s) -> None:
    """Chances in proportion to the regrets above 0, all alike where there is none, (arms,)."""
    total = 0.0
    for one in range(sums.shape[0]):
        row[one] = max(0.0, sums[one])
        total += row[one]
    for one in range(sums.shape[0]):
        row[one] = row[one] / total if total > 0.0 else 1.0 / sums.shape[0]


@compiled
def averaging_chances(sums: Float64s, rate: float, row: Float64s) -> None:
    """The point of the simplex next to rate * sums, (arms,): max(0, rate * sum - level), the level by halving."""
    low, high = rate * sums[0], rate * sums[0]
    for one in range(sums.shape[0]):
        high = max(high, rate * sums[one])
    low = high - 1.0  # the largest keeps at most 1 above the level
    for _ in range(60):
        level, total = 0.5 * (low + high), 0.0
        for one in range(sums.shape[0]):
            total += max(0.0, rate * sums[one] - level)
        if total > 1.0:
            low = level
        else:
            high = level
    total = 0.0
    for one in range(sums.shape[0]):
        row[one] = max(0.0, rate * sums[one] - low)
        total += row[one]
    for one in range(sums.shape[0]):
        row[one] /= total


@compiled
def chances(sums: Float64s, made: int, params: SumParams, row: Float64s) -> None:
    """The chances of the arms, given sums of payoffs, or of regrets, and how many choices there were."""
    arms = sums.shape[0]
    rate = params.rate if params.rate > 0.0 else params.scale * math.sqrt(8.0 * math.log(arms) / max(1, made))
    if params.form == HEDGE:
        hedge_chances(sums, rate, row)
    elif params.form == MATCHING:
        matching_chances(sums, row)
    else:
        averaging_chances(sums, rate, row)


@compiled
def sums_learn(k: int, i: int, now: int, memory: Memory, params: SumParams, payoffs: Float64s, row: Float64s) -> None:
    """Adds the payoffs of all arms to their sums; of regret matching less that of the arm played."""
    sums, recent = memory.values[k, i, memory.place[k, i]], memory.recent[k, i]
    played = payoffs[k, i, memory.played[k, i]] if params.form == MATCHING else 0.0
    oldest = memory.made[k, i] % max(1, recent.shape[0])
    for one in range(sums.shape[0]):
        gain = payoffs[k, i, one] - played
        sums[one] = params.forgetting * sums[one] + gain
        if params.floors:
            sums[one] = max(0.0, sums[one])
        if params.window:
            sums[one] -= recent[oldest, one]
            recent[oldest, one] = gain


@compiled
def sums_choose(
    k: int, i: int, now: int, memory: Memory, params: SumParams, luck: float, detail: float, row: Float64s
) -> int:
    """Draws by the chances of the arms."""
    chances(memory.values[k, i, now], memory.made[k, i], params, row)
    arm = drawn(row, 1.0, luck)
    memory.chance[k, i] = row[arm]
    return arm

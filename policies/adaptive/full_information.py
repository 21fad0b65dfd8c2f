"""Learners that hear what every arm would have earned.

Hedge, also with payoffs that fade or of a window (Freund and Schapire 1997), regret matching (Hart and Mas-Colell 2000)
and its floored form, dual averaging (Zinkevich 2003; Xiao 2010): chances by arm from sums of payoffs.
"""

import math
from typing import NamedTuple

from econo_env.engine.compiled import compiled
from econo_env.engine.exponential import LOG2_E, LOWEST, powers_of_two
from econo_env.engine.state import Float64s, Int64s
from econo_env.policies.adaptive.memory import Memory, drawn_in_lanes, largest_of, sum_in_lanes, sum_of

HEDGE, MATCHING, AVERAGING = 0, 1, 2


class SumParams(NamedTuple):
    """Constants of learners by sums of payoffs."""

    form: int  # how chances come from sums, see `chances`
    rate: float  # eta, in units of 1 / payoff; 0: sqrt(8 ln K / t) over the range of payoffs
    forgetting: float  # what a payoff counts after one more choice
    window: bool  # only the last payoffs count
    floors: bool  # of regret matching: sums of regrets do not fall below 0
    scale: float  # 1 / range of payoffs, credits
    spread: float  # 8 ln K, of K arms


def sum_params(
    form: int,
    arms: int,
    *,
    rate: float = 0.0,
    forgetting: float = 1.0,
    window: bool = False,
    floors: bool = False,
    payoff_range: float = 1.0,
) -> SumParams:
    """The constants of a learner among so many arms; see `SumParams`."""
    return SumParams(form, rate, forgetting, window, floors, 1.0 / payoff_range, 8.0 * math.log(arms))


@compiled
def hedge_exponents(sums: Float64s, rate: float, row: Float64s) -> None:
    """Powers of two that are weights exp(rate * sum), the largest 1, (arms,), and next to none behind them."""
    most, doubling = largest_of(sums), rate * LOG2_E
    for one in range(sums.shape[0]):
        row[one] = doubling * (sums[one] - most)
    for one in range(sums.shape[0], row.shape[0]):
        row[one] = LOWEST


@compiled
def matching_weights(sums: Float64s, row: Float64s) -> float:
    """The regrets above 0 as weights, all alike where there is none, (arms,); returns their sum."""
    for one in range(sums.shape[0]):
        row[one] = max(0.0, sums[one])
    total = sum_of(row)
    if total > 0.0:
        return total
    for one in range(sums.shape[0]):
        row[one] = 1.0
    return float(sums.shape[0])


@compiled
def averaging_weights(sums: Float64s, rate: float, row: Float64s) -> float:
    """The point of the simplex next to rate * sums, (arms,): max(0, rate * sum - level), the level by halving.

    Returns their sum.
    """
    high = rate * largest_of(sums)
    low = high - 1.0  # the largest keeps at most 1 above the level
    for _ in range(60):
        level, total = 0.5 * (low + high), 0.0
        for one in range(sums.shape[0]):
            total += max(0.0, rate * sums[one] - level)
        if total > 1.0:
            low = level
        else:
            high = level
    for one in range(sums.shape[0]):
        row[one] = max(0.0, rate * sums[one] - low)
    return sum_of(row)


@compiled
def rate_of(made: int, params: SumParams) -> float:
    """Eta after so many choices."""
    return params.rate if params.rate > 0.0 else params.scale * math.sqrt(params.spread / max(1, made))


@compiled
def weights(sums: Float64s, made: int, params: SumParams, row: Float64s) -> float:
    """Weights of the arms, given sums of payoffs, or of regrets, and how many choices there were; returns their sum.

    The row may be longer.
    """
    if params.form == HEDGE:
        hedge_exponents(sums, rate_of(made, params), row)
        powers_of_two(row)
        return sum_of(row)
    if params.form == MATCHING:
        return matching_weights(sums, row[: sums.shape[0]])
    return averaging_weights(sums, rate_of(made, params), row[: sums.shape[0]])


@compiled
def chances(sums: Float64s, made: int, params: SumParams, row: Float64s) -> None:
    """The same as chances, which add up to 1."""
    total = weights(sums, made, params, row)
    for one in range(sums.shape[0]):
        row[one] /= total


@compiled
def sums_learn(k: int, i: int, now: int, memory: Memory, params: SumParams, gains: Float64s, row: Float64s) -> None:
    """Adds the payoffs of all arms to their sums; of regret matching less that of the arm played."""
    sums, played = memory.values[k, i, memory.place[k, i]], 0.0
    if params.form == MATCHING:
        played = gains[memory.played[k, i]]
    for one in range(sums.shape[0]):
        sums[one] = params.forgetting * sums[one] + (gains[one] - played)
    if params.floors:
        for one in range(sums.shape[0]):
            sums[one] = max(0.0, sums[one])
    if params.window:
        recent = memory.recent[k, i]
        oldest = memory.made[k, i] % recent.shape[0]
        for one in range(sums.shape[0]):
            sums[one] -= recent[oldest, one]
            recent[oldest, one] = gains[one] - played


@compiled
def sums_weigh(k: int, situation: Int64s, memory: Memory, params: SumParams, rows: Float64s) -> None:
    """The weights of the arms of all agents of a market, next to none behind them."""
    for i in range(rows.shape[0]):
        sums = memory.values[k, i, situation[k, i]]
        if params.form == HEDGE:
            hedge_exponents(sums, rate_of(memory.made[k, i], params), rows[i])
        else:
            weights(sums, memory.made[k, i], params, rows[i])
            for one in range(sums.shape[0], rows.shape[1]):
                rows[i, one] = 0.0
    if params.form == HEDGE:
        for i in range(rows.shape[0]):
            powers_of_two(rows[i])


@compiled
def sums_choose(
    k: int, i: int, now: int, memory: Memory, params: SumParams, luck: float, detail: float, row: Float64s
) -> int:
    """Draws by the weights of the arms."""
    total = sum_in_lanes(row)
    arm = min(drawn_in_lanes(row, total, luck), int(memory.values.shape[3]) - 1)
    memory.chance[k, i] = row[arm] / total
    return arm

"""Trust in raters by EigenTrust with a seed of stake, and a cap on what a ring can hand to itself.

Plain EigenTrust (Kamvar, Schlosser and Garcia-Molina 2003) is t = (1 - a) C' t + a p: C the rows of who trusts whom,
each summing to 1, p the shares of bonded stake. A closed ring multiplies what trust enters it by up to 1 / a.

Here no agent passes on more than `reach` times its share of the stake, min(t_i, reach p_i); the rest of its trust
goes to p. Then a group of any number of identities with a share q of the stake holds at most
(1 - a) (what enters it + reach q) + (1 - a) q + a q: without stake it never holds more than enters it, and splitting
it into more identities changes nothing. An infinite reach is plain EigenTrust.

The map shrinks distances by 1 - a in the sum of absolute values, so it has one fixed point, and a last change of
`tolerance` leaves an error below tolerance (1 - a) / a.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s, Int64s

RETURN = 0.15
"""a: the share of trust that goes back to the stake at each step."""

REACH = 2.0
"""Trust an agent passes on, in multiples of its share of the stake."""

TOLERANCE = 1e-9


class Ratings(NamedTuple):
    """Who is satisfied with whom, subject by subject (compressed sparse columns): a step gathers and never scatters.

    Attributes:
        first: Where the ratings of each subject begin, and where the last end, shape (agents + 1,).
        rater: Who gave an entry, shape (entries,) or longer.
        share: Its share of all that the rater gave, as long as `rater`.
        rates: 1 where an agent rates anybody and 0 elsewhere, shape (agents,).
    """

    first: Int64s
    rater: Int64s
    share: Float64s
    rates: Float64s


@compiled
def normalise(first: Int64s, rater: Int64s, satisfaction: Float64s, share: Float64s, rates: Float64s) -> None:
    """Writes shares: positive satisfaction with others by the sum of the rater's; nobody rates itself."""
    for i in range(rates.shape[0]):
        rates[i] = 0.0
    for subject in range(rates.shape[0]):
        for entry in range(first[subject], first[subject + 1]):
            positive = satisfaction[entry] > 0.0 and rater[entry] != subject
            share[entry] = satisfaction[entry] if positive else 0.0
            rates[rater[entry]] += share[entry]
    for entry in range(first[rates.shape[0]]):
        if rates[rater[entry]] > 0.0:
            share[entry] /= rates[rater[entry]]
    for i in range(rates.shape[0]):
        rates[i] = 1.0 if rates[i] > 0.0 else 0.0


@compiled
def trust_step(
    ratings: Ratings, stake: Float64s, back: float, reach: float, trust: Float64s, passed: Float64s
) -> float:
    """One step of the iteration, in place; returns the sum of absolute changes. `passed` is room, shape (agents,)."""
    agents, returned = stake.shape[0], 0.0
    for i in range(agents):
        limit = reach if math.isinf(reach) else reach * stake[i]
        passed[i] = min(trust[i], limit)
        returned += trust[i] - passed[i] * ratings.rates[i]
    change = 0.0
    for i in range(agents):
        given = 0.0
        for entry in range(ratings.first[i], ratings.first[i + 1]):
            given += passed[ratings.rater[entry]] * ratings.share[entry]
        following = (1.0 - back) * (given + returned * stake[i]) + back * stake[i]
        change += abs(following - trust[i])
        trust[i] = following
    return change


@compiled
def iterate_trust(
    ratings: Ratings,
    stake: Float64s,
    back: float,
    reach: float,
    tolerance: float,
    most_steps: int,
    trust: Float64s,
    scratch: Float64s,
) -> int:
    """Iterates from the trust that is there until it changes by less than the tolerance, and returns the steps taken.

    Args:
        ratings: Who trusts whom.
        stake: Shares of the bonded stake, shape (agents,), summing to 1.
        back: a in (0, 1].
        reach: Multiples of its stake that an agent passes on; infinite for plain EigenTrust.
        tolerance: Sum of absolute changes at which it ends.
        most_steps: Steps at most.
        trust: Where it starts, and the result, shape (agents,), summing to 1.
        scratch: Room for a step, shape (agents,).
    """
    for step in range(most_steps):
        if trust_step(ratings, stake, back, reach, trust, scratch) < tolerance:
            return step + 1
    return most_steps


def steps_needed(back: float, tolerance: float) -> int:
    """Steps after which the last change is below the tolerance, whoever rates whom: 2 (1 - a)^(n - 1) < tolerance."""
    return 2 if back == 1.0 else 2 + math.ceil(math.log(tolerance / 2.0) / math.log1p(-back))


def most_trust_of_group(entering: float, stake: float, back: float = RETURN, reach: float = REACH) -> float:
    """What a group with that share of the stake can hold at most, however it is divided and rates.

    Args:
        entering: What others pass on to it at each step, `min(t_i, reach p_i)` times their shares for it.
        stake: Its share of the stake.
        back: a.
        reach: Multiples of its stake that an agent passes on.
    """
    return (1.0 - back) * (entering + reach * stake + stake) + back * stake


def ratings_of(satisfaction: ArrayLike) -> Ratings:
    """Ratings from a table of satisfaction, shape (raters, subjects)."""
    table = np.asarray(satisfaction, dtype=np.float64)
    subjects, raters = np.nonzero(table.T)
    first = np.concatenate([[0], np.cumsum(np.bincount(subjects, minlength=len(table)))]).astype(np.int64)
    share, rates = np.zeros(len(raters)), np.zeros(len(table))
    normalise(first, raters.astype(np.int64), table[raters, subjects], share, rates)
    return Ratings(first, raters.astype(np.int64), share, rates)


def stake_shares(bonded: ArrayLike) -> NDArray[np.float64]:
    """Shares of the bonded stake, shape (agents,).

    Raises:
        ValueError: A stake is negative, or nobody has any: trust must start somewhere.
    """
    stakes = np.asarray(bonded, dtype=np.float64)
    if stakes.size == 0 or (stakes < 0.0).any() or not stakes.sum() > 0.0:
        raise ValueError(
            f"stakes {stakes.tolist()}: trust starts from bonded stake, so none may be negative and one must be above 0"
        )
    shares: NDArray[np.float64] = stakes / stakes.sum()
    return shares


def trust_of(
    ratings: Ratings, stake: ArrayLike, *, back: float = RETURN, reach: float = REACH, tolerance: float = TOLERANCE
) -> tuple[NDArray[np.float64], int]:
    """Trust from the shares of stake on, shape (agents,), and the steps that it took.

    Raises:
        ValueError: `back` is not in (0, 1], or `reach` is negative.
    """
    if not 0.0 < back <= 1.0 or not reach >= 0.0:
        raise ValueError(f"back {back:g} and reach {reach:g}: back is in (0, 1], reach at least 0")
    start = np.array(stake, dtype=np.float64)
    result = start.copy()
    most = steps_needed(back, tolerance)
    steps = iterate_trust(ratings, start, back, reach, tolerance, most, result, np.empty_like(result))
    return result, steps

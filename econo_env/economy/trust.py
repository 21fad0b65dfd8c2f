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
    """Who is satisfied with whom, row by row (compressed sparse rows).

    Attributes:
        first: Where each rater's row begins, and where the last ends, shape (agents + 1,).
        subject: Whom an entry rates, shape (entries,).
        share: Its share of the rater's row, shape (entries,); rows sum to 1, or to 0 where nobody is rated.
    """

    first: Int64s
    subject: Int64s
    share: Float64s


@compiled
def normalise_rows(first: Int64s, subject: Int64s, satisfaction: Float64s, share: Float64s) -> None:
    """Writes the shares of each row: positive satisfaction with others, by its sum; nobody rates itself."""
    for rater in range(first.shape[0] - 1):
        total = 0.0
        for entry in range(first[rater], first[rater + 1]):
            positive = satisfaction[entry] > 0.0 and subject[entry] != rater
            share[entry] = satisfaction[entry] if positive else 0.0
            total += share[entry]
        if total > 0.0:
            for entry in range(first[rater], first[rater + 1]):
                share[entry] /= total


@compiled
def trust_step(
    ratings: Ratings, stake: Float64s, back: float, reach: float, trust: Float64s, following: Float64s
) -> float:
    """One step of the iteration from `trust` to `following`, shape (agents,); returns the sum of absolute changes."""
    agents = stake.shape[0]
    for i in range(agents):
        following[i] = 0.0
    returned = 0.0
    for rater in range(agents):
        limit = reach if math.isinf(reach) else reach * stake[rater]
        passed = min(trust[rater], limit)
        given = 0.0
        for entry in range(ratings.first[rater], ratings.first[rater + 1]):
            part = passed * ratings.share[entry]
            following[ratings.subject[entry]] += part
            given += part
        returned += trust[rater] - given
    change = 0.0
    for i in range(agents):
        following[i] = (1.0 - back) * (following[i] + returned * stake[i]) + back * stake[i]
        change += abs(following[i] - trust[i])
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
        change = trust_step(ratings, stake, back, reach, trust, scratch)
        for i in range(trust.shape[0]):
            trust[i] = scratch[i]
        if change < tolerance:
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
    raters, subjects = np.nonzero(table)
    first = np.concatenate([[0], np.cumsum(np.bincount(raters, minlength=len(table)))]).astype(np.int64)
    share = np.zeros(len(subjects))
    normalise_rows(first, subjects.astype(np.int64), table[raters, subjects], share)
    return Ratings(first, subjects.astype(np.int64), share)


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

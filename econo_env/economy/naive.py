"""Rules that look plausible and are defective, kept under their own names for tests and studies to expose.

They are those of the design from which this economy began; docs/enforcement.md lists each with what a search finds. No
market uses them unless a scenario names them. The weighted second price that is paid undivided is `payment: naive` of
`econo_env.mechanisms.weighted_price`.
"""

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s, Int64s

DECAY = 0.95
LOW_SCORE = 0.3
BUCKET = 5.0
PREMIUM = 0.015
COVERAGE = 0.6
SEVERITY_GAP = 0.05


@compiled
def vanishing_slash(stakes: Int64s, i: int, fraction: float) -> int:
    """Lowers a record of stake and gives it to nobody, as often as it is asked; returns what vanished."""
    lost = int(fraction * stakes[i])
    stakes[i] -= lost
    return lost


@compiled
def takes_report(saw: bool) -> bool:
    """Whether a violation that somebody reports is punished: whatever the reporter saw."""
    return True


@compiled
def recovered(slashed: int, elapsed: int, period: int) -> int:
    """What comes back of slashed stake: half of it after half the period."""
    return slashed // 2 if 2 * elapsed >= period else 0


@compiled
def decayed_score(score: float, age: int) -> float:
    """A score that fades to 0 and not to ignorance; newcomers have 0.5."""
    return score * DECAY**age


@compiled
def low_score_fraction(score: float) -> float:
    """Slashes all stake again for having a low score."""
    return 1.0 if score < LOW_SCORE else 0.0


@compiled
def self_declared_score(price: float, guarantee: float, reputation: float) -> float:
    """Scores what the bidder says of itself; nothing of it is settled."""
    return 0.4 * (1.0 - price) + 0.4 * guarantee + 0.2 * reputation


@compiled
def colludes(reports: Float64s, i: int) -> bool:
    """Suspects everybody whose report lies in the same bucket of 5 as another's."""
    found = False
    for j in range(reports.shape[0]):
        found |= j != i and reports[j] // BUCKET == reports[i] // BUCKET
    return found


@compiled
def unpooled_premium(value: float) -> float:
    """1.5 % of the contract's value, which never enters the pool."""
    return PREMIUM * value


@compiled
def unbounded_payout(value: float, gap: float) -> float:
    """60 % of the contract's value for each 0.05 that the work falls short, without a bound."""
    return COVERAGE * value * gap / SEVERITY_GAP


@compiled
def leverage(reputation: float) -> float:
    """What an agent may owe in multiples of its money: up to three times what it has."""
    if reputation >= 0.95:
        return 3.0
    if reputation >= 0.9:
        return 2.0
    if reputation >= 0.8:
        return 1.5
    if reputation >= 0.6:
        return 1.0
    return 0.8


@compiled
def stepped_reward(reputation: float) -> float:
    """Multiplies a reward by the reputation, with steps at 0.5 and 0.9."""
    bonus = 0.2 if reputation > 0.9 else 0.0
    malus = 0.3 if reputation < 0.5 else 0.0
    return max(0.1, reputation + bonus - malus)


@compiled
def self_graded_efficiency(bids: Float64s, winner: int) -> float:
    """The winning bid over the mean bid, at most 1: perfect for whoever bids most, whatever its value."""
    total = 0.0
    for i in range(bids.shape[0]):
        total += bids[i]
    return float(min(bids[winner] * bids.shape[0] / total, 1.0))


@compiled
def constant_efficiency() -> float:
    """The efficiency of every combinatorial auction."""
    return 0.8


@compiled
def volume_efficiency(traded: float, ordered: float) -> float:
    """What was traded over what was ordered: whoever trades, and at whatever worth."""
    return traded / ordered


@compiled
def claims_truth(bids: Float64s) -> bool:
    """Whether truth is an equilibrium: a literal, of no bid and no rule."""
    return True


@compiled
def item_wise_payment(bids: Float64s, winner: int) -> float:
    """The second bids for the items that an agent wins by a bundle, in place of what its presence costs the others.

    Args:
        bids: For each item, a bundle's in equal parts, shape (agents, items).
        winner: An agent; it wins the items for which it bids anything.
    """
    owed = 0.0
    for item in range(bids.shape[1]):
        if bids[winner, item] > 0.0:
            second = 0.0
            for i in range(bids.shape[0]):
                if i != winner:
                    second = max(second, bids[i, item])
            owed += second
    return owed


@compiled
def single_bid_payment(bids: Float64s) -> float:
    """The second price, or the own bid of whoever bids alone."""
    if bids.shape[0] == 1:
        return float(bids[0])
    best, second = 0.0, 0.0
    for i in range(bids.shape[0]):
        best, second = max(best, bids[i]), max(second, min(best, bids[i]))
    return float(second)


@compiled
def highest_single_bid(offers: Float64s) -> int:
    """All items go to the highest bid for any bundle: two that fit together and are worth more are not looked for."""
    return int(np.argmax(offers))


@compiled
def latest_bid(arrivals: Float64s) -> int:
    """The winner of a falling clock is whoever's bid was stored last, not whoever took the price first."""
    return int(np.argmax(arrivals))


@compiled
def grow_only_merge(one: int, other: int) -> int:
    """A stake as a counter that only grows: the larger of what two replicas know, so what one has slashed is back."""
    return max(one, other)


@compiled
def two_counter_stake(added: int, taken_here: int, taken_there: int) -> int:
    """A stake as what was added less what each replica has taken of what it knew: may be negative."""
    return added - taken_here - taken_there

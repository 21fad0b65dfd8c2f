"""Rules that look plausible and are defective, kept under their own names for tests and studies to expose.

They are those of the design from which this economy began. No market uses them unless a scenario names them. The
weighted second price that is paid undivided is `payment: naive` of `econo_env.mechanisms.weighted_price`.
"""

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

"""Who may bid: a predicate on the state before the bids, so that no bid changes anyone's eligibility."""

from econo_env.engine.compiled import compiled


@compiled
def is_eligible(active: bool, free_stake: int, required: int, reputation_bound: float, threshold: float) -> bool:
    """Active, stake enough for the worst case, and a reputation lower bound at or above the threshold.

    Monotone: more stake or more reputation never disqualifies.
    """
    return active & (free_stake >= required) & (reputation_bound >= threshold)  # no branch to be guessed

"""Stake behind a contract: how much must be free before bidding, how much is locked, how much can be slashed."""

from econo_env.economy.contracts import ValueSchedule
from econo_env.engine.compiled import compiled


@compiled
def required_stake(task_value: int, schedule: ValueSchedule, cap: float) -> int:
    """Free stake a bidder must hold before S2 is known: V(excellent) - V(byzantine), or the cap if lower.

    Args:
        task_value: Micro-credits.
        schedule: The value schedule.
        cap: Liability in multiples of the task's value; infinite for full liability, 0 for none.
    """
    worst = (schedule.excellent - schedule.byzantine) * task_value
    return int(min(worst, cap * task_value if task_value > 0 else 0.0))


@compiled
def contract_lock(second_score: int, worst_value: int, escrowed: int) -> int:
    """Stake locked behind the contract: S2 - V(byzantine), as far as the escrow goes."""
    return min(second_score - worst_value, escrowed)

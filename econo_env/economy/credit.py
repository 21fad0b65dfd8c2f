"""A credit line with collateral: an agent may owe no more than it has free and what it pledged for it."""

from econo_env.economy.proportions import share_down
from econo_env.engine.compiled import compiled


@compiled
def credit_line(collateral: int, advance: int) -> int:
    """Micro-credits that may be owed on collateral, which backs nothing else; `advance` in parts per million."""
    return share_down(collateral, advance)


@compiled
def may_expose(free: int, credit: int, exposure: int, more: int) -> bool:
    """Whether funds + credit - exposure stays at or above 0 with that much more exposure, micro-credits."""
    return free + credit - exposure - more >= 0


@compiled
def settle_debt(debt: int, free: int, collateral: int) -> tuple[int, int, int]:
    """How a debt is paid, micro-credits: from free money first, then from the collateral; the rest defaults.

    Nothing defaults where every bid was taken with `may_expose` and the advance is at most 10^6.
    """
    from_free = min(debt, free)
    from_collateral = min(debt - from_free, collateral)
    return from_free, from_collateral, debt - from_free - from_collateral

"""The books of a market: a breach halts it at once, and no rule opens it again."""

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Int64s


@compiled
def in_order(balances: Int64s, minted: int, refused: int) -> bool:
    """Whether the accounts (accounts,) sum to what was minted, none is negative, and no transfer was refused."""
    total, least = 0, 0
    for at in range(balances.shape[0]):  # to the end in any case, so that it becomes vector instructions
        total += balances[at]
        least = min(least, balances[at])
    return bool(total == minted and least >= 0 and refused == 0)

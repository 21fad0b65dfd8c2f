"""An insurance pool that cannot be farmed.

Premiums are paid into the pool before anything is covered. Two perils are kept apart. Faults that nature draws
are pooled: the premium is at least what is paid on average, so no plan gains. Losses by somebody's conduct may be
staged by partners, so they are paid only as far as the insured's own unspent premiums go: no course of events gains.
Losses are counted after what the slash brought back, at most up to the insured value, and claims that together exceed
the pool share it in proportion, so the pool is never negative.
"""

from econo_env.economy.proportions import share_down, share_up, times_over
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Int64s

FAULT = 0
CONDUCT = 1


@compiled
def premium(insured: int, cover: int, probability: int, loading: int) -> int:
    """What cover costs in advance, micro-credits, rounded up at each step.

    Args:
        insured: The most that can be lost, micro-credits.
        cover: Parts per million of a loss that are paid.
        probability: Parts per million, of the loss.
        loading: Parts per million on top of the fair premium, from 0 to 10^6.
    """
    fair = share_up(share_up(insured, cover), probability)
    return fair + share_up(fair, loading)


@compiled
def claim(loss: int, recovered: int, insured: int, cover: int, peril: int, backing: int) -> int:
    """What the pool owes for a loss, micro-credits, rounded down.

    Args:
        loss: What was verifiably lost, micro-credits.
        recovered: What the slash already brought back of it.
        insured: The most that counts.
        cover: Parts per million that are paid.
        peril: `FAULT` or `CONDUCT`.
        backing: Premiums against conduct that the insured paid and has not had back, micro-credits.
    """
    owed = share_down(min(max(0, loss - recovered), insured), cover)
    return min(owed, backing) if peril == CONDUCT else owed


@compiled
def share_pool(claims: Int64s, pool: int) -> int:
    """Cuts claims, shape (claims,), in proportion where the pool is too small, rounded down; returns their sum."""
    total = 0
    for at in range(claims.shape[0]):
        total += claims[at]
    if total <= pool:
        return total
    paid = 0
    for at in range(claims.shape[0]):
        claims[at] = times_over(pool, claims[at], total)
        paid += claims[at]
    return paid

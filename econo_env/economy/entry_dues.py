"""Entry dues: what a new identity must cost so that nobody throws away a tarnished one.

An agent offends once for g and comes back as a newcomer, who earns N a period instead of H for n periods; periods are
discounted by d.
"""

from econo_env.engine.compiled import compiled


@compiled
def reputational_loss(established: float, newcomer: float, periods: int, discount: float) -> float:
    """(H - N)(1 - d^n) / (1 - d), and n (H - N) without discounting; what the lost standing is worth."""
    missing = established - newcomer
    if discount == 1.0:
        return missing * periods
    return missing * (1.0 - discount**periods) / (1.0 - discount)


@compiled
def fee_needed(gain: float, established: float, newcomer: float, periods: int, discount: float) -> float:
    """The entry fee, or what an exit forfeits, under which coming back does not pay: at least 0."""
    return max(0.0, gain - reputational_loss(established, newcomer, periods, discount))


@compiled
def identity_bond_needed(
    gain: float, established: float, newcomer: float, periods: int, discount: float, detected: float
) -> float:
    """The bond of an identity that does the same where an offence is detected with that probability, in (0, 1]."""
    return fee_needed(gain, established, newcomer, periods, discount) / detected

"""Deterrence: the bond under which no violation pays, and what reporters and auditors must stake and earn.

An offender gains G, is caught with probability p and then loses its bond B and a future rent H; a share k of the loss
flows back to it through a reporter or a victim of its own. It is deterred iff p ((1 - k) B + H) >= G, and where it
must also hand back what it gained, iff p ((1 - k) B + H) >= (1 - p) G.
"""

import math

from econo_env.economy.proportions import MILLION
from econo_env.engine.compiled import compiled


@compiled
def detection_within(per_tick: float, ticks: int) -> float:
    """Probability of detection within an evidence window, 1 - (1 - p)^E, from that of a tick."""
    return -math.expm1(ticks * math.log1p(-per_tick)) if per_tick < 1.0 else 1.0


@compiled
def net_gain(gain: float, detected: float, loss: float, returned: float, rent: float, restitution: bool) -> float:
    """Expected gain of an offence over honesty, in the unit of `gain`.

    Args:
        gain: What the offence brings, at least 0.
        detected: Probability of detection.
        loss: What is slashed on detection.
        returned: Share of it that flows back to the offender, from 0 to 1.
        rent: Future income lost on detection.
        restitution: Whether the gain is handed back on detection.
    """
    kept = 1.0 - detected if restitution else 1.0
    return kept * gain - detected * ((1.0 - returned) * loss + rent)


@compiled
def loss_needed(gain: float, detected: float, returned: float, rent: float, restitution: bool) -> float:
    """The least slash that deters: max(0, G - p H) / (p (1 - k)), with (1 - p) G for G under restitution.

    Infinite where nothing is ever detected or everything flows back, unless there is nothing to gain.
    """
    kept = (1.0 - detected) * gain if restitution else gain
    wanted = kept - detected * rent
    if wanted <= 0.0:
        return 0.0
    felt = detected * (1.0 - returned)
    return wanted / felt if felt > 0.0 else math.inf


def bond_needed(
    gain: float, detected: float, rate: int, *, returned: float = 0.0, rent: float = 0.0, restitution: bool = False
) -> int:
    """The least bond, whole micro-credits, of which a slash at that rate deters.

    Args:
        gain: Micro-credits that the offence brings.
        detected: Probability of detection, in (0, 1].
        rate: Parts per million of the bond that the violation costs, see `econo_env.economy.slashing`.
        returned: Share of the slash that flows back, at least the reporter's share.
        rent: Future income lost on detection, micro-credits.
        restitution: Whether the gain is handed back on detection.

    Raises:
        ValueError: No bond deters, because nothing is detected, nothing is slashed, or all of it flows back.
    """
    loss = loss_needed(gain, detected, returned, rent, restitution)
    if loss == 0.0:
        return 0
    if math.isinf(loss) or rate <= 0:
        raise ValueError(
            f"no bond deters a gain of {gain:g} at detection {detected:g}, rate {rate} and a share of {returned:g} "
            f"that flows back: detection and rate must be above 0, the share below 1"
        )
    return math.ceil(loss * MILLION / rate)


@compiled
def cheating_pays_above(rent: float, discount: float) -> float:
    """The least gain for which one offence beats honesty, where it ends all later income: d H / (1 - d)."""
    return discount * rent / (1.0 - discount)


@compiled
def report_bond_floor(adjudication: float, reward: float, wrongly_upheld: float) -> float:
    """The least bond of a reporter under which a false report does not pay, and the accused is held harmless.

    Args:
        adjudication: What judging a report costs the accused and the house.
        reward: What a reporter gets for an upheld report.
        wrongly_upheld: Probability that a false report is upheld, in [0, 1).
    """
    return max(adjudication, wrongly_upheld * reward / (1.0 - wrongly_upheld))


@compiled
def report_bond_ceiling(reward: float, upheld: float) -> float:
    """The highest bond of a reporter under which a true report that is upheld with that probability still pays."""
    return upheld * reward / (1.0 - upheld) if upheld < 1.0 else math.inf


@compiled
def inspection_equilibrium(gain: float, fine: float, cost: float, saved: float) -> tuple[float, float]:
    """The mixed equilibrium of inspecting and offending, (probability of inspection, of offence).

    An offence brings `gain` and costs `fine` if inspected; an inspection costs `cost` and saves `saved` if there was an
    offence. The inspector makes the offender indifferent, gain = p fine, and the offender the inspector, cost = q
    saved: a higher fine means fewer inspections and as many offences.
    """
    return min(1.0, gain / fine), min(1.0, cost / saved)

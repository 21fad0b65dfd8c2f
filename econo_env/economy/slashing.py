"""Slashing: how much of a bond a violation costs, where it goes, and what joint offences cost on top.

Amounts are whole micro-credits, rates whole parts per million. A slash is rounded up: a bond split over many contracts
or identities never loses less than the bond in one piece.
"""

from typing import NamedTuple

from econo_env.economy.proportions import MILLION, share_down, share_up, times_over
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Int64s

MINOR = 0
TIMEOUT = 1
DOWNTIME = 2
FRAUD = 3
COLLUSION = 4
BYZANTINE_FAULT = 5
VIOLATIONS = ("minor", "timeout", "downtime", "fraud", "collusion", "byzantine")
"""Names of the violations, by their number. Work that is poor is `minor`, late or abandoned work is `timeout`."""

EXACT = 0
BELLATRIX = 1
ELECTRA = 2

NEVER = -1
"""A slot of a repeat counter that holds no tick."""


class SlashSchedule(NamedTuple):
    """Rates in parts per million, and how many violations in the window go free.

    Attributes:
        poor: Of the contract's lock, for the first poor work beyond the grace.
        growth: What each repeat multiplies the last rate by.
        cap: The highest rate of repeated poor work.
        minor_grace: Poor works in the window that cost nothing.
        timeout_grace: Late or abandoned works in the window that cost nothing.
        downtime: Of the bond, for serving too few of its duties.
        fraud: Of the bond, for proved fraud about quality.
        collusion: Of the bond, for proved collusion.
        byzantine: Of the bond, on self-verifying evidence; ends in a tombstone.
    """

    poor: int = 100_000
    growth: int = 1_500_000
    cap: int = 500_000
    minor_grace: int = 3
    timeout_grace: int = 1
    downtime: int = 10_000
    fraud: int = 250_000
    collusion: int = 300_000
    byzantine: int = 1_000_000


class Split(NamedTuple):
    """Where slashed value goes, micro-credits; the four sum to it."""

    victim: int
    reporter: int
    burned: int
    insurance: int


@compiled
def repeated_rate(repeat: int, schedule: SlashSchedule) -> int:
    """The rate poor * growth^(repeat - 1), rounded down at each step, at most the cap; `repeat` counts from 1."""
    rate = schedule.poor
    for _ in range(repeat - 1):
        if rate >= schedule.cap:
            break
        rate = rate * schedule.growth // MILLION
    return min(rate, schedule.cap)


@compiled
def slash_rate(violation: int, earlier: int, schedule: SlashSchedule) -> int:
    """Parts per million that a violation costs.

    Args:
        violation: One of `VIOLATIONS`, by number.
        earlier: Violations of the same kind by the same agent in the window before this one.
        schedule: The rates.

    Returns:
        0 within the grace; of the contract's lock for minor violations and timeouts, of the whole bond for others.
    """
    if violation in (MINOR, TIMEOUT):
        grace = schedule.minor_grace if violation == MINOR else schedule.timeout_grace
        return 0 if earlier < grace else repeated_rate(earlier - grace + 1, schedule)
    if violation == DOWNTIME:
        return schedule.downtime
    if violation == FRAUD:
        return schedule.fraud
    if violation == COLLUSION:
        return schedule.collusion
    return schedule.byzantine


@compiled
def slash(bond: int, rate: int) -> int:
    """What a violation of that rate takes of a bond: rounded up, so never more than the bond."""
    return share_up(bond, rate)


@compiled
def split_slash(slashed: int, loss: int, victim_rate: int, reporter_rate: int, burn_rate: int) -> Split:
    """Divides slashed value: the victim first, then reporter (rounded down), burn (rounded up), insurance the rest.

    With `reporter_rate` below `burn_rate` the reporter gets less than what is burned in every event of which
    anything is left, so nobody recycles a slash by reporting itself.

    Args:
        slashed: Micro-credits.
        loss: What the principal of the contract verifiably lost and has not back, micro-credits; nobody else's
            loss counts, so that no claim dilutes another.
        victim_rate: Parts per million of the slash that the victim gets at most. 10^6 where the offence can harm the
            principal alone; less where it harms others, because the principal may be the offender's own.
        reporter_rate: Parts per million of what the victim leaves, such as 100,000.
        burn_rate: Parts per million of what the victim leaves, such as 500,000.
    """
    victim = min(share_down(slashed, victim_rate), loss)
    rest = slashed - victim
    reporter = share_down(rest, reporter_rate)
    burned = share_up(rest, burn_rate)
    return Split(victim, reporter, burned, rest - reporter - burned)


def most_returned(victim_rate: int, reporter_rate: int) -> float:
    """The share k of any slash that an offender can bring back, whoever of principal and reporter is its own."""
    victim = victim_rate / MILLION
    return victim + (1.0 - victim) * reporter_rate / MILLION


def check_split(reporter_rate: int, burn_rate: int) -> None:
    """Refuses rates under which an offender gains by reporting itself, or that sum to more than there is.

    Raises:
        ValueError: The reporter's rate is not below the burned rate, or together they exceed 10^6.
    """
    if not 0 <= reporter_rate < burn_rate:
        raise ValueError(
            f"reporters get {reporter_rate} parts per million and {burn_rate} are burned: an offender's own reporter "
            f"would bring the slash back; give reporters from 0 to less than what is burned"
        )
    if reporter_rate + burn_rate > MILLION:
        raise ValueError(
            f"{reporter_rate} parts per million for reporters and {burn_rate} burned are more than {MILLION}, all "
            f"there is: lower one of the two"
        )


@compiled
def correlated_slash(bond: int, slashed: int, bonded: int, multiplier: int, rounding: int, increment: int) -> int:
    """The surcharge bond * min(1, multiplier * slashed / bonded), due half a window after the infraction.

    Args:
        bond: The offender's bond, micro-credits.
        slashed: All that was slashed in the window, its own included, micro-credits.
        bonded: All that is bonded, micro-credits.
        multiplier: 3 in Ethereum since Bellatrix.
        rounding: `EXACT` rounds the surcharge down once. `BELLATRIX` and `ELECTRA` are the rules of
            ethereum/consensus-specs: whole increments after the division, and before it.
        increment: Micro-credits of one increment of those two; of no use to `EXACT`.
    """
    if bonded <= 0:
        return 0
    counted = bonded if slashed > bonded // multiplier else multiplier * slashed
    if rounding == BELLATRIX:
        return bond // increment * counted // bonded * increment
    if rounding == ELECTRA:
        return counted // (bonded // increment) * (bond // increment)
    return times_over(bond, counted, bonded)


@compiled
def surcharge_tick(infraction: int, unbonding: int) -> int:
    """When the correlated surcharge of an infraction is due: half of the unbonding delay later."""
    return infraction + unbonding // 2


@compiled
def open_window(window: Int64s, tick: int) -> None:
    """Makes room for the sums of a tick in a ring of the last ticks, shape (ticks,); call it once at each tick."""
    at = tick % window.shape[0]
    if window[at] != 0:  # what stays as it is goes back to no memory
        window[at] = 0


@compiled
def add_to_window(window: Int64s, tick: int, amount: int) -> None:
    """Adds to the sum of a tick in the ring."""
    window[tick % window.shape[0]] += amount


@compiled
def sum_of_window(window: Int64s) -> int:
    """The sum over the last ticks, as many as the ring has."""
    total = 0
    for at in range(window.shape[0]):
        total += window[at]
    return total


@compiled
def count_recent(ticks: Int64s, tick: int, window: int) -> int:
    """How many violations lie in the last `window` ticks, this one included; `ticks` as `note_violation` keeps them."""
    count = 0
    for at in range(ticks.shape[0]):
        count += ticks[at] != NEVER and tick - ticks[at] < window
    return count


@compiled
def note_violation(ticks: Int64s, tick: int) -> None:
    """Writes a violation over the oldest one, in slots of shape (slots,) that begin as `NEVER`.

    Counts saturate at the number of slots, so there must be enough of them for the grace and the cap, see
    `slots_needed`.
    """
    oldest = 0
    for at in range(1, ticks.shape[0]):
        if ticks[at] < ticks[oldest]:
            oldest = at
    ticks[oldest] = tick


def slots_needed(schedule: SlashSchedule) -> int:
    """How many earlier violations a counter must hold until more of them change nothing.

    Raises:
        ValueError: Repeats do not raise the rate and it never reaches the cap.
    """
    if schedule.poor < schedule.cap and (schedule.poor * schedule.growth // MILLION) <= schedule.poor:
        raise ValueError(
            f"growth {schedule.growth} parts per million never brings {schedule.poor} to the cap {schedule.cap}: "
            f"give a growth above {MILLION}, or a cap of {schedule.poor}"
        )
    repeat = 1
    while repeated_rate(repeat, schedule) < schedule.cap:
        repeat += 1
    return max(schedule.minor_grace, schedule.timeout_grace) + repeat - 1

"""How a contract that lasts is judged and settled: quality, grade, pay and worth, and how it is broken off."""

from typing import Any

from econo_env.economy.contracts import (
    BYZANTINE,
    EXCELLENT,
    POOR,
    SATISFACTORY,
    ValueSchedule,
    expected_payout,
    grade_of,
    graded_payout,
    money,
    true_grade,
    value_of,
)
from econo_env.economy.lasting.running import (
    ABANDONED,
    LATE,
    NEVER,
    NO_SLOT,
    ON_TIME,
    RUNNING,
    Running,
    progress_of,
    resolve,
    settlement,
)
from econo_env.economy.lasting.section import Params
from econo_env.economy.ledger import BONDED, FREE, PRINCIPAL, account
from econo_env.economy.measurement import Measurement, middle_mark, on_scale, passing_chances, worth_of_quality
from econo_env.economy.parts.contracts import (
    leaves_evidence,
    luck_of_work,
    quality_drawn,
)
from econo_env.economy.parts.ledger import move
from econo_env.engine.compiled import compiled
from econo_env.engine.rng import BOUNDARIES, MEASURED, Lottery, uniform


@compiled
def quality_made(i: int, reliability: float, progress: float, draws: Lottery, schedule: ValueSchedule) -> float:
    """The quality of work of which so much was done: by luck where it succeeds, or the work that was put in."""
    return _made(i, reliability, progress, draws, schedule, schedule.craft)


@compiled
def _made(
    i: int, reliability: float, progress: float, draws: Lottery, schedule: ValueSchedule, craft: Measurement | None
) -> float:
    if craft is None:
        return quality_drawn(i, reliability * progress, draws, schedule)
    return progress if luck_of_work(i, draws) < reliability else 0.0


@compiled
def measured_grade(
    i: int, quality: float, look: int, draws: Lottery, schedule: ValueSchedule, measurement: Measurement | None
) -> int:
    """The grade of work of this quality, as it is measured by a look of its own luck; its boundaries are drawn once."""
    if measurement is None:
        return grade_of(quality, False, schedule)
    error = uniform(draws.key, draws.episode, draws.tick, look, i)
    measured = quality + measurement.noise * (2.0 * error - 1.0)
    if not measurement.randomised:
        return grade_of(measured, False, schedule)
    luck, middle = uniform(draws.key, draws.episode, draws.tick, BOUNDARIES, i), middle_mark(schedule)
    scaled = on_scale(measured, measurement.noise)
    if scaled >= middle + (1.0 - middle) * luck:
        return EXCELLENT
    return SATISFACTORY if scaled >= middle * luck else POOR


@compiled
def judge(k: int, i: int, j: int, world: Any, params: Params) -> int:
    """The grade of a contract that is delivered, or will not be."""
    running, market = world.lasting_contracts.running, world.market
    delivery, forges = running.delivery[k, i, j], running.forges[k, i, j]
    if delivery in (NEVER, ABANDONED):
        return POOR
    draws = Lottery(market.key[k], market.episode[k], running.opened[k, i, j])
    if forges:
        return BYZANTINE if leaves_evidence(i, draws, params.detection) else SATISFACTORY
    done = progress_of(running.done[k, i, j], running.span[k, i, j])
    quality = quality_made(i, running.reliability[k, i, j], done, draws, params.schedule)
    running.quality[k, i, j] = quality
    if delivery == LATE:
        return POOR
    return measured_grade(i, quality, MEASURED, draws, params.schedule, params.measurement)


@compiled
def expected_of(k: int, i: int, j: int, running: Running, params: Params) -> float:
    """What was to be expected of a contract delivered on time, given the work that was done."""
    done = progress_of(running.done[k, i, j], running.span[k, i, j])
    return expected_if(k, i, j, done, running.lock[k, i, j], running, params)


@compiled
def expected_if(k: int, i: int, j: int, done: float, lock: int, running: Running, params: Params) -> float:
    """What is to be expected of it with this share of the work done, and so much locked behind it."""
    return _expected(k, i, j, done, lock, running, params, params.schedule.craft)


@compiled
def _expected(
    k: int, i: int, j: int, done: float, lock: int, running: Running, params: Params, craft: Measurement | None
) -> float:
    reliability, forges, schedule = running.reliability[k, i, j], running.forges[k, i, j], params.schedule
    value, owes = running.value[k, i, j], running.owes[k, i, j]
    if craft is None or forges:
        return expected_payout(value, owes, lock, reliability * done, forges, params.detection, schedule)
    excellent, passes = passing_chances(done, schedule, craft)
    made = graded_payout(excellent, passes, value, owes, lock, schedule)
    excellent, passes = passing_chances(0.0, schedule, craft)
    failed = graded_payout(excellent, passes, value, owes, lock, schedule)
    return float(reliability * made + (1.0 - reliability) * failed)


@compiled
def worth_of(
    k: int, i: int, j: int, running: Running, schedule: ValueSchedule, measurement: Measurement | None
) -> float:
    """What the work is worth to the house, micro-credits: by its quality, not by what was measured."""
    graded, forges, value = running.grade[k, i, j], running.forges[k, i, j], float(running.value[k, i, j])
    if measurement is None or forges or running.delivery[k, i, j] != ON_TIME:
        return value_of(true_grade(graded, forges), value, schedule)
    exact = Measurement(0.0, measurement.randomised)
    return worth_of_quality(running.quality[k, i, j], schedule, exact) * value


@compiled
def settle_slot(k: int, i: int, j: int, world: Any, params: Params) -> None:
    """Writes into the award what a graded contract pays, and ends its pending transfer."""
    lasting, running = world.lasting_contracts, world.lasting_contracts.running
    paid = payment_of(k, i, j, running.grade[k, i, j], running, params)
    world.market.award.pays[k, i] -= paid
    world.staking.held[k, i] -= resolve(k, i, j, paid, running)
    if running.delivery[k, i, j] == ON_TIME:
        lasting.luck[k, i] += paid - expected_of(k, i, j, running, params)
    lasting.delivered[k, i] += money(worth_of(k, i, j, running, params.schedule, params.measurement))


@compiled
def break_off(k: int, i: int, j: int, world: Any, params: Params) -> None:
    """Ends a contract whose holder is out: it is settled as one from which the holder walks away."""
    running = world.lasting_contracts.running
    running.delivery[k, i, j], running.grade[k, i, j] = ABANDONED, POOR
    running.judged[k, i, j] = world.market.tick[k]
    settle_slot(k, i, j, world, params)


@compiled
def post_broken(k: int, i: int, paid: int, held: int, world: Any) -> None:
    """Moves what contracts that were broken off after the payments of a tick have cost agent i, and frees the rest.

    Args:
        k: The market.
        i: The agent.
        paid: What it had paid in the tick before, micro-credits.
        held: What had been bound of its bond before, micro-credits.
        world: The world.
    """
    agents = world.staking.held.shape[1]
    bonded, due = account(i, BONDED, agents), world.market.award.pays[k, i] - paid
    move(k, world.ledger, bonded, PRINCIPAL, due)
    move(k, world.ledger, bonded, account(i, FREE, agents), held - world.staking.held[k, i] - due)


@compiled
def passed_forgery(k: int, i: int, world: Any) -> int:
    """The slot of agent i whose forged proof has passed in this tick, `NO_SLOT` for none."""
    running = world.lasting_contracts.running
    for j in range(running.status.shape[2]):
        now = running.status[k, i, j] > RUNNING and running.judged[k, i, j] == world.market.tick[k]
        if now and running.forges[k, i, j] and running.grade[k, i, j] == SATISFACTORY:
            return j
    return NO_SLOT


@compiled
def payment_of(k: int, i: int, j: int, graded: int, running: Running, params: Params) -> int:
    """What a contract pays with this grade, micro-credits."""
    value, owes, lock = running.value[k, i, j], running.owes[k, i, j], running.lock[k, i, j]
    return settlement(graded, running.delivery[k, i, j], value, owes, lock, params.forfeit, params.schedule)

"""Appeals: who is graded wrongly under a contract that lasts may ask for a second look.

For some ticks after a contract is judged its holder may appeal, once, for a fee. The second look has a luck of its own
and the same boundaries. Where it finds a better grade, the contract is settled once again by the difference, for no
fee; else the first grade stands. A grade is evidence for a reputation when it is beyond appeal, once.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.economy.action import Action
from econo_env.economy.contracts import EXCELLENT
from econo_env.economy.lasting.running import NO_SLOT, ON_TIME, RUNNING
from econo_env.economy.lasting.section import AppealsSection
from econo_env.economy.lasting.settling import measured_grade, payment_of
from econo_env.economy.ledger import FREE, TREASURY, account
from econo_env.economy.part import Part
from econo_env.economy.parts.ledger import move
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.rng import MEASURED_AGAIN, Lottery
from econo_env.engine.state import Bools, Column, Int64s, StepBuffers
from econo_env.money import to_money
from econo_env.scenario import Scenario

APPEALS = 0.5
"""The level of `appeal` above which an agent appeals."""


class State(NamedTuple):
    """Appeals in a batch of markets."""

    heard: Annotated[Bools, Column(np.bool_, ("agents", "slots"), "the contract in the slot has been looked at twice")]
    appealed: Annotated[Bools, Column(np.bool_, ("agents",), "an appeal was heard in the last tick")]
    upheld: Annotated[Bools, Column(np.bool_, ("agents",), "and the second look found a better grade")]
    gained: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits of the second settlement")]


class Params(NamedTuple):
    """Constants of the part."""

    fee: int  # micro-credits


def _params(scenario: Scenario, section: AppealsSection) -> Params:
    return Params(int(to_money(section.fee)))


@compiled
def begin(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nothing has been appealed at the start of an episode."""
    appeals = world.appeals
    for i in range(appeals.upheld.shape[1]):
        appeals.appealed[k, i], appeals.upheld[k, i], appeals.gained[k, i] = False, False, 0
        for j in range(appeals.heard.shape[2]):
            appeals.heard[k, i, j] = False


@compiled
def forget_last(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Slots that are empty or run have not been appealed."""
    appeals, running = world.appeals, world.lasting_contracts.running
    for i in range(appeals.upheld.shape[1]):
        appeals.appealed[k, i], appeals.upheld[k, i], appeals.gained[k, i] = False, False, 0
        for j in range(appeals.heard.shape[2]):
            appeals.heard[k, i, j] = appeals.heard[k, i, j] and running.status[k, i, j] > RUNNING


@compiled
def disputable(k: int, i: int, world: Any, window: int) -> int:
    """The slot of the contract that agent i may appeal in this tick: on time, honest, not excellent, judged first."""
    running, heard, first = world.lasting_contracts.running, world.appeals.heard, NO_SLOT
    for j in range(running.status.shape[2]):
        if running.status[k, i, j] <= RUNNING or heard[k, i, j] or running.delivery[k, i, j] != ON_TIME:
            continue
        if running.forges[k, i, j] or running.grade[k, i, j] == EXCELLENT:
            continue
        if running.judged[k, i, j] + window < world.market.tick[k]:
            continue
        if first == NO_SLOT or running.judged[k, i, j] < running.judged[k, i, first]:
            first = j
    return first


@compiled
def hear(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, appeal: float) -> None:
    """Looks a second time at a contract whose holder asks for it and has the fee."""
    appeals, running, agents = world.appeals, world.lasting_contracts.running, world.appeals.upheld.shape[1]
    j, free = disputable(k, i, world, params.lasting_contracts.window), account(i, FREE, agents)
    if appeal <= APPEALS or j == NO_SLOT or world.ledger.balances[k, free] < params.appeals.fee:
        return
    market, constants, old = world.market, params.lasting_contracts, running.grade[k, i, j]
    draws = Lottery(market.key[k], market.episode[k], running.opened[k, i, j])
    quality = running.quality[k, i, j]
    graded = measured_grade(i, quality, MEASURED_AGAIN, draws, constants.schedule, constants.measurement)
    appeals.heard[k, i, j], appeals.appealed[k, i] = True, True
    if graded >= old:
        move(k, world.ledger, free, TREASURY, params.appeals.fee)
        return
    appeals.upheld[k, i] = True
    running.grade[k, i, j] = graded
    before, after = payment_of(k, i, j, old, running, constants), payment_of(k, i, j, graded, running, constants)
    appeals.gained[k, i] = after - before


@compiled
def settle_again(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Pays the difference of the appeals that were upheld."""
    for i in range(world.appeals.upheld.shape[1]):
        world.market.award.pays[k, i] -= world.appeals.gained[k, i]


@compiled
def may_appeal(k: int, i: int, world: Any, params: Any) -> float:
    """1 where the agent has a contract that it may appeal."""
    return 1.0 if disputable(k, i, world, params.lasting_contracts.window) != NO_SLOT else 0.0


@compiled
def disputed_grade(k: int, i: int, world: Any, params: Any) -> float:
    """The grade of that contract over 4."""
    j = disputable(k, i, world, params.lasting_contracts.window)
    return 0.0 if j == NO_SLOT else float(world.lasting_contracts.running.grade[k, i, j] / 4.0)


@compiled
def own_quality(k: int, i: int, world: Any, params: Any) -> float:
    """The true quality of that contract's work, which its holder knows."""
    j = disputable(k, i, world, params.lasting_contracts.window)
    return 0.0 if j == NO_SLOT else float(world.lasting_contracts.running.quality[k, i, j])


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    appealed = world.appeals.appealed
    return {
        "appealed": appealed.astype(np.float64),
        "upheld": np.where(appealed, world.appeals.upheld, np.nan),
    }


def _check(scenario: Scenario, section: AppealsSection) -> str | None:
    contracts = dict((scenario.economy or {})["lasting_contracts"])
    if contracts["noise"] == 0.0:
        return (
            "quality is measured without error, so no grade is wrong: give lasting_contracts a noise, or leave it out"
        )
    return None


PART = Part(
    name="appeals",
    summary="Who is graded wrongly may ask for a second look, for a fee; an upheld appeal pays the difference.",
    config=AppealsSection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": begin, "maturities": forget_last, "lock": hear, "settle": settle_again},
    needs=("lasting_contracts",),
    actions=(
        Action("appeal", "above 0.5, appeals the own contract that may be appealed, judged first", unmasked=True),
    ),
    features=(
        Feature("may_appeal", "1 where the agent has a contract that it may appeal", may_appeal),
        Feature("disputed_grade", "grade over 4 of the own contract that may be appealed", disputed_grade),
        Feature("own_quality", "true quality of the work under that contract", own_quality),
    ),
    series=_series,
    check=_check,
    audited={"upheld": "its appeal is upheld: a second look finds a better grade"},
)

"""Default after the sale of work: its holder learns what else the work costs, and may walk away for a forfeit.

When a contract that lasts is won, its work costs e more than was foreseen, e uniform on [-shock, shock], seen by nobody
before. The holder walks away where keeping the contract is worth less to it than the forfeit: then nothing begins,
the house has the forfeit, and a broken promise is remembered. The right to walk away is worth bidding for: in a second
price it is dominant to bid (sqrt(shock) - sqrt(forfeit))^2 above the truth, and the truth from a forfeit of the shock
on.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.conduct import note_among
from econo_env.economy.contracts import POOR
from econo_env.economy.lasting.running import NO_SLOT, clear_slot, slot_of
from econo_env.economy.lasting.settling import expected_if
from econo_env.economy.part import Fact, Part, Section
from econo_env.economy.parts.default import drawn_shock
from econo_env.economy.parts.enforcement import fault_costs
from econo_env.economy.parts.lottery import tell_outcome
from econo_env.economy.parts.staking import stake_of
from econo_env.economy.work import expected_outcome
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Column, Float64s, Int64s, StepBuffers
from econo_env.money import LARGEST_CREDITS, Credits, to_credits, to_money
from econo_env.scenario import Scenario


class WithdrawalSection(Section):
    """What holders learn when they have won, and what walking away costs them.

    Attributes:
        shock: The largest change of what the work costs, credits.
        forfeit: Credits of its stake that a holder loses who walks away, at most what its contract can cost it.
    """

    shock: Credits = Field(0.2, ge=0.0, le=LARGEST_CREDITS / 1e3)
    forfeit: Credits = Field(0.05, ge=0.0, le=LARGEST_CREDITS / 1e3)


class State(NamedTuple):
    """Who walked away in a batch of markets."""

    walked: Annotated[Bools, Column(np.bool_, ("agents",), "walked away from what it won in the last tick")]
    forfeited: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits that this cost it")]
    at_stake: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, value of the contract that it won")]
    learned: Annotated[
        Float64s, Column(np.float64, ("agents",), "micro-credits that the work costs more than foreseen")
    ]


class Params(NamedTuple):
    """Constants of the part."""

    shock: float  # micro-credits
    forfeit: int  # micro-credits
    enforced: int | None  # of no use; None where a broken promise costs no pledge


def _params(scenario: Scenario, section: WithdrawalSection) -> Params:
    enforced = 1 if "enforcement" in (scenario.economy or {}) else None
    return Params(float(to_money(section.shock)), int(to_money(section.forfeit)), enforced)


@compiled
def forget(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Agent i has won nothing in the tick yet; what it forfeited in the last one is past."""
    own = world.withdrawal
    if own.walked[k, i]:
        world.market.award.pays[k, i] = 0
    own.walked[k, i], own.forfeited[k, i], own.at_stake[k, i], own.learned[k, i] = False, 0, 0, 0.0


@compiled
def begin(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nobody has walked away at the start of an episode."""
    own = world.withdrawal
    own.walked[k, i], own.forfeited[k, i], own.at_stake[k, i], own.learned[k, i] = False, 0, 0, 0.0


@compiled
def _penalty(enforced: int | None, k: int, i: int, world: Any, params: Any) -> int:
    """What a broken promise costs agent i of its pledge, on average, micro-credits."""
    if enforced is None:
        return 0
    return int(fault_costs(k, i, world, params.enforcement))


@compiled
def worth_keeping(k: int, i: int, j: int, lock: int, world: Any, params: Any) -> float:
    """What the contract in a slot is expected to pay agent i, delivered in time, less its work, as it set out."""
    running, constants = world.lasting_contracts.running, params.lasting_contracts
    effort = running.effort[k, i, j]
    paid = expected_if(k, i, j, effort, lock, running, constants)
    return float(paid - running.cost[k, i, j] * effort * effort)


@compiled
def keep_or_walk(k: int, winner: int, world: Any, params: Any, buffers: StepBuffers, revalue: Any) -> None:
    """Draws what a winner learns, and lets it walk away where keeping the contract would be worse."""
    own, market, lasting = world.withdrawal, world.market, world.lasting_contracts
    j = slot_of(k, winner, lasting.opened[k], lasting.running)
    if j == NO_SLOT:
        return
    lock = min(market.award.exposure[k, winner], stake_of(k, winner, market.award, params.staking))
    lock = min(lock, world.staking.locked[k, winner])
    forfeit = min(params.withdrawal.forfeit, lock)
    learned = drawn_shock(k, winner, market, params.withdrawal.shock)
    costs = forfeit + _penalty(params.withdrawal.enforced, k, winner, world, params)
    own.at_stake[k, winner], own.learned[k, winner] = lasting.running.value[k, winner, j], learned
    if worth_keeping(k, winner, j, lock, world, params) - learned >= -costs:
        revalue(k, -learned, market)
        return
    contracts = params.lasting_contracts
    revalue(k, -expected_outcome(k, winner, contracts.schedule, contracts.detection, lasting.work), market)
    clear_slot(k, winner, j, lasting.running)
    lasting.running.busy[k, winner] -= 1
    lasting.opened[k] -= 1
    own.walked[k, winner], own.forfeited[k, winner] = True, forfeit
    market.award.exposure[k, winner] = forfeit


@compiled
def note(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Who walked away has broken a promise."""
    own = world.withdrawal
    for i in range(own.walked.shape[1]):
        if own.walked[k, i] and world.conduct.grade[k, i] < POOR:
            note_among(k, i, POOR, float(own.at_stake[k, i]), world.conduct)
            tell_outcome(world.conduct.evidence, k, i, world)


@compiled
def feel(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Who keeps its contract bears what it has learned."""
    if not world.withdrawal.walked[k, i]:
        world.market.award.worth[k, i] -= world.withdrawal.learned[k, i]


@compiled
def charge(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nothing is handed to who walked away, and the award says what it forfeits."""
    if world.withdrawal.walked[k, i]:
        world.market.award.units[k, i] = 0
        world.market.award.pays[k, i] += world.withdrawal.forfeited[k, i]


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    won = world.withdrawal.at_stake > 0
    return {
        "walked_away": np.where(won, world.withdrawal.walked, np.nan),
        "forfeited_by_walking": to_credits(world.withdrawal.forfeited),
    }


def _check(scenario: Scenario, section: WithdrawalSection) -> str | None:
    if scenario.kind.kernels.revalue is None:
        return f"a {scenario.market} market does not say what work is expected to be worth: leave it out"
    return None


PART = Part(
    name="withdrawal",
    summary="Holders of lasting contracts learn after the sale what the work costs, and may walk away for a forfeit.",
    config=WithdrawalSection,
    state=State,
    accounts=(),
    params=_params,
    stages={
        "open": begin,
        "maturities": forget,
        "execute": keep_or_walk,
        "grade": note,
        "settle": feel,
        "quote": charge,
    },
    needs=("lasting_contracts",),
    facts=(Fact("forfeited", "credits", lambda scenario, world: to_credits(world.withdrawal.forfeited)),),
    series=_series,
    check=_check,
    audited={"walked": "it walks away from what it won and loses a forfeit"},
)

"""Credit: agents put money up as collateral and bid with more than they have.

What a bid can cost beyond the free money is lent by the treasury, as far as funds and credit cover it, and what is not
spent comes back in the same tick. The rest is a debt, paid from whatever is free at the end of a tick; after `term`
ticks the collateral pays, and what it does not pay is the treasury's loss. A reward counts debts as they are.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.action import Action
from econo_env.economy.credit import credit_line, may_expose, settle_debt
from econo_env.economy.ledger import COLLATERAL, FREE, TREASURY, account, balances_of
from econo_env.economy.multipliers import line_factor
from econo_env.economy.part import Fact, Part, Section
from econo_env.economy.parts.ledger import issue, move
from econo_env.economy.proportions import MILLION
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.rng import LOANS, uniform
from econo_env.engine.state import Bools, Column, Int64s, StepBuffers
from econo_env.money import CREDIT, LARGEST_CREDITS, MICRO, Credits, to_credits, to_money
from econo_env.scenario import Scenario


class CreditSection(Section):
    """How much is lent, on what.

    Attributes:
        advance: Credits that are lent on each credit of collateral, to the millionth; above 1 a debt may default.
        pool: Credits of the treasury at the start of an episode: what it can lend.
        term: Ticks after which a debt is taken from the collateral.
        by_reputation: Whether half as much is lent at reputation 0, in a straight line up to all of it at 1.
    """

    advance: float = Field(1.0, gt=0.0, le=10.0)
    pool: Credits = Field(100.0, ge=0.0, le=LARGEST_CREDITS / 2)
    term: int = Field(8, ge=1, le=1_000_000)
    by_reputation: bool = False


class State(NamedTuple):
    """Debts in a batch of markets."""

    debt: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits owed to the treasury")]
    since: Annotated[Int64s, Column(np.int64, ("agents",), "tick in which the debt began")]
    lent: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits lent in the last tick")]
    defaulted: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits that it failed to pay in the last tick")]
    counted: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits owed when rewards were last reckoned")]
    written_off: Annotated[Int64s, Column(np.int64, (), "micro-credits that the treasury lost in the episode")]
    open: Annotated[Bools, Column(np.bool_, (), "somebody owes something, or did in the last tick")]


class Params(NamedTuple):
    """Constants of the part."""

    advance: int  # parts per million
    pool: int  # micro-credits
    term: int
    by_reputation: int | None  # of no use; None where all are lent the same


def _params(scenario: Scenario, section: CreditSection) -> Params:
    graded = 1 if section.by_reputation else None
    return Params(round(section.advance * MILLION), int(to_money(section.pool)), section.term, graded)


@compiled
def open_credit(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """The treasury has its pool at the start of an episode, and nobody owes anything."""
    issue(k, world.ledger, TREASURY, params.credit.pool)
    world.credit.written_off[k] = 0
    world.credit.open[k] = False
    for i in range(world.credit.debt.shape[1]):
        world.credit.debt[k, i] = 0
        world.credit.lent[k, i] = 0
        world.credit.defaulted[k, i] = 0
        world.credit.counted[k, i] = 0


@compiled
def line_of(collateral: int, advance: int) -> int:
    """What may be owed on a collateral, for an advance that may exceed 10^6 parts per million."""
    return collateral * (advance // MILLION) + credit_line(collateral, advance % MILLION)


@compiled
def collateral_needed(debt: int, collateral: int, advance: int) -> int:
    """The least collateral, of what there is, on which a debt may be owed."""
    over = debt // advance * MILLION + debt % advance * MILLION // advance  # debt / advance, rounded down
    needed = min(collateral, over + 1) if debt > 0 else 0
    return needed if line_of(needed, advance) >= debt else collateral


@compiled
def _advance(by_reputation: int | None, k: int, i: int, advance: int, world: Any) -> int:
    """Parts per million that are lent agent i on its collateral, at least 1."""
    if by_reputation is None:
        return advance
    return max(1, int(advance * line_factor(world.reputation.bound[k, i])))


@compiled
def call_in(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Takes what is owed for too long from free money and collateral; the rest is the treasury's loss."""
    credit, ledger, agents, still_open = world.credit, world.ledger, world.credit.debt.shape[1], False
    if not credit.open[k]:  # nothing is owed, nor was lent: a market without debts does not fetch their columns
        return
    for i in range(agents):
        credit.lent[k, i] = 0
        credit.defaulted[k, i] = 0
        still_open = still_open or credit.debt[k, i] != 0 or credit.counted[k, i] != 0
        if credit.debt[k, i] == 0 or world.market.tick[k] - credit.since[k, i] < params.credit.term:
            continue
        free, put_up = account(i, FREE, agents), account(i, COLLATERAL, agents)
        from_free, from_collateral, rest = settle_debt(
            credit.debt[k, i], ledger.balances[k, free], ledger.balances[k, put_up]
        )
        move(k, ledger, free, TREASURY, from_free)
        move(k, ledger, put_up, TREASURY, from_collateral)
        credit.debt[k, i] = 0
        credit.defaulted[k, i] = rest
        credit.written_off[k] += rest
    credit.open[k] = still_open


@compiled
def put_up_collateral(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, collateral: float) -> None:
    """Adds free money to the collateral of agent i, or takes back what its debt does not need."""
    if collateral == 0.0:
        return
    ledger, agents = world.ledger, world.credit.debt.shape[1]
    free, put_up = account(i, FREE, agents), account(i, COLLATERAL, agents)
    move(k, ledger, free, put_up, int(max(collateral, 0.0) * ledger.balances[k, free]))
    there = ledger.balances[k, put_up]
    advance = _advance(params.credit.by_reputation, k, i, params.credit.advance, world)
    spare = there - collateral_needed(world.credit.debt[k, i], there, advance)
    move(k, ledger, put_up, free, min(spare, int(max(-collateral, 0.0) * there)))


@compiled
def lend(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Lends what bids can cost beyond the free money; who is first, where the treasury has too little, is drawn."""
    credit, ledger, market, agents = world.credit, world.ledger, world.market, world.credit.debt.shape[1]
    short = 0
    for i in range(agents):
        short += market.award.exposure[k, i] > ledger.balances[k, account(i, FREE, agents)]
    if short == 0:
        return
    first = int(agents * uniform(market.key[k], market.episode[k], market.tick[k], LOANS, 0))
    for turn in range(agents):
        i = (turn + first) % agents
        free = account(i, FREE, agents)
        at_hand, exposure = ledger.balances[k, free], market.award.exposure[k, i]
        advance = _advance(params.credit.by_reputation, k, i, params.credit.advance, world)
        line = line_of(ledger.balances[k, account(i, COLLATERAL, agents)], advance)
        wanted = exposure - at_hand
        open_line = min(line - credit.debt[k, i], ledger.balances[k, TREASURY])
        if wanted <= 0 or not may_expose(at_hand, open_line, 0, exposure):
            continue
        move(k, ledger, TREASURY, free, wanted)
        if credit.debt[k, i] == 0:
            credit.since[k, i] = market.tick[k]
        credit.debt[k, i] += wanted
        credit.lent[k, i] = wanted
        credit.open[k] = True


@compiled
def repay(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Pays the debt of agent i as far as its free money goes."""
    if not world.credit.open[k]:
        return
    free = account(i, FREE, world.credit.debt.shape[1])
    paid = min(world.credit.debt[k, i], world.ledger.balances[k, free])
    move(k, world.ledger, free, TREASURY, paid)
    world.credit.debt[k, i] -= paid


@compiled
def count_debts(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Takes from the reward what is owed more than before."""
    credit = world.credit
    if not credit.open[k]:
        return
    buffers.rewards[k, i] -= (credit.debt[k, i] - credit.counted[k, i]) * CREDIT
    credit.counted[k, i] = credit.debt[k, i]


@compiled
def owed(k: int, i: int, world: Any, params: Any) -> float:
    """The own debt."""
    if not world.credit.open[k]:
        return 0.0
    debt = float(world.credit.debt[k, i])
    return debt / (debt + float(max(params.ledger.endowment, MICRO)))


@compiled
def put_up(k: int, i: int, world: Any, params: Any) -> float:
    """The own collateral."""
    amount = float(world.ledger.balances[k, account(i, COLLATERAL, world.credit.debt.shape[1])])
    if amount == 0.0:
        return 0.0
    return amount / (amount + float(max(params.ledger.endowment, MICRO)))


def _debt(scenario: Scenario, world: Any) -> Any:
    return to_credits(world.credit.debt)


def _collateral(scenario: Scenario, world: Any) -> Any:
    return to_credits(balances_of(world.ledger.balances, COLLATERAL))


def _series(scenario: Scenario, world: Any) -> Mapping[str, Any]:
    return {
        "debt": _debt(scenario, world),
        "collateral": _collateral(scenario, world),
        "lent": to_credits(world.credit.lent),
        "defaulted": to_credits(world.credit.defaulted).sum(axis=1),
        "written_off": to_credits(world.credit.written_off),
    }


def _check(scenario: Scenario, section: CreditSection) -> str | None:
    if section.by_reputation and "reputation" not in (scenario.economy or {}):
        return "by_reputation asks for a reputation: give the economy `reputation`, or leave it out"
    return None


PART = Part(
    name="credit",
    summary="Agents put money up as collateral, on which the treasury lends what their bids can cost beyond it.",
    config=CreditSection,
    state=State,
    params=_params,
    stages={
        "open": open_credit,
        "faults": call_in,
        "maturities": put_up_collateral,
        "strike": lend,
        "release": repay,
        "reckon": count_debts,
    },
    needs=("ledger",),
    accounts=(COLLATERAL,),
    actions=(
        Action(
            "collateral",
            "above 0 that share of the free money is put up, below 0 that share of what is put up comes back, "
            "as far as the debt does not need it",
        ),
    ),
    features=(
        Feature("debt", "the own debt d as d / (d + endowment), the latter at least 1", owed),
        Feature("collateral", "the own collateral c as c / (c + endowment), the latter at least 1", put_up),
    ),
    facts=(Fact("debt", "credits", _debt), Fact("collateral", "credits", _collateral)),
    series=_series,
    check=_check,
    audited={
        "lent": "it is lent {value} micro-credits",
        "debt": "it owes {value} micro-credits",
        "defaulted": "it fails to pay {value} micro-credits",
    },
)

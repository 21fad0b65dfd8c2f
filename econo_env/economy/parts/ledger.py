"""Accounts for every agent and the house: all money of a market goes through one door, and nobody bids beyond its own.

A bid whose most costly outcome is more than the agent has free is struck before the auction. What the award charges
goes from the agent to the house, what it pays from the house to the agent. Rewards are the worth of the goods and
what the agent's own accounts gained.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from econo_env.economy.award import WITHDRAWALS
from econo_env.economy.ledger import (
    AGENT_NAMES,
    BONDED,
    COLLATERAL,
    ESCROW,
    FREE,
    NOWHERE,
    PENDING,
    PLEDGED,
    PRINCIPAL,
    UNBONDING,
    account,
    balances_of,
    mint,
    transfer,
)
from econo_env.economy.part import Fact, Part, Section
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.state import Column, Int64s, StepBuffers
from econo_env.money import CREDIT, LARGEST_CREDITS, MICRO, Credits, to_credits, to_money
from econo_env.population import stakes_of
from econo_env.scenario import Scenario
from econo_env.valuations.utility import RiskNeutral

_ENOUGH = 1_000_000.0  # credits


class LedgerSection(Section):
    """Money that agents and the house start an episode with.

    Attributes:
        endowment: Free money of each agent, credits.
        house: Money of the house, which sells, buys and pays bonuses, credits; none for as much as contracts can
            come to pay in an episode, a million without contracts.
    """

    endowment: Credits = Field(10.0, ge=0.0, le=LARGEST_CREDITS / 1e3)
    house: Credits | None = Field(None, ge=0.0, le=LARGEST_CREDITS / 2)


class Journal(NamedTuple):
    """The transfers of a tick in the order in which they were made, for those who keep books of them."""

    made: Annotated[Int64s, Column(np.int64, (), "transfers of the tick, those for which there was no room too")]
    operation: Annotated[Int64s, Column(np.int64, (), "the running one, its number in economy.tick.operations")]
    reason: Annotated[Int64s, Column(np.int64, ("transfers",), "operation of the transfer")]
    source: Annotated[Int64s, Column(np.int64, ("transfers",), "account debited, NOWHERE for new money")]
    target: Annotated[Int64s, Column(np.int64, ("transfers",), "account credited")]
    amount: Annotated[Int64s, Column(np.int64, ("transfers",), "micro-credits, above 0")]


class State(NamedTuple):
    """Balances of a batch of markets; accounts are those of `econo_env.economy.ledger`."""

    balances: Annotated[Int64s, Column(np.int64, ("accounts",), "micro-credits, see economy.ledger")]
    minted: Annotated[Int64s, Column(np.int64, (), "micro-credits, sum of all balances")]
    refused: Annotated[Int64s, Column(np.int64, (), "transfers refused: 0 unless a rule is wrong")]
    wealth: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits in the agent's accounts after the tick")]
    struck: Annotated[Int64s, Column(np.int64, ("agents",), "1 where the last bid was struck for want of money")]
    journal: None  # see `WithJournal`


_WITH_JOURNAL = [*list(get_type_hints(State, include_extras=True).items())[:-1], ("journal", Journal)]
WithJournal = NamedTuple("WithJournal", _WITH_JOURNAL)  # type: ignore[misc]  # the same columns, said once
"""The columns where a part asks for a journal: without one nothing of it is in the compiled loop."""


class Kinds(NamedTuple):
    """Kinds of accounts of agents beside their free ones; of no use, None where no part brings money into them."""

    escrow: int | None
    bonded: int | None
    pledged: int | None
    unbonding: int | None
    pending: int | None
    collateral: int | None


class Params(NamedTuple):
    """Micro-credits at the start of an episode."""

    endowment: int
    house: int
    stakes: Int64s | None  # each agent's, where the population says so: (agents,)
    kinds: Kinds


def _drawn(scenario: Scenario) -> float:
    """Credits that the parts can come to take from the house in an episode, as far as that is known; 0 for unknown."""
    parts = scenario.parts().items()
    return sum(part.draws_on(scenario, section) for part, section in parts if part.draws_on is not None)


def _house(scenario: Scenario, section: LedgerSection) -> float:
    """Money of the house, credits."""
    return section.house if section.house is not None else _drawn(scenario) or _ENOUGH


def _params(scenario: Scenario, section: LedgerSection) -> Params:
    stakes = stakes_of(scenario.population or (), scenario.kind.agents(scenario), section.endowment)
    own = None if stakes is None else np.asarray(to_money(np.array(stakes)), dtype=np.int64)
    every = range(FREE + 1, len(AGENT_NAMES))
    used = {kind for part in scenario.parts() for kind in (every if part.accounts is None else part.accounts)}
    kinds = Kinds(*(1 if kind in used else None for kind in every))
    return Params(int(to_money(section.endowment)), int(to_money(_house(scenario, section))), own, kinds)


@compiled
def move(k: int, ledger: State, source: int, target: int, amount: int) -> None:
    """The one door: a transfer that must succeed; a refusal is counted."""
    if not transfer(ledger.balances[k], source, target, amount):
        ledger.refused[k] += 1
        return
    note(k, ledger.journal, source, target, amount)


@compiled
def issue(k: int, ledger: State, target: int, amount: int) -> None:
    """The door by which new money comes in."""
    ledger.minted[k] += mint(ledger.balances[k], target, amount)
    note(k, ledger.journal, NOWHERE, target, amount)


@compiled
def note(k: int, journal: Journal | None, source: int, target: int, amount: int) -> None:
    """Writes a transfer into the journal if there is one; what moves nothing is not written."""
    if journal is None:
        return
    _note(k, journal, source, target, amount)


@compiled
def _note(k: int, journal: Journal, source: int, target: int, amount: int) -> None:
    if amount == 0:
        return
    at = journal.made[k]
    journal.made[k] = at + 1
    if at < journal.amount.shape[1]:
        journal.reason[k, at] = journal.operation[k]
        journal.source[k, at] = source
        journal.target[k, at] = target
        journal.amount[k, at] = amount


@compiled
def starts_with(i: int, stakes: Int64s | None, endowment: int) -> int:
    """Free money of an agent at the start of an episode, micro-credits."""
    if stakes is None:
        return endowment
    return int(stakes[i])


@compiled
def open_accounts(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Mints the money of an episode."""
    ledger = world.ledger
    for at in range(ledger.balances.shape[1]):
        ledger.balances[k, at] = 0
    ledger.minted[k] = 0
    issue(k, ledger, PRINCIPAL, params.ledger.house)
    agents = ledger.wealth.shape[1]
    for i in range(agents):
        money = starts_with(i, params.ledger.stakes, params.ledger.endowment)
        issue(k, ledger, account(i, FREE, agents), money)
        ledger.wealth[k, i] = money
        ledger.struck[k, i] = 0


@compiled
def cover(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, withdraw: Any) -> None:
    """Strikes bids that could cost more than their bidder has free."""
    ledger, agents = world.ledger, world.ledger.wealth.shape[1]
    if ledger.struck[k, i] != 0:  # what stays as it is goes back to no memory
        ledger.struck[k, i] = 0
    free, most = ledger.balances[k, account(i, FREE, agents)], world.market.award.exposure[k, i]
    if most > free:
        ledger.struck[k, i] = 1
        for _ in range(WITHDRAWALS):
            if world.market.award.exposure[k, i] > free:
                withdraw(k, i, world.market)


@compiled
def post(k: int, winner: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Moves what the award charges and pays; where free money is locked away, a bidder's own stake pays the rest."""
    ledger, agents = world.ledger, world.ledger.wealth.shape[1]
    due = world.market.award.pays[k, winner]
    free = account(winner, FREE, agents)
    if due > 0:
        at_hand = min(due, ledger.balances[k, free])
        move(k, ledger, free, PRINCIPAL, at_hand)
        if due > at_hand:
            bonded = min(due - at_hand, ledger.balances[k, account(winner, BONDED, agents)])
            move(k, ledger, account(winner, BONDED, agents), PRINCIPAL, bonded)
            move(k, ledger, account(winner, ESCROW, agents), PRINCIPAL, due - at_hand - bonded)
    elif due < 0:
        move(k, ledger, PRINCIPAL, free, -due)


@compiled
def _held(used: int | None, kind: int, k: int, agent: int, ledger: State) -> int:
    """What an agent has in an account of a kind; nothing where no part brings money there."""
    if used is None:
        return 0
    return int(ledger.balances[k, np.uint64(account(agent, kind, ledger.wealth.shape[1]))])


@compiled
def reckon(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Rewards are the worth of the goods and what the own accounts gained, in credits.

    Numbers without a sign, so that the compiler turns it into vector instructions, see `fill_with_draws`.
    """
    ledger, worth, kinds = world.ledger, world.market.award.worth, params.ledger.kinds
    agents = ledger.wealth.shape[1]
    for agent in range(agents):
        i = np.uint64(agent)
        owned = ledger.balances[k, np.uint64(account(agent, FREE, agents))]
        owned += _held(kinds.escrow, ESCROW, k, agent, ledger)
        owned += _held(kinds.bonded, BONDED, k, agent, ledger)
        owned += _held(kinds.pledged, PLEDGED, k, agent, ledger)
        owned += _held(kinds.unbonding, UNBONDING, k, agent, ledger)
        owned += _held(kinds.pending, PENDING, k, agent, ledger)
        owned += _held(kinds.collateral, COLLATERAL, k, agent, ledger)
        buffers.rewards[k, i] = (worth[k, i] + (owned - ledger.wealth[k, i])) * CREDIT
        ledger.wealth[k, i] = owned


@compiled
def free_money(k: int, i: int, world: Any, params: Any) -> float:
    """Free money f as f / (f + endowment), the latter at least a credit."""
    free = float(world.ledger.balances[k, account(i, FREE, world.ledger.wealth.shape[1])])
    return float(free / (free + max(params.ledger.endowment, MICRO)))


def _check(scenario: Scenario, section: LedgerSection) -> str | None:
    utility = dict(scenario).get("utility", RiskNeutral())
    if not isinstance(utility, RiskNeutral):
        return f"rewards are worth and money, so utility {utility.name!r} does not go with it: leave utility out"
    needed, has = _drawn(scenario), _house(scenario, section)
    if needed > LARGEST_CREDITS:
        return (
            f"the house would need {needed:g} credits for {scenario.max_cycles} ticks: "
            f"keep max_cycles times the highest pay within {LARGEST_CREDITS:g}"
        )
    if has < needed:
        return f"house={has:g} is less than the {needed:g} credits that contracts can come to pay: leave it out"
    return None


def _free(scenario: Scenario, world: Any) -> NDArray[Any]:
    return to_credits(balances_of(world.ledger.balances, FREE))


def series(scenario: Scenario, world: Any) -> Mapping[str, NDArray[Any]]:
    """Free money of each agent, (markets, agents); bids struck for want of it and the reference price, (markets,)."""
    price = world.market.award.price
    return {
        "reference_price": np.where(price > 0, to_credits(price), np.nan),
        "free_money": _free(scenario, world),
        "struck": world.ledger.struck.sum(axis=1).astype(np.float64),
    }


PART = Part(
    name="ledger",
    summary="Accounts: all money moves between them, and nobody bids beyond what it has.",
    config=LedgerSection,
    state=State,
    accounts=(),
    params=_params,
    stages={
        "open": open_accounts,
        "lock": cover,
        "post": post,
        "reckon": reckon,
    },
    features=(Feature("free_money", "the own free money f as f / (f + endowment), the latter at least 1", free_money),),
    facts=(Fact("free_money", "credits", _free),),
    series=series,
    check=_check,
    audited={"struck": "its bid is struck for want of money"},
)

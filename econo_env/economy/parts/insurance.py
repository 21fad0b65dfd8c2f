"""Insurance of what was won, out of a pool that holds what was paid into it and cannot be farmed.

Agents choose by an action how much of a loss they cover. The premium of one who wins something is paid into the pool
before it is known how the award comes out. With `default` the loss is what the award turns out worse, which nature
draws: the premium is at least what is paid on average. With `contracts` it is what poor work costs its holder, which it
can bring about itself: such losses are paid as far as its own unspent premiums go. So are those of contracts that last,
each with a cover of its own, when its grade is beyond appeal. Claims together never exceed the pool.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np
from pydantic import Field

from econo_env.economy.action import Action
from econo_env.economy.insurance import CONDUCT, FAULT, claim, premium, share_pool
from econo_env.economy.lasting.insured import Covers, claims_of, drop_covers, won_now
from econo_env.economy.lasting.running import NO_SLOT
from econo_env.economy.ledger import BONDED, FREE, INSURANCE, account
from econo_env.economy.multipliers import premium_factor
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.ledger import move
from econo_env.economy.proportions import MILLION, share_up
from econo_env.economy.slashing import NEVER
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.state import Column, Float64s, Int64s, StepBuffers
from econo_env.money import to_credits, to_money
from econo_env.scenario import Scenario

SHARE_OF_SHOCKS = 250_000
"""What nature takes on average of the largest loss, parts per million: e uniform on [-s, s] costs s / 4."""


class InsuranceSection(Section):
    """What cover costs.

    Attributes:
        loading: What the premium is above what is paid on average, as a share of it.
        chance: Of a loss by conduct, with `contracts` or `lasting_contracts`: the premium is this share of what may be
            lost.
        by_reputation: Whether the premium is half as much again at reputation 0, in a straight line down to 1.
    """

    loading: float = Field(0.1, ge=0.0, le=1.0)
    chance: float = Field(0.25, ge=0.0, le=1.0)
    by_reputation: bool = False


class State(NamedTuple):
    """Cover in a batch of markets."""

    cover: Annotated[Int64s, Column(np.int64, ("agents",), "parts per million of a loss that it wants paid")]
    insured: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits that can be lost, 0 without cover")]
    before: Annotated[Float64s, Column(np.float64, ("agents",), "micro-credits that the award was worth at first")]
    premium: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits of premium paid in the last tick")]
    paid: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits that the pool paid in the last tick")]
    backing: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits of premiums that it has not had back")]
    sought: Annotated[Int64s, Column(np.int64, (), "tick in which somebody wanted cover last, NEVER for none")]
    covers: None  # see `WithCovers`


_WITH_COVERS = [*list(get_type_hints(State, include_extras=True).items())[:-1], ("covers", Covers)]
WithCovers = NamedTuple("WithCovers", _WITH_COVERS)  # type: ignore[misc]  # the same columns, said once
"""The columns where contracts last, each with a cover of its own; without that nothing of it is in the loop."""


class Params(NamedTuple):
    """Constants of the part."""

    peril: int
    most: int | None  # micro-credits that a shock can take; None where what is bonded can be lost
    chance: int  # parts per million
    loading: int  # parts per million
    by_reputation: int | None  # of no use; None where all pay the same


def _params(scenario: Scenario, section: InsuranceSection) -> Params:
    default = (scenario.economy or {}).get("default")
    by_nature = default is not None
    return Params(
        peril=FAULT if by_nature else CONDUCT,
        most=None if default is None else int(to_money(dict(default)["shock"])),
        chance=SHARE_OF_SHOCKS if by_nature else round(section.chance * MILLION),
        loading=round(section.loading * MILLION),
        by_reputation=1 if section.by_reputation else None,
    )


@compiled
def renew(k: int, newcomer: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """A newcomer is not insured, and has paid no premium."""
    insurance = world.insurance
    insurance.insured[k, newcomer] = 0
    insurance.premium[k, newcomer] = 0
    insurance.paid[k, newcomer] = 0
    insurance.backing[k, newcomer] = 0
    _drop(insurance.covers, k, newcomer)


@compiled
def _drop(covers: Covers | None, k: int, i: int) -> None:
    if covers is not None:
        drop_covers(k, i, covers)


@compiled
def _begin(covers: Covers | None, k: int, i: int) -> None:
    if covers is not None:
        covers.number[k] = 0
        for j in range(covers.share.shape[2]):
            covers.share[k, i, j] = 0


@compiled
def open_pool(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nobody is insured at the start of an episode."""
    _begin(world.insurance.covers, k, i)
    renew(k, i, world, params, buffers)
    world.insurance.cover[k, i] = 0
    world.insurance.sought[k] = NEVER


@compiled
def choose_cover(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, insure: float) -> None:
    """Notes how much of a loss agent i covers in this tick, and forgets what it had of the last one.

    Where nobody has wanted cover in this tick or wanted or had it in the last, there is nothing to forget, and nothing
    is fetched.
    """
    insurance, cover, tick = world.insurance, int(max(insure, 0.0) * MILLION), world.market.tick[k]
    if cover > 0:
        insurance.sought[k] = tick
    elif insurance.sought[k] < tick - 1:
        return
    insurance.cover[k, i] = cover
    insurance.insured[k, i] = 0
    insurance.premium[k, i] = 0
    insurance.paid[k, i] = 0


@compiled
def _can_lose(most: int | None, bonded: int) -> int:
    if most is None:
        return bonded
    return most


@compiled
def _surcharge(by_reputation: int | None, k: int, i: int, due: int, world: Any) -> int:
    """What agent i pays beyond the premium of a perfect reputation, micro-credits."""
    if by_reputation is None:
        return 0
    return int(share_up(due, int((premium_factor(world.reputation.bound[k, i]) - 1.0) * MILLION)))


@compiled
def _bound(covers: Covers | None, k: int, winner: int, bonded: int, world: Any) -> int:
    """What is bonded behind what this tick has brought agent `winner`, micro-credits."""
    if covers is None:
        return bonded
    j = won_now(k, winner, world.market.tick[k], world.lasting_contracts.running)
    return 0 if j == NO_SLOT else int(world.lasting_contracts.running.lock[k, winner, j])


@compiled
def _keep(covers: Covers | None, k: int, winner: int, share: int, world: Any) -> None:
    """Remembers the cover of a contract until it is done with."""
    if covers is not None:
        covers.share[k, winner, won_now(k, winner, world.market.tick[k], world.lasting_contracts.running)] = share
        covers.number[k] += 1


@compiled
def insure_award(k: int, winner: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Takes the premium of one who won something, if what its bid can cost stays covered; else it has no cover."""
    if world.insurance.sought[k] != world.market.tick[k]:
        return
    insurance, ledger, agents = world.insurance, world.ledger, world.insurance.cover.shape[1]
    free = account(winner, FREE, agents)
    at_hand = ledger.balances[k, free]
    bonded = _bound(insurance.covers, k, winner, ledger.balances[k, account(winner, BONDED, agents)], world)
    constants, cover = params.insurance, insurance.cover[k, winner]
    can_lose = _can_lose(constants.most, bonded)
    due = premium(can_lose, cover, constants.chance, constants.loading)
    due += _surcharge(constants.by_reputation, k, winner, due, world)
    if cover == 0 or can_lose == 0 or due > at_hand or due > at_hand + bonded - world.market.award.exposure[k, winner]:
        return
    move(k, ledger, free, INSURANCE, due)
    insurance.premium[k, winner] = due
    insurance.backing[k, winner] += due
    insurance.insured[k, winner] = can_lose
    _keep(insurance.covers, k, winner, cover, world)


@compiled
def note_worth(k: int, winner: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Notes what an award is worth before it is known how it comes out."""
    if world.insurance.sought[k] == world.market.tick[k]:
        world.insurance.before[k, winner] = world.market.award.worth[k, winner]


@compiled
def loss_of(k: int, i: int, world: Any, peril: int) -> int:
    """What agent i lost by nature, or by its work, micro-credits; 0 where it gave the award up."""
    award = world.market.award
    if peril == CONDUCT:
        return int(max(0, award.pays[k, i]))
    if award.units[k, i] == 0:
        return 0
    return int(max(0.0, world.insurance.before[k, i] - award.worth[k, i]))


@compiled
def _nothing_to_claim(covers: Covers | None, k: int, world: Any) -> bool:
    """Whether nobody has any cover; where somebody has, this tick counts as one in which it was wanted."""
    if covers is None:
        return bool(world.insurance.sought[k] != world.market.tick[k])
    if covers.number[k] == 0:
        return True
    world.insurance.sought[k] = world.market.tick[k]
    return False


@compiled
def _owed(covers: Covers | None, k: int, i: int, world: Any, params: Any) -> int:
    """What agent i claims in this tick, micro-credits."""
    insurance, peril, backing = world.insurance, params.insurance.peril, world.insurance.backing[k, i]
    if covers is not None:
        return int(claims_of(k, i, backing, covers, world, params.lasting_contracts))
    if insurance.insured[k, i] == 0:
        return 0
    return int(claim(loss_of(k, i, world, peril), 0, insurance.insured[k, i], insurance.cover[k, i], peril, backing))


@compiled
def pay_claims(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Pays what is claimed, in proportion where the pool holds less."""
    insurance, ledger, agents = world.insurance, world.ledger, world.insurance.cover.shape[1]
    if _nothing_to_claim(insurance.covers, k, world):
        return
    for i in range(agents):
        insurance.paid[k, i] = _owed(insurance.covers, k, i, world, params)
    if share_pool(insurance.paid[k], ledger.balances[k, INSURANCE]) == 0:
        return
    for i in range(agents):
        move(k, ledger, INSURANCE, account(i, FREE, agents), insurance.paid[k, i])
        insurance.backing[k, i] = max(0, insurance.backing[k, i] - insurance.paid[k, i])


@compiled
def pool_of_agents(k: int, world: Any, params: Any) -> float:
    """The pool a as a / (a + endowment), the latter at least a credit."""
    pool = float(world.ledger.balances[k, INSURANCE])
    return pool / (pool + max(float(params.ledger.endowment), 1e6))


def _series(scenario: Scenario, world: Any) -> Mapping[str, Any]:
    return {
        "premiums": to_credits(world.insurance.premium).sum(axis=1),
        "claims_paid": to_credits(world.insurance.paid).sum(axis=1),
        "insurance_pool": to_credits(world.ledger.balances[:, INSURANCE]),
    }


def _check(scenario: Scenario, section: InsuranceSection) -> str | None:
    sections = scenario.economy or {}
    if not {"default", "contracts", "lasting_contracts"} & set(sections):
        return "nothing can be lost here: it goes with `default`, `contracts` or `lasting_contracts`"
    if section.by_reputation and "reputation" not in sections:
        return "by_reputation asks for a reputation: give the economy `reputation`, or leave it out"
    return None


PART = Part(
    name="insurance",
    summary="A pool that covers losses on awards, for a premium paid before they are known.",
    config=InsuranceSection,
    state=State,
    accounts=(),
    params=_params,
    stages={
        "open": open_pool,
        "maturities": choose_cover,
        "bind": insure_award,
        "settle": note_worth,
        "post": pay_claims,
        "renew": renew,
    },
    needs=("ledger", "staking", "conduct"),
    actions=(Action("insure", "above 0 the share of a loss on this tick's award that is covered, below 0 none"),),
    features=(
        Feature(
            "pool", "the insurance pool a as a / (a + endowment), the latter at least 1", pool_of_agents, shared=True
        ),
    ),
    series=_series,
    check=_check,
    audited={
        "premium": "it pays a premium of {value} micro-credits",
        "paid": "the pool pays it {value} micro-credits for a loss",
    },
)

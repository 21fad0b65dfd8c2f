"""Winners learn after the sale what it is worth to them, and may walk away from it for their bonded stake.

An award of worth w for a price p becomes w + e with e uniform on [-shock, shock], seen by nobody before. Its winner
walks away where keeping it would lose more than the bond: then nothing is handed over or paid, and the bond is
slashed.
"""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.conduct import forget_conduct, forget_tick, note_conduct
from econo_env.economy.contracts import POOR, SATISFACTORY
from econo_env.economy.ledger import BONDED, account
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.ledger import move
from econo_env.engine.compiled import compiled
from econo_env.engine.rng import AFTER_SALE, uniform
from econo_env.engine.state import Bools, Column, Int64s, StepBuffers
from econo_env.money import LARGEST_CREDITS, Credits, to_money
from econo_env.scenario import Scenario


class DefaultSection(Section):
    """What winners learn after the sale.

    Attributes:
        shock: The largest change of an award's worth, credits.
    """

    shock: Credits = Field(0.25, ge=0.0, le=LARGEST_CREDITS / 1e3)


class State(NamedTuple):
    """Who walked away in a batch of markets."""

    walked: Annotated[Bools, Column(np.bool_, ("agents",), "walked away from what it won in the last tick")]
    kept: Annotated[Bools, Column(np.bool_, ("agents",), "kept what it won in the last tick")]
    penalty: None  # see `WithPenalty`


class WithPenalty(NamedTuple):
    """The columns where a part makes walking away cost more than the bond."""

    walked: Annotated[Bools, Column(np.bool_, ("agents",), "walked away from what it won in the last tick")]
    kept: Annotated[Bools, Column(np.bool_, ("agents",), "kept what it won in the last tick")]
    penalty: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits that walking away costs beyond the bond")]


class Params(NamedTuple):
    """Constants of the part."""

    shock: float  # micro-credits


def _params(scenario: Scenario, section: DefaultSection) -> Params:
    return Params(float(to_money(section.shock)))


@compiled
def _penalty(k: int, i: int, penalty: Int64s | None) -> int:
    """What walking away costs beyond the bond, micro-credits."""
    if penalty is None:
        return 0
    return int(penalty[k, i])


@compiled
def drawn_shock(k: int, i: int, state: Any, shock: float) -> float:
    """What agent i learns after the sale, whole micro-credits, uniform on [-shock, shock]."""
    draw = uniform(state.key[k], state.episode[k], state.tick[k], AFTER_SALE, i)
    return float(math.floor((2.0 * draw - 1.0) * shock + 0.5))


@compiled
def _forget_last(k: int, world: Any) -> None:
    """Forgets what became of the awards of the last tick: nobody else has anything to forget."""
    for i in range(world.conduct.first[k], world.conduct.past[k]):
        world.default.walked[k, i] = False
        world.default.kept[k, i] = False
        world.staking.slashed[k, i] = 0
    forget_tick(k, world.conduct)


@compiled
def keep_or_walk(k: int, world: Any, params: Any, buffers: StepBuffers, winners: Any) -> None:
    """Draws what each winner learns, and lets those walk away who would lose more by staying."""
    award, ledger, agents = world.market.award, world.ledger, world.default.walked.shape[1]
    state = world.market
    _forget_last(k, world)
    begin, past = winners(k, state)
    for i in range(begin, past):
        if award.units[k, i] == 0:
            continue
        worth = award.worth[k, i] + drawn_shock(k, i, state, params.default.shock)
        bonded = account(i, BONDED, agents)
        bond = ledger.balances[k, bonded]
        if worth - award.pays[k, i] >= -bond - _penalty(k, i, world.default.penalty):
            award.worth[k, i] = worth
            at_stake = max(float(award.exposure[k, i]), float(abs(award.pays[k, i])), 1.0)
            note_conduct(k, i, SATISFACTORY, at_stake, world.conduct)
            world.default.kept[k, i] = True
            continue
        world.default.walked[k, i] = True
        note_conduct(k, i, POOR, max(float(award.exposure[k, i]), 1.0), world.conduct)
        award.units[k, i] = 0
        award.pays[k, i] = 0
        award.worth[k, i] = 0.0
        move(k, ledger, bonded, params.staking.slashed_to, bond)
        world.staking.slashed[k, i] = bond


@compiled
def forget(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nobody has won anything at the start of an episode."""
    forget_conduct(k, world.conduct)
    for i in range(world.default.walked.shape[1]):
        world.default.walked[k, i] = False
        world.default.kept[k, i] = False


def _check(scenario: Scenario, section: DefaultSection) -> str | None:
    if dict(scenario).get("default") is not None:
        return "the market has a section default of its own: leave one of the two out"
    if scenario.kind.two_sided:
        return "agents trade with each other here, so one that walks away would leave another without its trade"
    return None


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"walked_away": world.default.walked.astype(np.float64)}


PART = Part(
    name="default",
    summary="Winners learn after the sale what it is worth, and may walk away for their bonded stake.",
    config=DefaultSection,
    state=State,
    params=_params,
    stages={"open": forget, "default": keep_or_walk},
    needs=("ledger", "staking"),
    judges=True,
    series=_series,
    check=_check,
    audited={"kept": "it keeps what it won", "walked": "it walks away from what it won and loses its bond"},
)

"""Winners learn after the sale what it is worth to them, and may walk away from it for their bonded stake.

An award of worth w for a price p becomes w + e with e uniform on [-shock, shock], seen by nobody before. Its winner
walks away where keeping it would lose more than the bond: then nothing is handed over or paid, and the bond is
slashed.
"""

import math
from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np
from pydantic import Field

from econo_env.economy.conduct import forget_conduct, forget_tick, note_conduct
from econo_env.economy.contracts import POOR, SATISFACTORY
from econo_env.economy.ledger import BONDED, account
from econo_env.economy.part import Part, Section, Verdict
from econo_env.economy.parts.ledger import move
from econo_env.engine.compiled import compiled
from econo_env.engine.rng import AFTER_SALE, uniform
from econo_env.engine.state import Bools, Column, Float64s, Int64s, StepBuffers
from econo_env.money import LARGEST_CREDITS, Credits, to_credits, to_money
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
    luck: Annotated[Float64s, Column(np.float64, ("agents",), "micro-credits earned by the award less the expected")]
    penalty: None  # see `WithPenalty`


_Penalty = Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits that walking away costs beyond the bond")]
_WITH_PENALTY = [*list(get_type_hints(State, include_extras=True).items())[:-1], ("penalty", _Penalty)]
WithPenalty = NamedTuple("WithPenalty", _WITH_PENALTY)  # type: ignore[misc]  # the same columns, said once
"""The columns where a part makes walking away cost more than the bond."""


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
        world.default.luck[k, i] = 0.0
        world.staking.slashed[k, i] = 0
    forget_tick(k, world.conduct)


@compiled
def expected_after_sale(gain: float, bond: float, penalty: float, shock: float) -> float:
    """What an award earns on average over e uniform on [-shock, shock], in the unit of all four.

    Its holder has gain + e by keeping it, and loses its bond by walking away where gain + e < -bond - penalty.

    Args:
        gain: What the award is worth before e, less its price.
        bond: What walking away costs in the tick.
        penalty: What it costs beside.
        shock: The largest e, at least 0.
    """
    least = min(max(-bond - penalty - gain, -shock), shock)  # from this e on it is kept
    if shock <= 0.0:
        return gain if gain >= -bond - penalty else -bond
    kept = gain * (shock - least) + (shock * shock - least * least) / 2.0
    return (kept - bond * (least + shock)) / (2.0 * shock)


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
        bond, price, penalty = ledger.balances[k, bonded], award.pays[k, i], _penalty(k, i, world.default.penalty)
        expected = expected_after_sale(award.worth[k, i] - price, float(bond), float(penalty), params.default.shock)
        if worth - award.pays[k, i] >= -bond - penalty:
            award.worth[k, i] = worth
            world.default.luck[k, i] = worth - price - expected
            at_stake = max(float(award.exposure[k, i]), float(abs(award.pays[k, i])), 1.0)
            note_conduct(k, i, SATISFACTORY, at_stake, world.conduct)
            world.default.kept[k, i] = True
            continue
        world.default.walked[k, i] = True
        world.default.luck[k, i] = -bond - expected
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
        world.default.luck[k, i] = 0.0


def _check(scenario: Scenario, section: DefaultSection) -> str | None:
    if dict(scenario).get("default") is not None:
        return "the market has a section default of its own: leave one of the two out"
    if scenario.kind.two_sided:
        return "agents trade with each other here, so one that walks away would leave another without its trade"
    return None


def _delivered(scenario: Scenario, world: Any) -> Float64s:
    return np.zeros(len(world.default.luck))  # a sale leaves the house nothing but money


def _luck(scenario: Scenario, world: Any) -> Float64s:
    return to_credits(world.default.luck)


def _wronged(scenario: Scenario, world: Any) -> Bools:
    return np.zeros(world.default.walked.shape, dtype=np.bool_)  # whoever walks away has chosen to


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"walked_away": world.default.walked.astype(np.float64)}


PART = Part(
    name="default",
    summary="Winners learn after the sale what it is worth, and may walk away for their bonded stake.",
    config=DefaultSection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": forget, "default": keep_or_walk},
    needs=("ledger", "staking"),
    judges=True,
    series=_series,
    verdict=Verdict(delivered=_delivered, luck=_luck, wronged=_wronged),
    check=_check,
    audited={"kept": "it keeps what it won", "walked": "it walks away from what it won and loses its bond"},
)

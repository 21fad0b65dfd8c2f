"""A market for tests of agents that leave: whoever acts above 0.5 is banned, the horizon is as the scenario says.

Agents 0, 1, ... earn 1, 2, ... credits a round while they are there. Agent 1 has to sit out every second round.
"""

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import field_validator

from econo_env.engine.compiled import compiled
from econo_env.engine.program import Stages
from econo_env.engine.state import Bools, Column, Exchange, Int64s, UInt64s
from econo_env.market import Baselines, Market, View
from econo_env.mechanisms.base import Options
from econo_env.scenario import Scenario


class NoRule(Options):
    """Nothing is sold."""

    name: str = "nothing"

    def __reduce__(self) -> tuple[Any, ...]:
        return NoRule, ()


class BanningScenario(Scenario):
    market: Literal["banning"] = "banning"
    mechanism: NoRule = NoRule()

    @field_validator("mechanism", mode="before")
    @classmethod
    def _of_the_table(cls, section: Any) -> Any:
        return section


class State(NamedTuple):
    key: Annotated[UInt64s, Column(np.uint64, (), "")]
    episode: Annotated[Int64s, Column(np.int64, (), "")]
    tick: Annotated[Int64s, Column(np.int64, (), "")]
    active: Annotated[Bools, Column(np.bool_, ("agents",), "")]


class Terms(NamedTuple):
    max_cycles: int
    truncates: bool


def axes(scenario: Any) -> dict[str, int]:
    return {"agents": scenario.num_agents, "features": 2, "actions": 2}


def observation_names(scenario: Any) -> tuple[str, ...]:
    return ("present", "clock")


def action_names(scenario: Any) -> tuple[str, ...]:
    return ("misdeed", "nothing")


def info(scenario: Any, state: State) -> dict[str, Any]:
    return {"present": state.active}


def truthful_actions(scenario: Any, observations: Any) -> Any:
    return np.zeros_like(observations)


def terms(scenario: Any) -> Terms:
    return Terms(scenario.max_cycles, scenario.end_of_episode == "truncation")


@compiled
def no_rule() -> None:
    return


def rule(scenario: Any) -> Any:
    return no_rule


@compiled
def bids(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    for i in range(state.active.shape[1]):
        here = state.active[k, i]
        banned = here and exchange.action_mask[k, i] and exchange.actions[k, i, 0] > 0.5
        exchange.terminated[k, i] = banned
        exchange.rewards[k, i] = float(i + 1) if here and not banned else 0.0
        state.active[k, i] = here and not banned


@compiled
def _write(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    for i in range(state.active.shape[1]):
        exchange.action_mask[k, i] = state.active[k, i] and not (i == 1 and state.tick[k] % 2 == 1)
        exchange.observations[k, i, 0] = 1.0 if state.active[k, i] else 0.0
        exchange.observations[k, i, 1] = state.tick[k] / terms.max_cycles


@compiled
def observe(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    state.tick[k] += 1
    _write(k, state, terms, exchange)


@compiled
def finish(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    ended = state.tick[k] >= terms.max_cycles
    exchange.ended[k] = ended
    for i in range(state.active.shape[1]):
        exchange.truncated[k, i] = ended and terms.truncates and state.active[k, i]
        if ended and not terms.truncates and state.active[k, i]:
            exchange.terminated[k, i] = True


@compiled
def reset(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    state.episode[k] += 1
    state.tick[k] = 0
    for i in range(state.active.shape[1]):
        state.active[k, i] = True
    _write(k, state, terms, exchange)


def built_in() -> list[Scenario]:
    return [BanningScenario(id="banning_v0", num_agents=3)]


BANNING = Market(
    name="banning",
    config=BanningScenario,
    built_in=built_in,
    state=State,
    axes=axes,
    params=terms,
    kernels=Stages(reset=reset, bids=bids, observe=observe, finish=finish),
    actions=action_names,
    features=observation_names,
    baselines=Baselines(truthful=truthful_actions),
    view=View(info=info),
    rule=rule,
)

"""A market for tests of agents that leave: whoever acts above 0.5 is banned, the horizon is as the scenario says.

Agents 0, 1, ... earn 1, 2, ... credits a round while they are there. Agent 1 has to sit out every second round.
"""

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import field_validator

from econo_env.baselines import Baselines
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.program import Stages
from econo_env.engine.state import Bools, Column, Int64s, StepBuffers, UInt64s
from econo_env.market import Market, View
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


class Params(NamedTuple):
    max_cycles: int
    truncates: bool


@compiled
def present(k: int, i: int, state: State, params: Params) -> float:
    return 1.0 if state.active[k, i] else 0.0


@compiled
def clock(k: int, state: State, params: Params) -> float:
    return state.tick[k] / params.max_cycles


def features(scenario: Any) -> tuple[Feature, ...]:
    return Feature("present", "1 while there", present), Feature("clock", "share played", clock, shared=True)


def action_names(scenario: Any) -> tuple[str, ...]:
    return ("misdeed", "nothing")


def info(scenario: Any, state: State) -> dict[str, Any]:
    return {"present": state.active}


def truthful_actions(scenario: Any, observations: Any) -> Any:
    return np.zeros_like(observations)


def params(scenario: Any) -> Params:
    return Params(scenario.max_cycles, scenario.end_of_episode == "truncation")


@compiled
def no_rule() -> None:
    return


def rule(scenario: Any) -> Any:
    return no_rule


@compiled
def bids(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    for i in range(state.active.shape[1]):
        here = state.active[k, i]
        banned = here and buffers.action_mask[k, i] and buffers.actions[k, i, 0] > 0.5
        buffers.terminated[k, i] = banned
        buffers.rewards[k, i] = float(i + 1) if here and not banned else 0.0
        state.active[k, i] = here and not banned


@compiled
def _let_act(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    for i in range(state.active.shape[1]):
        buffers.action_mask[k, i] = state.active[k, i] and not (i == 1 and state.tick[k] % 2 == 1)


@compiled
def observe(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    state.tick[k] += 1
    _let_act(k, state, params, buffers)


@compiled
def finish(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    ended = state.tick[k] >= params.max_cycles
    buffers.ended[k] = ended
    for i in range(state.active.shape[1]):
        buffers.truncated[k, i] = ended and params.truncates and state.active[k, i]
        if ended and not params.truncates and state.active[k, i]:
            buffers.terminated[k, i] = True


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    state.episode[k] += 1
    state.tick[k] = 0
    for i in range(state.active.shape[1]):
        state.active[k, i] = True
    _let_act(k, state, params, buffers)


def built_in() -> list[Scenario]:
    return [BanningScenario(id="banning_v0", num_agents=3)]


BANNING = Market(
    name="banning",
    config=BanningScenario,
    built_in=built_in,
    state=State,
    params=params,
    kernels=Stages(reset=reset, bids=bids, observe=observe, finish=finish),
    actions=action_names,
    features=features,
    baselines=Baselines(truthful=truthful_actions),
    view=View(info=info),
    rule=rule,
)

"""Gifts among strangers: each round everybody meets another, whose reputation it knows with a chance, and may give.

The least setting of indirect reciprocity: what a gift brings back comes from third parties who know of it. A standing
is good after a gift, bad after a refusal, and stays as it was after a refusal of somebody known to be bad.
"""

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.baselines import Baselines
from econo_env.docs import Docs
from econo_env.economy.award import Award, forget_award
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.program import Rule, Stages
from econo_env.engine.rng import EVIDENCE, LOTS, SHARED, uniform
from econo_env.engine.state import Arrays, Bools, Column, Float32s, Float64s, Int64s, StepBuffers, UInt64s
from econo_env.games.welfare import PRIMARY, Welfare
from econo_env.market import Market, View
from econo_env.markets.rounds import finish
from econo_env.mechanisms.base import mechanism
from econo_env.money import CREDIT, MICRO
from econo_env.scenario import Scenario

BAD, UNKNOWN, GOOD = 0.0, 0.5, 1.0
"""What is seen of a standing."""


class Donations(Scenario):
    """Agents that may give.

    Attributes:
        knows: The chance that an agent knows the standing of whom it meets.
        reputation: Whose standing is shown then: the `partner`'s, or as a control anybody else's, `shuffled`.
    """

    market: Literal["donation"] = "donation"
    knows: float = Field(0.5, ge=0.0, le=1.0)
    reputation: Literal["partner", "shuffled"] = "partner"


class State(NamedTuple):
    """Agents in a batch of markets."""

    key: Annotated[UInt64s, Column(np.uint64)]
    episode: Annotated[Int64s, Column(np.int64)]
    tick: Annotated[Int64s, Column(np.int64)]
    recipient: Annotated[Int64s, Column(np.int64, ("agents",), "whom each may give to in the coming round")]
    good: Annotated[Bools, Column(np.bool_, ("agents",), "the standing is good")]
    seen: Annotated[Float64s, Column(np.float64, ("agents",), "of the recipient: 0 bad, 1/2 unknown, 1 good")]
    gave: Annotated[Bools, Column(np.bool_, ("agents",), "gave in the last round")]
    award: Award


class Params(NamedTuple):
    """Constants."""

    rule: Any
    max_cycles: int
    truncates: bool
    knows: float
    shuffled: bool


def _params(scenario: Donations) -> Params:
    rule = mechanism(scenario.mechanism.name).params(scenario.mechanism)
    truncates = scenario.end_of_episode == "truncation"
    return Params(rule, scenario.max_cycles, truncates, scenario.knows, scenario.reputation == "shuffled")


@compiled
def bids(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Reads actions: above 0 gives; one outside [-1, 1], or NaN, is counted and gives nothing."""
    for i in range(state.gave.shape[1]):
        action = float(buffers.actions[k, i, 0])
        state.gave[k, i] = 0.0 < action <= 1.0
        buffers.invalid_actions[k] += 0 if -1.0 <= action <= 1.0 else 1


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Hands gifts over, and judges who gave and who refused."""
    award = state.award
    rule(state.gave[k], state.recipient[k], params.rule, award.units[k], award.worth[k])
    for i in range(state.gave.shape[1]):
        award.worth[k, i] *= MICRO
        buffers.rewards[k, i] = award.worth[k, i] * CREDIT
        if state.gave[k, i]:
            state.good[k, i] = True
        elif state.seen[k, i] != BAD:
            state.good[k, i] = False


@compiled
def observe(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Moves the clock, and lets everybody meet another."""
    state.tick[k] += 1
    meet(k, state, params)


@compiled
def meet(k: int, state: State, params: Params) -> None:
    """Agent i meets agent i + s, s drawn from 1 to n - 1 for all, and knows its standing or not."""
    agents, key, episode, tick = state.good.shape[1], state.key[k], state.episode[k], state.tick[k]
    shift = 1 + int(uniform(key, episode, tick, SHARED, 0) * (agents - 1))
    for i in range(agents):
        state.recipient[k, i] = (i + shift) % agents
        of = state.recipient[k, i]
        if params.shuffled:
            of = (of + 1 + int(uniform(key, episode, tick, LOTS, i) * (agents - 1))) % agents
        known = uniform(key, episode, tick, EVIDENCE, i) < params.knows
        state.seen[k, i] = (GOOD if state.good[k, of] else BAD) if known else UNKNOWN


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next episode: all standings are good."""
    state.episode[k] += 1
    state.tick[k] = 0
    forget_award(k, state.award)
    for i in range(state.good.shape[1]):
        buffers.action_mask[k, i] = True
        state.good[k, i], state.gave[k, i] = True, False
    meet(k, state, params)


@compiled
def partner_of(k: int, i: int, state: State, params: Params) -> float:
    """What agent i sees of the standing of whom it meets."""
    return float(state.seen[k, i])


@compiled
def standing_of(k: int, i: int, state: State, params: Params) -> float:
    """Agent i's own standing."""
    return GOOD if state.good[k, i] else BAD


def _discriminates(scenario: Donations, seen: Any, luck: Any = 0.5) -> Float32s:
    """Gives unless the partner is known to be bad."""
    return np.where(np.asarray(seen)[..., :1] == BAD, -1.0, 1.0).astype(np.float32)


def _welfare(scenario: Donations, state: State, types: Float64s) -> Welfare:
    gain = state.award.worth.sum(axis=1) / MICRO
    rule = _params(scenario).rule
    best = np.full(len(gain), scenario.num_agents * max(0.0, rule.benefit - rule.cost))
    return Welfare({PRIMARY: gain}, {PRIMARY: best}, np.zeros(len(gain)), created=gain)


def _docs(scenario: Donations) -> Docs:
    rule = mechanism(scenario.mechanism.name)
    return Docs(
        description=f"{scenario.num_agents} agents meet in turn and may give to each other. {rule.summary}",
        actions={"give": "above 0 gives, else nothing"},
        rewards="The benefit of the gifts received less the cost of the gift given, in credits.",
        start="All standings are good.",
        end=("After `max_cycles` rounds.",),
        equilibrium="Where others give unless they know of a refusal, giving pays if the chance to know exceeds c / b.",
        references=rule.reference,
    )


def _info(scenario: Donations, state: State) -> Arrays:
    """Of the last round: whether the agent gave, and its standing now."""
    return {"gave": state.gave.copy(), "good": state.good.copy()}


def _series(scenario: Donations, state: State) -> Arrays:
    return {"gave": state.gave.astype(np.float64), "good": state.good.astype(np.float64)}


MARKET = Market(
    name="donation",
    config=Donations,
    # scenarios of it are written out, such as configs/scenarios/donation.yaml: studies take it apart
    built_in=list,
    state=State,
    params=_params,
    kernels=Stages(reset=reset, bids=bids, clear=clear, observe=observe, finish=finish),
    actions=lambda _: ("give",),
    features=lambda _: (
        Feature("partner", "standing of whom it meets: 0 bad, 1/2 not known, 1 good", partner_of),
        Feature("standing", "the own standing, 1 for good", standing_of),
    ),
    welfare=_welfare,
    baselines=Baselines(truthful=_discriminates),
    view=View(info=_info, docs=_docs, series=_series),
)

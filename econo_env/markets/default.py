"""Default by choice: a second-price sale in one tick, and in the next its winner keeps what it won or walks away.

In between the winner learns e, uniform on [-a, a], of which nobody knew: what it won is worth v + e. Walking away costs
the stake D. Elsewhere in the house a winner walks away by itself where that pays (`economy.default`); here it is a
choice of whoever plays.
"""

import math
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import model_validator

from econo_env.baselines import Baselines
from econo_env.docs import Docs
from econo_env.economy.award import Award, forget_award
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.program import Rule, Stages
from econo_env.engine.rng import AFTER_SALE, Lottery, uniform
from econo_env.engine.state import (
    Arrays,
    Bools,
    Column,
    Episode,
    Float32s,
    Float64s,
    Int64s,
    Key,
    StepBuffers,
    Tick,
)
from econo_env.games.welfare import PRIMARY, Welfare
from econo_env.market import Market, View
from econo_env.markets.features import own_value
from econo_env.markets.private_value import of_rounds, one_value
from econo_env.markets.rounds import begin, draw_private_values, finish
from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.ranking import NOBODY, two_highest
from econo_env.mechanisms.right_to_default import RightToDefault
from econo_env.money import CREDIT, MICRO, to_credits, to_money
from econo_env.scenario import Scenario
from econo_env.valuations.drawing import DrawTables
from econo_env.valuations.priors import AnyPrior, Uniform

NO_BID = -1


class DefaultByChoice(Scenario):
    """Sales whose winners may default; one takes two ticks.

    Attributes:
        values: The prior of every bidder's value.
    """

    market: Literal["default"] = "default"
    max_cycles: int = 2
    values: AnyPrior = Uniform()

    @model_validator(mode="after")
    def _whole_sales(self) -> Self:
        if self.max_cycles % 2:
            raise ValueError(f"max_cycles={self.max_cycles}: a sale takes two ticks, choose an even number")
        return self

    def priors(self) -> tuple[AnyPrior, ...]:
        """The prior of each bidder."""
        return (self.values,) * self.num_agents

    @property
    def right(self) -> RightToDefault:
        """Shock and stake, micro-credits."""
        params: RightToDefault = mechanism(self.mechanism.name).params(self.mechanism)
        return params


class State(NamedTuple):
    """Bidders in a batch of markets."""

    key: Key
    episode: Episode
    tick: Tick
    values: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits")]
    bids: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, -1 for none")]
    chooses: Annotated[Bools, Column(np.bool_, ("agents",), "has won and is about to choose")]
    walked: Annotated[Bools, Column(np.bool_, ("agents",), "walked away in the last tick")]
    price: Annotated[Int64s, Column(np.int64, (), "micro-credits, of the sale that waits for its winner")]
    learned: Annotated[Float64s, Column(np.float64, (), "micro-credits, what its winner has learned")]
    award: Award


class Params(NamedTuple):
    """Constants."""

    rule: RightToDefault
    max_cycles: int
    truncates: bool
    prior_of: Int64s
    quantiles: DrawTables
    highest_value: float  # micro-credits
    value_scale: float


def _params(scenario: DefaultByChoice) -> Params:
    highest = float(to_money(scenario.values.highest))
    return Params(
        rule=scenario.right, **of_rounds(scenario, scenario.priors()), highest_value=highest, value_scale=1.0 / highest
    )


@compiled
def bids(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Reads bids where a sale begins; an action outside [-1, 1], or NaN, is counted and no bid."""
    for i in range(state.bids.shape[1]):
        state.bids[k, i] = NO_BID
        if not buffers.action_mask[k, i]:
            continue
        action = float(buffers.actions[k, i, 0])
        if not -1.0 <= action <= 1.0:
            buffers.invalid_actions[k] += 1
        elif not state.chooses[k, i]:
            offset = 2.0 * action * params.rule.shock
            state.bids[k, i] = max(0, int(math.floor(state.values[k, i] + offset + 0.5)))


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Sells, or settles what was sold in the last tick as its winner chooses; who says nothing valid keeps it."""
    award, agents = state.award, state.bids.shape[1]
    winner = NOBODY
    for i in range(agents):
        if state.chooses[k, i]:
            winner = i
        state.walked[k, i] = False
        buffers.rewards[k, i] = 0.0
    forget_award(k, award)
    if winner != NOBODY:
        keeps = not -1.0 <= buffers.actions[k, winner, 0] < 0.0
        worth = state.values[k, winner] + state.learned[k]
        rule(winner, keeps, worth, state.price[k], params.rule, award.units[k], award.pays[k], award.worth[k])
        state.walked[k, winner], state.chooses[k, winner] = not keeps, False
        buffers.rewards[k, winner] = (award.worth[k, winner] - award.pays[k, winner]) * CREDIT
        return
    winner, loser = two_highest(state.bids[k], 0, Lottery(state.key[k], state.episode[k], state.tick[k]))
    if winner != NOBODY and state.tick[k] % 2 == 0:
        state.chooses[k, winner] = True
        state.price[k] = 0 if loser == NOBODY else state.bids[k, loser]
        draw = uniform(state.key[k], state.episode[k], state.tick[k], AFTER_SALE, 0)
        state.learned[k] = math.floor((2.0 * draw - 1.0) * params.rule.shock + 0.5)


@compiled
def observe(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Moves the clock: after a sale its winner may act, before one everybody, with a new value."""
    state.tick[k] += 1
    sale = state.tick[k] % 2 == 0
    for i in range(state.bids.shape[1]):
        buffers.action_mask[k, i] = sale or state.chooses[k, i]
    if sale and state.tick[k] < params.max_cycles:
        draw_private_values(k, state, params)


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next episode with a sale."""
    begin(k, state, buffers)
    state.price[k], state.learned[k] = 0, 0.0
    for i in range(state.bids.shape[1]):
        state.bids[k, i] = NO_BID
        state.chooses[k, i], state.walked[k, i] = False, False
    draw_private_values(k, state, params)


@compiled
def chooses(k: int, i: int, state: State, params: Params) -> float:
    """1 where agent i has won and is to choose."""
    return 1.0 if state.chooses[k, i] else 0.0


@compiled
def gain_of(k: int, i: int, state: State, params: Params) -> float:
    """What keeping what it won would earn agent i over twice the shock, within [-1, 1]; 0 for all others."""
    if not state.chooses[k, i]:
        return 0.0
    gain = (state.values[k, i] + state.learned[k] - state.price[k]) / (2.0 * params.rule.shock)
    return float(max(-1.0, min(1.0, gain)))


CHOOSES, GAIN = "chooses", "gain"


def _features(scenario: DefaultByChoice) -> tuple[Feature, ...]:
    return (
        Feature("own_value", "the own value over the highest possible one", own_value),
        Feature(CHOOSES, "1 where the agent has won, and its action keeps it (from 0 on) or walks away", chooses),
        Feature(GAIN, "what keeping it would earn over twice the shock, within -1 and 1", gain_of, low=-1.0),
    )


def premium(scenario: DefaultByChoice) -> float:
    """What the right to default adds to the dominant bid, credits: (sqrt(a) - sqrt(D))^2, 0 from D = a on."""
    shock, stake = (float(amount) / MICRO for amount in scenario.right)
    return (math.sqrt(shock) - math.sqrt(min(stake, shock))) ** 2


def actions_of(scenario: DefaultByChoice, observations: ArrayLike, above: float) -> Float32s:
    """Bids the own value and so much above it, credits, and walks away exactly where that pays."""
    seen, right = np.asarray(observations), scenario.right
    keeps = seen[..., 2] * 2.0 * right.shock >= -right.stake
    bid = np.full(keeps.shape, above * MICRO / (2.0 * right.shock))
    return np.where(seen[..., 1] > 0.0, np.where(keeps, 1.0, -1.0), bid)[..., None].astype(np.float32)


def _truthful(scenario: DefaultByChoice, observations: Any) -> Float32s:
    return actions_of(scenario, observations, 0.0)


def _dominant(scenario: DefaultByChoice, observations: Any, luck: ArrayLike = 0.5) -> Float32s:
    return actions_of(scenario, observations, premium(scenario))


def _welfare(scenario: DefaultByChoice, state: State, types: Float64s) -> Welfare:
    settled = ((state.award.units > 0) | state.walked).any(axis=1)
    realised, paid = state.award.worth.sum(axis=1) / MICRO, state.award.pays.sum(axis=1) / MICRO
    # whoever wins learns the same, and keeps what is worth anything
    best = np.where(settled, np.maximum(types[..., 0].max(axis=1) + state.learned / MICRO, 0.0), 0.0)
    return Welfare({PRIMARY: realised}, {PRIMARY: best}, paid, created=realised)


def _docs(scenario: DefaultByChoice) -> Docs:
    rule, (shock, stake) = mechanism(scenario.mechanism.name), scenario.right
    return Docs(
        description=(
            f"{scenario.num_agents} bidders. {rule.summary} It is worth v + e, e uniform up to "
            f"{shock / MICRO:g} either way; walking away costs {stake / MICRO:g}."
        ),
        actions={"move": "bids the own value plus so many times twice the shock; of a winner: below 0 walks away"},
        rewards="Of who keeps it the worth less the price, of who walks away the stake lost, in credits.",
        start="New values.",
        end=("After `max_cycles` ticks, two a sale.",),
        equilibrium=f"Bid {premium(scenario):.4f} above the value; walk away where keeping loses more than the stake.",
        references=rule.reference,
    )


def _info(scenario: DefaultByChoice, state: State) -> Arrays:
    """Of the last tick: who was sold to, who walked away, what was paid."""
    return {"won": state.award.units > 0, "walked": state.walked.copy(), "paid": to_credits(state.award.pays)}


def _series(scenario: DefaultByChoice, state: State) -> Arrays:
    chosen = (state.award.units > 0) | state.walked
    return {"walked_away": np.where(chosen, state.walked, np.nan)}


MARKET = Market(
    name="default",
    config=DefaultByChoice,
    # scenarios of it are written out, such as configs/scenarios/default_by_choice.yaml
    built_in=list,
    state=State,
    params=_params,
    kernels=Stages(reset=reset, bids=bids, clear=clear, observe=observe, finish=finish),
    actions=lambda _: ("move",),
    features=_features,
    types=one_value("value"),
    welfare=_welfare,
    baselines=Baselines(truthful=_truthful, equilibrium=_dominant),
    view=View(info=_info, docs=_docs, series=_series),
)

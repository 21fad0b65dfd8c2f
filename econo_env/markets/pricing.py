"""Price competition: firms ask prices at once, round after round, and consumers choose among them by a demand rule."""

import math
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator

from econo_env.agents import named
from econo_env.baselines import Baselines
from econo_env.docs import Docs
from econo_env.economy.award import Award
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature, each_of
from econo_env.engine.program import Rule, Stages
from econo_env.engine.rng import VALUES, uniform
from econo_env.engine.state import Arrays, Bools, Column, Episode, Float32s, Float64s, Key, StepBuffers, Tick
from econo_env.games.welfare import PRIMARY, Welfare
from econo_env.market import Market, View
from econo_env.markets.built_in import one_a_rule
from econo_env.markets.features import ROUNDS_LEFT
from econo_env.markets.rounds import begin, finish
from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.logit_demand import LogitDemand, consumer_surplus, monopoly_price, nash_price
from econo_env.money import CREDIT, MICRO, to_credits
from econo_env.scenario import Scenario

UNITS = 1_000_000
"""All consumers: units sold are millionths of them."""
FIRM = "firm"
"""The role of all agents."""


class Pricing(Scenario):
    """Firms that ask prices.

    Attributes:
        lowest_price: The price of action -1, credits.
        highest_price: The price of action 1.
    """

    market: Literal["pricing"] = "pricing"
    lowest_price: float = Field(1.0, ge=0.0, le=1e6)
    highest_price: float = Field(2.2, ge=0.0, le=1e6)

    @model_validator(mode="after")
    def _prices_make_a_range(self) -> Self:
        if not self.lowest_price < self.highest_price:
            raise ValueError(f"lowest_price={self.lowest_price} must lie below {self.highest_price=}")
        return self

    @property
    def demand(self) -> LogitDemand:
        """The demand rule's parameters, credits."""
        params: LogitDemand = mechanism(self.mechanism.name).params(self.mechanism)
        return params


class State(NamedTuple):
    """Firms in a batch of markets."""

    key: Key
    episode: Episode
    tick: Tick
    prices: Annotated[Float64s, Column(np.float64, ("agents",), "credits, asked in the last round")]
    asks: Annotated[Bools, Column(np.bool_, ("agents",), "a price was asked in the last round")]
    shares: Annotated[Float64s, Column(np.float64, ("agents",), "of consumers, sold to in the last round")]
    award: Award


class Params(NamedTuple):
    """Constants."""

    rule: LogitDemand
    max_cycles: int
    truncates: bool
    lowest: float
    width: float


def _params(scenario: Pricing) -> Params:
    width = scenario.highest_price - scenario.lowest_price
    truncates = scenario.end_of_episode == "truncation"
    return Params(scenario.demand, scenario.max_cycles, truncates, scenario.lowest_price, width)


@compiled
def bids(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Turns actions in [-1, 1] into prices; one outside, or NaN, is counted and asks none."""
    for i in range(state.prices.shape[1]):
        action = float(buffers.actions[k, i, 0])
        state.asks[k, i] = -1.0 <= action <= 1.0
        if state.asks[k, i]:
            state.prices[k, i] = params.lowest + 0.5 * (1.0 + action) * params.width
        else:
            buffers.invalid_actions[k] += 1


@compiled
def units_of(share: float) -> int:
    """What a firm gets that sells to a share of consumers: below 0, for it gives."""
    return -int(math.floor(share * UNITS + 0.5))


@compiled
def payment_of(share: float, price: float) -> int:
    """What a firm pays that sells to a share of consumers at a price in credits: micro-credits, below 0, received."""
    return -int(math.floor(share * price * MICRO + 0.5))


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Consumers choose; firms receive their prices in whole micro-credits and bear the cost of what they sold."""
    rule(state.prices[k], state.asks[k], params.rule, state.shares[k])
    award = state.award
    for i in range(state.prices.shape[1]):
        share = state.shares[k, i]
        award.units[k, i] = units_of(share)
        award.pays[k, i] = payment_of(share, state.prices[k, i])
        award.worth[k, i] = -share * params.rule.cost * MICRO
        buffers.rewards[k, i] = (award.worth[k, i] - award.pays[k, i]) * CREDIT


@compiled
def observe(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Moves the clock."""
    state.tick[k] += 1


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next episode, as if prices drawn from their whole range had been asked before."""
    begin(k, state, buffers)
    for i in range(state.prices.shape[1]):
        state.shares[k, i] = 0.0
        state.asks[k, i] = False
        luck = uniform(state.key[k], state.episode[k], 0, VALUES, i)
        state.prices[k, i] = params.lowest + luck * params.width


@compiled
def price_of(k: int, j: int, state: State, params: Params) -> float:
    """The last price that firm j asked in the range of prices."""
    return float((state.prices[k, j] - params.lowest) / params.width)


def _features(scenario: Pricing) -> tuple[Feature, ...]:
    told = [
        (f"price_of_{j}", f"last price of firm {j} in the range of prices, drawn at first")
        for j in range(scenario.num_agents)
    ]
    return (ROUNDS_LEFT, *each_of(told, price_of, shared=True))


def action_of(scenario: Pricing, price: ArrayLike) -> Float32s:
    """The action that asks a price, credits, or the nearest that can be asked."""
    width = scenario.highest_price - scenario.lowest_price
    actions = 2.0 * (np.asarray(price, dtype=np.float64) - scenario.lowest_price) / width - 1.0
    return np.clip(actions, -1.0, 1.0).astype(np.float32)


def _at_cost(scenario: Pricing, seen: ArrayLike) -> Float32s:
    return action_of(scenario, np.full(np.shape(seen)[:-1], scenario.demand.cost))[..., None]


def _nash(scenario: Pricing, seen: ArrayLike, luck: ArrayLike = 0.5) -> Float32s:
    price = nash_price(scenario.num_agents, scenario.demand)
    if not scenario.lowest_price <= price <= scenario.highest_price:
        raise ValueError(
            f"{scenario.id}: the equilibrium price {price:.4f} cannot be asked: choose lowest_price and highest_price "
            "around it"
        )
    return action_of(scenario, np.full(np.shape(seen)[:-1], price))[..., None]


def worth_of(prices: Float64s, asks: Bools, shares: Float64s, demand: LogitDemand) -> tuple[Float64s, Float64s]:
    """What consumers and firms have of a round together, and at prices at cost, the most there is: credits (...).

    Args:
        prices: Credits, (..., firms).
        asks: Which firms ask theirs.
        shares: Of consumers, that each sells to.
        demand: The demand.
    """
    asked = np.where(asks, prices, np.inf)  # whoever asks nothing sells nothing
    realised = consumer_surplus(asked, demand) + ((prices - demand.cost) * shares).sum(axis=-1)
    return realised, consumer_surplus(np.full(prices.shape, demand.cost), demand)


def _welfare(scenario: Pricing, state: State, types: Float64s) -> Welfare:
    realised, best = worth_of(state.prices, state.asks, state.shares, scenario.demand)
    # what firms receive comes from consumers, whom nobody plays: to the books that is a revenue below 0
    paid, created = state.award.pays.sum(axis=1) / MICRO, state.award.worth.sum(axis=1) / MICRO
    return Welfare({PRIMARY: realised}, {PRIMARY: best}, paid, created=created)


def _docs(scenario: Pricing) -> Docs:
    rule, firms, demand = mechanism(scenario.mechanism.name), scenario.num_agents, scenario.demand
    return Docs(
        description=f"{firms} firms ask prices at once and see afterwards what all asked. {rule.summary}",
        actions={"price": "-1 asks the lowest price, 1 the highest"},
        rewards="What a firm's consumers pay less what their goods cost, in credits; all consumers together are one.",
        start="Prices as if drawn from the whole range in the round before.",
        end=("After `max_cycles` rounds.",),
        equilibrium=(
            f"Of one round: {nash_price(firms, demand):.4f} each. Together they earn most at "
            f"{monopoly_price(firms, demand):.4f}. Played without end, prices between can be upheld by punishment."
        ),
        references=rule.reference,
    )


def _info(scenario: Pricing, state: State) -> Arrays:
    """Of the last round: the price asked, the share of consumers, whether any bought, what was paid (< 0 received)."""
    paid = to_credits(state.award.pays)
    return {"price": state.prices.copy(), "share": state.shares.copy(), "won": state.shares > 0.0, "paid": paid}


def _series(scenario: Pricing, state: State) -> Arrays:
    return {"price": state.prices, "profit": (state.award.worth - state.award.pays) / MICRO}


MARKET = Market(
    name="pricing",
    config=Pricing,
    built_in=lambda: one_a_rule(Pricing, 0, num_agents=2, max_cycles=1000, end_of_episode="truncation"),
    state=State,
    params=_params,
    kernels=Stages(reset=reset, bids=bids, clear=clear, observe=observe, finish=finish),
    actions=lambda _: ("price",),
    features=_features,
    agents=lambda scenario: named([FIRM] * scenario.num_agents),
    welfare=_welfare,
    baselines=Baselines(truthful=_at_cost, equilibrium=_nash),
    view=View(info=_info, docs=_docs, series=_series),
)

"""What a sealed-bid market holds: its state, its constants, and the meaning of observations and actions."""

from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.state import Column, Float64s, Int64s, UInt64s
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.ranking import WEIGHT_UNIT
from econo_env.money import MICRO, to_money


class State(NamedTuple):
    """A batch of sealed-bid markets; the first axis of every array is the market."""

    key: Annotated[UInt64s, Column(np.uint64, (), "random key of the market")]
    episode: Annotated[Int64s, Column(np.int64, (), "episodes since the seed")]
    tick: Annotated[Int64s, Column(np.int64, (), "rounds played in this episode")]
    values: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits")]
    bids: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, -1 for none")]
    allocation: Annotated[Int64s, Column(np.int64, ("agents",), "units won in the last round")]
    payments: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits paid in the last round")]


class Terms(NamedTuple):
    """The constants of a scenario, as the compiled phases take them."""

    rule: Any  # the mechanism's own parameters
    max_cycles: int
    truncates: bool  # the last tick is a truncation, not a termination
    prior_of: Int64s  # (agents,) row of `quantiles` that the agent's value comes from
    quantiles: Float64s  # (priors, cells + 1) micro-credits
    weights: Int64s  # (agents,) thousandths
    largest_weight: int  # thousandths
    highest_value: float  # micro-credits
    value_scale: float  # 1 / highest_value
    bids_are_amounts: bool
    shows_role: bool  # observations hold the own prior and weight
    shows_result: bool
    shows_winning_bid: bool


def axes(scenario: SealedBidScenario) -> dict[str, int]:
    """Lengths of the named axes."""
    return {
        "agents": scenario.num_agents,
        "features": len(observation_names(scenario)),
        "actions": len(action_names(scenario)),
    }


def rule(scenario: SealedBidScenario) -> Any:
    """The compiled rule of the scenario's mechanism."""
    return mechanism(scenario.mechanism.name).rule


def action_names(scenario: SealedBidScenario) -> tuple[str, ...]:
    """What each action component means."""
    return ("bid",)


def _shows_role(scenario: SealedBidScenario) -> bool:
    return len(set(scenario.priors())) > 1 or len(set(scenario.weights or ())) > 1


def observation_names(scenario: SealedBidScenario) -> tuple[str, ...]:
    """What each feature of an observation means; all lie in [0, 1].

    `value`: the own value over the highest possible one. `rounds_left`: the share of the episode to come.
    `prior` and `weight` (where bidders differ): the own prior's number over their count, the own weight over the
    largest. `won`, `paid`, `winning_bid` (in repeated play, as far as the feedback goes): the own result of the last
    round, the payment and the highest winning bid over twice the highest value.
    """
    names = ["value", "rounds_left"]
    if _shows_role(scenario):
        names += ["prior", "weight"]
    if scenario.max_cycles > 1 and scenario.feedback != "nothing":
        names += ["won", "paid"]
        if scenario.feedback == "winning_bid":
            names.append("winning_bid")
    return tuple(names)


def terms(scenario: SealedBidScenario) -> Terms:
    """The scenario's constants for the compiled phases."""
    distinct = list(dict.fromkeys(scenario.priors()))
    names = observation_names(scenario)
    weights = scenario.weights or (1.0,) * scenario.num_agents
    row = mechanism(scenario.mechanism.name)
    return Terms(
        rule=row.terms(scenario.mechanism),
        max_cycles=scenario.max_cycles,
        truncates=scenario.end_of_episode == "truncation",
        prior_of=np.array([distinct.index(prior) for prior in scenario.priors()], dtype=np.int64),
        quantiles=np.stack([prior.quantile_table() for prior in distinct]) * float(to_money(1.0)),
        weights=np.rint(np.array(weights) * WEIGHT_UNIT).astype(np.int64),
        largest_weight=round(max(weights) * WEIGHT_UNIT),
        highest_value=float(to_money(scenario.highest_value)),
        value_scale=1.0 / float(to_money(scenario.highest_value)),
        bids_are_amounts=scenario.bids == "amount",
        shows_role="weight" in names,
        shows_result="won" in names,
        shows_winning_bid="winning_bid" in names,
    )


def info(scenario: SealedBidScenario, state: State) -> dict[str, NDArray[Any]]:
    """What the dict faces tell in `infos`, arrays (markets, agents): `won` and `paid` (credits), of the last round."""
    return {"won": state.allocation > 0, "paid": state.payments / MICRO}

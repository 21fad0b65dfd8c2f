"""What a sequential sale holds: its state, its constants, and the meaning of observations and actions."""

from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.economy.award import Award
from econo_env.engine.state import Bools, Column, Int64s, UInt64s
from econo_env.markets.feedback import bids_shown, whose_bid
from econo_env.markets.sequential.scenario import SequentialScenario
from econo_env.mechanisms.base import mechanism
from econo_env.money import MICRO, to_credits, to_money
from econo_env.valuations.drawing import DrawTables, draw_tables


class State(NamedTuple):
    """A batch of sequential sales; the first axis of every array is the market."""

    key: Annotated[UInt64s, Column(np.uint64, (), "random key of the market")]
    episode: Annotated[Int64s, Column(np.int64, (), "episodes since the seed")]
    tick: Annotated[Int64s, Column(np.int64, (), "rounds played in this episode")]
    values: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, for the whole episode")]
    active: Annotated[Bools, Column(np.bool_, ("agents",), "has not won yet")]
    bids: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, -1 for none")]
    award: Award


class Params(NamedTuple):
    """The constants of a scenario, as the compiled phases take them."""

    rule: Any  # the mechanism's own parameters
    max_cycles: int
    truncates: bool  # the last tick is a truncation, not a termination
    prior_of: Int64s  # (agents,) row of `quantiles` that the agent's value comes from
    quantiles: DrawTables  # micro-credits, one a prior
    highest_value: float  # micro-credits
    value_scale: float  # 1 / highest_value
    bids_are_amounts: bool
    frictions: None  # of a sealed-bid market: a sequential sale has none
    shows_role: bool  # observations hold the own prior
    shows_price: bool
    shows_winning_bid: bool
    shows_all_bids: bool


def axes(scenario: SequentialScenario) -> dict[str, int]:
    """Lengths of the named axes."""
    return {"agents": scenario.num_agents, "exposed": 0, "features": len(observation_names(scenario)), "actions": 1}


def action_names(scenario: SequentialScenario) -> tuple[str, ...]:
    """What each action component means."""
    return ("bid",)


def observation_names(scenario: SequentialScenario) -> tuple[str, ...]:
    """What each feature of an observation means; all lie in [0, 1], all are 0 for a bidder who has left.

    `value`: the own value over the highest possible one. `rounds_left`: units left over all units. `rivals`: the share
    of the others who are still there. `prior` (where bidders differ): the own prior's number over their count. `price`,
    `winning_bid` (as far as the feedback goes): those of the last round over twice the highest value, 0 before it.
    `bid_of_0`, ...: with `all_bids`, if there are several rounds, each bid of the last one likewise, 0 for none.
    """
    names = ["value", "rounds_left", "rivals"]
    if len(set(scenario.priors())) > 1:
        names.append("prior")
    if scenario.feedback != "nothing":
        names.append("price")
        if scenario.feedback == "winning_bid":
            names.append("winning_bid")
        if scenario.feedback == "all_bids" and scenario.max_cycles > 1:
            names += bids_shown(action_names(scenario), scenario.num_agents)
    return tuple(names)


def params(scenario: SequentialScenario) -> Params:
    """The scenario's constants for the compiled phases."""
    distinct = list(dict.fromkeys(scenario.priors()))
    names = observation_names(scenario)
    highest = float(to_money(scenario.highest_value))
    return Params(
        rule=mechanism(scenario.mechanism.name).params(scenario.mechanism),
        max_cycles=scenario.max_cycles,
        truncates=scenario.end_of_episode == "truncation",
        prior_of=np.array([distinct.index(prior) for prior in scenario.priors()], dtype=np.int64),
        quantiles=draw_tables([prior.quantile_table() for prior in distinct], float(MICRO)),
        highest_value=highest,
        value_scale=1.0 / highest,
        bids_are_amounts=scenario.bids == "amount",
        frictions=None,
        shows_role="prior" in names,
        shows_price="price" in names,
        shows_winning_bid="winning_bid" in names,
        shows_all_bids=any(map(whose_bid, names)),
    )


def info(scenario: SequentialScenario, state: State) -> dict[str, NDArray[Any]]:
    """What the dict APIs tell in `infos`, arrays (markets, agents): `won` and `paid` (credits), of the last round."""
    return {"won": state.award.units > 0, "paid": to_credits(state.award.pays)}

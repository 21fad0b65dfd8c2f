"""What a combinatorial market holds: its state, its constants, and the meaning of observations and actions."""

from dataclasses import replace
from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.engine.state import Arrays, Column, Episode, Float64s, Int64s, Key, Tick
from econo_env.markets.combinatorial.scenario import CombinatorialScenario
from econo_env.markets.wording import numbered
from econo_env.mechanisms.combinatorial.batch import game_of
from econo_env.mechanisms.combinatorial.room import Room, room_axes
from econo_env.mechanisms.combinatorial.small import Game
from econo_env.money import MICRO, to_credits
from econo_env.valuations.bundle_values import Drawing
from econo_env.valuations.xor_bids import XorBids


class State(NamedTuple):
    """A batch of combinatorial markets; the first axis of every array is the market."""

    key: Key
    episode: Episode
    tick: Tick
    values: Annotated[Int64s, Column(np.int64, ("agents", "own_bundles"), "micro-credits, of each own bundle")]
    items: Annotated[Int64s, Column(np.int64, ("agents", "own_items"), "micro-credits, where each item has a value")]
    bundle: Annotated[Int64s, Column(np.int64, ("wishes",), "items as bits: what each agent wants, where it is drawn")]
    bids: Annotated[Int64s, Column(np.int64, ("offers",), "micro-credits, agent by agent, -1 for none")]
    won: Annotated[Int64s, Column(np.int64, ("agents",), "number of the winning offer, -1 for none")]
    award: Award
    room: Room


class Params(NamedTuple):
    """The constants of a scenario, as the compiled kernels take them."""

    rule: object  # the mechanism's own parameters
    game: Game
    max_cycles: int
    truncates: bool  # the last tick is a truncation, not a termination
    drawing: Drawing | None  # None is local-global
    num_locals: int
    correlation: float
    highest: Int64s  # (agents,) micro-credits: the highest value of a bundle
    highest_value: float  # micro-credits
    largest_amount: float  # micro-credits, the scale of bids and payments in observations
    bids_are_amounts: bool


def axes(scenario: CombinatorialScenario) -> dict[str, int]:
    """Lengths of the named axes."""
    offers, values = scenario.offers, scenario.bundle_values
    return room_axes(scenario.num_agents, len(offers.amount), offers.num_items) | {
        "own_bundles": scenario.bundles_each,
        "own_items": offers.num_items if values.by_item else 0,
        "wishes": scenario.num_agents if values.random_bundles else 0,
    }


def action_names(scenario: CombinatorialScenario) -> tuple[str, ...]:
    """What each action component means: the bid on each of the own bundles."""
    return numbered("bid", scenario.bundles_each)


def type_names(scenario: CombinatorialScenario) -> tuple[str, ...]:
    """A bidder's type: the value of each own bundle, or of each item; with a bundle drawn, that too, items as bits."""
    if scenario.bundle_values.by_item:
        return tuple(f"item_{number}" for number in range(scenario.offers.num_items))
    names = numbered("value", scenario.bundles_each)
    return (*names, "bundle") if scenario.bundle_values.random_bundles else names


def params(scenario: CombinatorialScenario) -> Params:
    """The scenario's constants for the compiled kernels."""
    offers = scenario.offers
    return Params(
        rule=scenario.row().params(scenario.mechanism),
        game=game_of(offers),
        max_cycles=scenario.max_cycles,
        truncates=scenario.end_of_episode == "truncation",
        drawing=scenario.bundle_values.drawing(),
        num_locals=scenario.num_locals,
        correlation=scenario.correlation,
        highest=np.maximum.reduceat(offers.amount, offers.first[:-1]),
        highest_value=float(offers.amount.max()),
        largest_amount=2.0 * float(offers.amount.max()),
        bids_are_amounts=scenario.bids == "amount",
    )


def offers_at(scenario: CombinatorialScenario, state: State, k: int) -> XorBids:
    """Who may bid on what in the coming round of market `k`; the amounts are the highest values."""
    if not scenario.bundle_values.random_bundles:
        return scenario.offers
    contains = state.bundle[k][:, None] >> np.arange(scenario.offers.num_items) & 1
    return replace(scenario.offers, contains=contains.astype(np.bool_))


def highest_values(scenario: CombinatorialScenario) -> Float64s:
    """The highest value of each agent's bundles in credits, shape (agents,)."""
    return params(scenario).highest / MICRO


def info(scenario: CombinatorialScenario, state: State) -> Arrays:
    """What the dict APIs tell in `infos`, arrays (markets, agents): `won` and `paid` (credits), of the last round."""
    return {"won": state.won >= 0, "paid": to_credits(state.award.pays)}

"""What every arm would have earned in the last round of a sealed-bid market, by its rule and the bids of the others.

A rule that says what an own bid comes to by a few numbers (`Mechanism.own_bid`) is asked for them once an agent; under
any other rule each arm is cleared.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from econo_env.economy.parts.regimes import RegimesSection
from econo_env.engine.compiled import compiled
from econo_env.engine.rng import LEARNING, Lottery
from econo_env.engine.state import Float32s, Int64s
from econo_env.market import market_of
from econo_env.markets.sealed_bid import MARKET
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.mechanisms.own_bid import Terms, fill_order, gain_of, prefers
from econo_env.money import CREDIT, MICRO
from econo_env.policies.adaptive.memory import Luck, Memory, Room
from econo_env.scenario import Scenario
from econo_env.valuations.utility import RiskNeutral


class Rounds(NamedTuple):
    """Constants by which rounds of sealed bids are read."""

    first_bid: int  # the feature that shows the bid of agent 0
    largest: float  # micro-credits, what shown bids are shares of
    highest_signal: float  # credits, what the own value is a share of
    by_value: bool  # whether action 0 bids the own value, else the highest
    highest_value: float  # micro-credits
    half: float  # the bid of action 0 over that value
    weights: Int64s  # (agents,)
    rule: Any  # the mechanism's own parameters
    reserve: int  # micro-credits


@dataclass(frozen=True)
class Hearing:
    """How what every arm would have earned is told, see `learn_and_choose`.

    Attributes:
        meet: Compiled.
        hear: Compiled.
        rule: What `hear` calls.
        rounds: Constants.
        places: Of the ranking that `meet` fills in.
        features: How many of the features seen with a choice are needed later.
    """

    meet: Callable[..., None]
    hear: Callable[..., None]
    rule: Callable[..., Any]
    rounds: Any
    places: int
    features: int


@compiled
def read_bids(k: int, rounds: Rounds, seen: Float32s, luck: Luck, room: Room) -> None:
    """Writes the bids of the last round, micro-credits, as all agents are shown them."""
    for j in range(room.bids.shape[0]):
        room.bids[j] = int(math.floor(seen[k, 0, rounds.first_bid + j] * rounds.largest + 0.5))


@compiled
def rank_bids(k: int, rounds: Rounds, seen: Float32s, luck: Luck, room: Room) -> None:
    """Reads the bids, and who has the first places."""
    read_bids(k, rounds, seen, luck, room)
    lottery = Lottery(luck.keys[k], LEARNING, luck.call)
    fill_order(room.bids, rounds.weights, rounds.reserve, lottery, room.order)


@compiled
def value_of(before: Float32s, rounds: Rounds) -> float:
    """The own value that was seen, whole micro-credits."""
    return float(np.floor(float(before[0]) * rounds.highest_signal * MICRO + 0.5))


@compiled
def bid_of(action: float, value: float, rounds: Rounds) -> float:
    """What an action bids, whole micro-credits, as the market reads it."""
    unit = rounds.half * (value if rounds.by_value else rounds.highest_value)
    return float(np.floor((1.0 + action) * unit + 0.5))


@compiled
def learn_nothing(room: Room) -> None:
    """Who saw a number that is none hears that no arm would have earned anything."""
    for arm in range(room.gains.shape[0]):
        room.gains[arm] = 0.0


@compiled
def fill_gains(
    action_of: Any, arms: Any, before: Float32s, value: float, faced: Terms, wins_from: int, rounds: Rounds, room: Room
) -> int:
    """What each arm would have earned, given the least bid that wins; returns how many may tie, at least those that do.

    Actions that hang on what was seen are worked out; of the others a whole row is read.
    """
    tied, fixed, ties_at = 0, arms.fixed, float(faced.ties_at)
    for arm in range(fixed.shape[0]):
        bid = bid_of(float(fixed[arm]), value, rounds)
        tied += 1 if bid == ties_at else 0
        room.gains[arm] = gain_of(bid, value, faced, wins_from) * CREDIT
    for one in range(arms.varies.shape[0]):
        bid = bid_of(action_of(arms, before, arms.varies[one]), value, rounds)
        tied += 1 if bid == ties_at else 0
        room.gains[arms.varies[one]] = gain_of(bid, value, faced, wins_from) * CREDIT
    if fixed.shape[0] == 0:
        for arm in range(room.gains.shape[0]):
            bid = bid_of(action_of(arms, before, arm), value, rounds)
            tied += 1 if bid == ties_at else 0
            room.gains[arm] = gain_of(bid, value, faced, wins_from) * CREDIT
    return tied


@compiled
def hear_by_terms(
    terms: Any, action_of: Any, k: int, i: int, memory: Memory, arms: Any, rounds: Rounds, luck: Luck, room: Room
) -> None:
    """What each arm would have earned, by the terms that the agent faces; nothing if it saw no number."""
    before = memory.seen[k, i]
    value, faced = value_of(before, rounds), terms(i, room.order, room.bids, rounds.weights, rounds.rule)
    tied = fill_gains(action_of, arms, before, value, faced, faced.wins_from, rounds, room)
    if tied > 0 and prefers(Lottery(luck.keys[k], LEARNING, luck.call), i, faced.rival):
        fill_gains(action_of, arms, before, value, faced, faced.ties_at, rounds, room)
    if math.isnan(value):
        learn_nothing(room)


@compiled
def hear_by_clearing(
    rule: Any, action_of: Any, k: int, i: int, memory: Memory, arms: Any, rounds: Rounds, luck: Luck, room: Room
) -> None:
    """The same by one clearing an arm, the others' bids as they were."""
    before = memory.seen[k, i]
    value, lottery, was = value_of(before, rounds), Lottery(luck.keys[k], LEARNING, luck.call), room.bids[i]
    for arm in range(room.gains.shape[0]):
        room.bids[i] = int(bid_of(action_of(arms, before, arm), value, rounds))
        rule(room.bids, rounds.weights, lottery, rounds.rule, room.units, room.pays)
        room.gains[arm] = (room.units[i] * value - room.pays[i]) * CREDIT
    room.bids[i] = was
    if math.isnan(value):
        learn_nothing(room)


@compiled
def meet_nobody(k: int, rounds: int, seen: Float32s, luck: Luck, room: Room) -> None:
    """For learners that hear of their own reward alone."""


@compiled
def hear_nothing(
    rule: Any, action_of: Any, k: int, i: int, memory: Memory, arms: Any, rounds: int, luck: Luck, room: Room
) -> None:
    """For learners that hear of their own reward alone."""


DEAF = Hearing(meet_nobody, hear_nothing, hear_nothing, 0, 0, 0)
"""Of learners that hear of their own reward alone."""


def hearing(scenario: Scenario, *, cleared: bool = False) -> Hearing:
    """How what every arm would have earned is known in a scenario.

    Args:
        scenario: The market.
        cleared: Each arm is cleared, even where terms tell the same.

    Raises:
        ValueError: It is not: the message says what would show it.
    """
    shown = with_all_bids(scenario)
    params, row = MARKET.params(shown), shown.row()
    rounds = Rounds(
        first_bid=market_of(shown).observations(shown).index("bid_of_0"),
        largest=params.largest_amount,
        highest_signal=shown.highest_signal,
        by_value=not params.bids_are_amounts,
        highest_value=params.highest_value,
        half=1.0 if params.half_largest_bid is None else params.half_largest_bid,
        weights=params.weights,
        rule=params.rule,
        reserve=0 if row.own_bid is None else params.rule.reserve,
    )
    if row.own_bid is None or cleared:
        return Hearing(read_bids, hear_by_clearing, row.rule, rounds, 0, 1)
    return Hearing(rank_bids, hear_by_terms, row.own_bid.terms, rounds, row.own_bid.ranks(params.rule), 1)


def only_values_change(scenario: Scenario) -> bool:
    """Whether there is no economy, or one that does nothing but change what goods are worth."""
    economy = scenario.economy or {}
    regimes = economy.get("regimes")
    alone = isinstance(regimes, RegimesSection) and not regimes.levers and regimes.absent is None
    return not economy or (alone and len(economy) == 1)


def shows_all_payoffs(scenario: Scenario) -> bool:
    """Whether agents are shown what tells what every arm would have earned."""
    try:
        with_all_bids(scenario)
    except ValueError:
        return False
    return True


def with_all_bids(scenario: Scenario) -> SealedBidScenario:
    """The scenario as one in which all bids of the last round tell what another bid would have earned.

    Raises:
        ValueError: They do not: the message says what would show it.
    """
    if not isinstance(scenario, SealedBidScenario) or scenario.kind is not MARKET:
        raise ValueError(
            f"{scenario.id}: what other bids would have earned is known in sealed-bid markets only; use exp3 or "
            "q_learning, which hear of the own reward alone"
        )
    if scenario.feedback != "all_bids" or scenario.max_cycles < 2:
        raise ValueError(
            f"{scenario.id}: what other bids would have earned is known where all bids are shown afterwards: set "
            "feedback: all_bids and max_cycles above 1, or use exp3 or q_learning"
        )
    if scenario.seller.bids:
        raise ValueError(
            f"{scenario.id}: what other bids would have earned does not follow from the bids shown where the seller "
            "bids too, by a secret reserve or shill bids: use exp3 or q_learning"
        )
    plain = scenario.procurement is None and scenario.default is None and isinstance(scenario.utility, RiskNeutral)
    plain &= scenario.information.private and scenario.entry_costs == 0.0
    if not plain or not only_values_change(scenario):
        raise ValueError(
            f"{scenario.id}: what other bids would have earned follows from all bids only with private values, risk "
            "neutral bidders and no procurement, default, entry costs or economy but regimes of values; use exp3 "
            "or q_learning"
        )
    if scenario.levers is not None:
        raise ValueError(
            f"{scenario.id}: what other bids would have earned is worked out with the constants of the scenario, and "
            f"levers may move {', '.join(scenario.levers)}: use exp3 or q_learning"
        )
    return scenario

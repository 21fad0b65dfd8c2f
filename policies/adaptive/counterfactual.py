"""What every arm would have earned in the last round of a sealed-bid market, by its compiled rule."""

from typing import Any, NamedTuple, Protocol

import numpy as np

from econo_env.economy.parts.regimes import RegimesSection
from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import bound
from econo_env.engine.rng import LEARNING, Lottery
from econo_env.engine.state import Float64s, Int64s, UInt64s
from econo_env.engine.threads import Threads
from econo_env.market import market_of, offered
from econo_env.markets.sealed_bid import MARKET
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.money import CREDIT, MICRO
from econo_env.policies.adaptive.arms import Arms
from econo_env.policy import Observations
from econo_env.scenario import Scenario
from econo_env.valuations.utility import RiskNeutral


class Rooms(NamedTuple):
    """Room for one clearing a market, each (markets, agents)."""

    bids: Int64s
    units: Int64s
    pays: Int64s


class Payoffs(Protocol):
    """What every arm would have earned."""

    def of_arms(self, before: Observations, after: Observations, keys: UInt64s, call: int) -> Float64s:
        """Credits (markets, agents, arms), against the bids that the others made.

        Args:
            before: What agents saw as they chose, (markets, agents, features).
            after: What they see now, the last round in it.
            keys: Of the luck of ties, (markets,).
            call: Number of the call.
        """
        ...


@compiled
def fill_payoffs(
    rule: Any,
    first: int,
    last: int,
    weights: Int64s,
    params: Any,
    values: Int64s,
    others: Int64s,
    own: Int64s,
    keys: UInt64s,
    call: int,
    rooms: Rooms,
    payoffs: Float64s,
) -> None:
    """Clears each market of a range once for every agent and arm, the others' bids as they were.

    Args:
        rule: The mechanism's rule.
        first: The first market.
        last: The one after the last.
        weights: Of bids, (agents,).
        params: Of the rule.
        values: Micro-credits (markets, agents).
        others: The bids of the last round, micro-credits (markets, agents), negative for none.
        own: The bids of the arms, micro-credits (markets, agents, arms).
        keys: Of the luck of ties, (markets,).
        call: Number of the call.
        rooms: Room for one clearing a market; that of the first is used.
        payoffs: Filled in, credits (markets, agents, arms).
    """
    agents = values.shape[1]
    bids, units, pays = rooms.bids[first], rooms.units[first], rooms.pays[first]
    for k in range(first, last):
        lottery = Lottery(keys[k], LEARNING, call)
        for i in range(agents):
            for j in range(agents):
                bids[j] = others[k, j]
            for arm in range(own.shape[2]):
                bids[i] = own[k, i, arm]
                rule(bids, weights, lottery, params, units, pays)
                payoffs[k, i, arm] = (units[i] * values[k, i] - pays[i]) * CREDIT


class _OfSealedBids:
    """By the rule of a sealed-bid market that shows all bids of the last round."""

    def __init__(self, scenario: SealedBidScenario, arms: Arms, threads: Threads) -> None:
        market = market_of(scenario)
        self._scenario, self._arms, self._market = scenario, arms, market
        self._params = market.params(scenario)
        self._fill = bound(fill_payoffs, market.rule(scenario))
        self._threads = threads

    def of_arms(self, before: Observations, after: Observations, keys: UInt64s, call: int) -> Float64s:
        params = self._params
        others = bids_shown(self._scenario, params, after)
        values = _micro(offered(self._market.baselines.bids, "bids", self._scenario).values(self._scenario, before))
        own = self._bids(before, values)
        payoffs = np.zeros(own.shape)
        rooms = Rooms(*(np.empty(values.shape, dtype=np.int64) for _ in Rooms._fields))
        given = params.weights, params.rule, values, others, own, keys, call, rooms, payoffs
        self._threads.over(len(values), self._fill, *given)
        return payoffs

    def _bids(self, before: Observations, values: Int64s) -> Int64s:
        """What each arm would have bid, micro-credits (markets, agents, arms), as the market reads actions."""
        params = self._params
        half = 1.0 if params.half_largest_bid is None else params.half_largest_bid
        scale = half * (np.float64(params.highest_value) if params.bids_are_amounts else values)
        actions = self._arms.each(before).astype(np.float64)
        own: Int64s = np.floor((1.0 + actions) * np.asarray(scale)[..., None] + 0.5).astype(np.int64)
        return own


def bids_shown(scenario: SealedBidScenario, params: Any, observations: Observations) -> Int64s:
    """The bids of the last round, micro-credits (markets, agents), as each agent is shown them."""
    first = market_of(scenario).observations(scenario).index("bid_of_0")
    seen = observations[:, 0, first : first + scenario.num_agents].astype(np.float64)
    bids: Int64s = np.floor(seen * params.largest_amount + 0.5).astype(np.int64)
    return bids


def _micro(amounts: Float64s) -> Int64s:
    whole: Int64s = np.floor(amounts * MICRO + 0.5).astype(np.int64)
    return whole


def payoffs_of(scenario: Scenario, arms: Arms, num_threads: int) -> Payoffs:
    """How what every arm would have earned is known in a scenario.

    Args:
        scenario: The market.
        arms: What is chosen among.
        num_threads: Threads that share the markets.

    Raises:
        ValueError: It is not: the message says what would show it.
    """
    return _OfSealedBids(with_all_bids(scenario), arms, Threads(num_threads))


def _only_values_change(scenario: SealedBidScenario) -> bool:
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
    plain = scenario.procurement is None and scenario.default is None and isinstance(scenario.utility, RiskNeutral)
    plain &= scenario.information.private and scenario.entry_costs == 0.0
    if not plain or not _only_values_change(scenario):
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

"""The best response to a forecast of the rivals' bids: that they will be as likely as they have been.

Every own bid of a grid is played, by the market's own compiled rule, against the bids that the others made in each
round so far. The mean of units won and of payments, by own bid, is the forecast of what that bid comes to, whatever
the own value is; the bid of the largest v units - payment answers it. Who sells has negative units and payments. In a
contest a round tells the chance to be drawn, not who was. Against rivals whose bids are drawn alike in
each round the forecast comes to the truth with the root of the rounds (Glivenko and Cantelli), and the bid to the
best response; for rivals that change, older rounds count less by `forgetting`.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import bound
from econo_env.engine.rng import LEARNING, Lottery
from econo_env.engine.state import Bools, Column, Float64s, Int64s, UInt64s
from econo_env.games.bid_curves import BidClearing
from econo_env.market import market_of, offered
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.money import CREDIT, to_credits
from econo_env.policies.adaptive.counterfactual import only_values_change
from econo_env.policies.base import make_policy
from econo_env.policies.keeper import Keeper
from econo_env.policies.options import between, whole
from econo_env.policy import Actions, Mask, Observations, Rewards, Row
from econo_env.scenario import Scenario
from econo_env.valuations.utility import RiskNeutral

MOST_POINTS = 4096


class Rooms(NamedTuple):
    """Room for one clearing, each (agents,)."""

    bids: Int64s
    order: Int64s
    units: Int64s
    pays: Int64s


class Forecast(NamedTuple):
    """What own bids came to, by market and agent; sums over rounds, older ones counting less."""

    won: Annotated[Float64s, Column(np.float64, ("agents", "points"), "units that each own bid would have won")]
    paid: Annotated[Float64s, Column(np.float64, ("agents", "points"), "credits that it would have paid")]
    rounds: Annotated[Float64s, Column(np.float64, (), "rounds counted")]
    waits: Annotated[Bools, Column(np.bool_, (), "a round has been played whose bids will be shown")]


@compiled
def add_outcomes(  # noqa: PLR0917
    rule: Any,
    clear: Any,
    units_of: Any,
    params: Any,
    beside: Any,
    bids: Int64s,
    own: Int64s,
    keys: UInt64s,
    call: int,
    room: Rooms,
    told: Bools,
    forgetting: float,
    forecast: Forecast,
) -> None:
    """Adds what each own bid would have come to in the last round, the others' bids as they were.

    Args:
        rule: See `BidClearing`.
        clear: See there.
        units_of: See there.
        params: Of the rule.
        beside: What else `clear` takes.
        bids: Of the last round, micro-credits (markets, agents).
        own: Bids of the grid, micro-credits (points,).
        keys: Of the luck of ties, (markets,).
        call: Number of the call.
        room: Room for one clearing.
        told: Markets in which a round is told of, (markets,).
        forgetting: What earlier rounds count after this one.
        forecast: Changed.
    """
    for k in range(bids.shape[0]):
        if not told[k]:
            continue
        lottery = Lottery(keys[k], LEARNING, call)
        forecast.rounds[k] = forgetting * forecast.rounds[k] + 1.0
        for i in range(bids.shape[1]):
            for j in range(bids.shape[1]):
                room.bids[j] = bids[k, j]
            for point in range(own.shape[0]):
                room.bids[i] = own[point]
                clear(rule, room.bids, lottery, params, beside, room.order, room.units, room.pays)
                units = units_of(i, room.bids, room.units, params, beside)
                forecast.won[k, i, point] = forgetting * forecast.won[k, i, point] + units
                forecast.paid[k, i, point] = forgetting * forecast.paid[k, i, point] + room.pays[i] * CREDIT


class BestResponse(Keeper[Forecast]):
    """Answers the forecast of the rivals' bids in every seat of a market of one bid an agent that shows all bids.

    What is learned outlasts the episode. An agent that sees numbers that are none gives an action that is none, for a
    guard to replace; such a round is not learned from.

    Attributes:
        points: The own bids among which it chooses, credits, rising.
        wants_all_seats: Observations come for all agents of a market.
    """

    wants_all_seats = True

    def __init__(
        self,
        scenario: Scenario,
        seed: int = 0,
        *,
        points: int = 101,
        forgetting: float = 1.0,
        first: str = "truthful",
        name: str = "best_response",
    ) -> None:
        """Puts it together.

        Args:
            scenario: The market.
            seed: Of the luck of ties.
            points: Own bids of the grid, evenly from 0 to the highest bid.
            forgetting: What a round counts after one more, in (0, 1].
            first: The policy that bids before any round is known.
            name: Its name in tables.

        Raises:
            ValueError: A number is out of range, or the market does not show all bids.
        """
        count = whole("points", points, 2, MOST_POINTS, "bids")
        self._forgetting = between("forgetting", forgetting, 0.0, 1.0, open_low=True)
        market, clearing = market_of(scenario), clearing_of(scenario)
        self._clearing = clearing
        super().__init__(name, scenario, Forecast, {"points": count}, seed)
        self._largest = float(market.params(scenario).largest_amount)
        self._first_shown = market.observations(scenario).index(_shown_first(scenario))
        self._own: Int64s = np.rint(np.linspace(0.0, self._largest, count)).astype(np.int64)
        self.points: Float64s = to_credits(self._own)
        self._first = make_policy(first, scenario, seed)
        self._room = Rooms(*(np.zeros(scenario.num_agents, dtype=np.int64) for _ in Rooms._fields))
        self._add = bound(add_outcomes, clearing.rule, clearing.clear, clearing.units_of)
        self._bids = offered(market.baselines.bids, "bids in credits", scenario)

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Counts the last round, and bids what would have earned most in all of them.

        Raises:
            ValueError: It is asked for some seats only: what rivals bid is told by seat.
        """
        looked, free = self._looked(observations, mask)
        if free.shape[1] != self.scenario.num_agents:
            raise ValueError(
                f"{self.name} is asked for {free.shape[1]} of {self.scenario.num_agents} seats: give all, for what "
                "rivals bid is shown by seat"
            )
        forecast, sound = self._begun(free.shape), np.asarray(np.isfinite(looked).all(axis=-1))
        told = forecast.waits & sound[:, 0]
        if told.any():
            self._count(np.where(told[:, None, None], looked, 0.0), told, forecast)
        forecast.waits[:] = True
        with np.errstate(invalid="ignore"):
            actions = self._answers(looked, sound, free, forecast)
        return np.where(free[..., None], actions, np.float32(0.0)).reshape(*np.shape(mask), actions.shape[-1])

    def observe(self, rewards: Rewards, ended: Mask) -> None:
        """A new episode shows nothing of the last one."""
        if self.memory is not None:
            self.memory.waits[np.asarray(ended, dtype=np.bool_)] = False

    def _count(self, looked: Observations, told: Bools, forecast: Forecast) -> None:
        shown = looked[:, 0, self._first_shown : self._first_shown + looked.shape[1]].astype(np.float64)
        bids = np.floor(shown * self._largest + 0.5).astype(np.int64)
        given = (self._clearing.params, self._clearing.beside, bids, self._own, self._keys, self._calls, self._room)
        self._add(*given, told, self._forgetting, forecast)
        self._calls += 1

    def _answers(self, looked: Observations, sound: Bools, free: Bools, forecast: Forecast) -> Actions:
        values = np.asarray(self._bids.values(self.scenario, looked))
        gains = values[..., None] * forecast.won - forecast.paid
        out, sells = -np.abs(forecast.won), (forecast.won < 0.0).any(axis=-1)
        chosen = np.where(gains.max(axis=-1, keepdims=True) > 0.0, gains, out)  # out: what gets least
        last = len(self.points) - 1 - np.argmax(chosen[..., ::-1], axis=-1)
        bids = self.points[np.where(sells, last, np.argmax(chosen, axis=-1))]  # of several the most cautious
        answers = self._bids.place(self.scenario, looked, np.where(sound, bids, 0.0))
        known = (forecast.rounds > 0.0)[:, None, None]
        played = answers if known.all() else np.where(known, answers, self._first.act(looked, free))
        return np.where(sound[..., None], played, np.float32(np.nan)).astype(np.float32)


def _shown_first(scenario: Scenario) -> str:
    """The feature that shows the bid of agent 0, the first of those that show all."""
    return f"{market_of(scenario).action_names(scenario)[0]}_of_0"


def clearing_of(scenario: Scenario) -> BidClearing:
    """How own bids are tried against those that the others were shown to make.

    Raises:
        ValueError: They do not tell what another bid comes to: the message says why.
    """
    market, reason = market_of(scenario), ""
    search, names = market.judging.bids, market.action_names(scenario)
    one_bid = search is not None and search.clearing is not None
    if not only_values_change(scenario):
        reason = "it answers what goods and payments come to, and an economy beyond regimes of values adds more"
    elif len(names) > 1:
        reason = f"it answers one bid a round, and agents act by {len(names)} numbers ({', '.join(names)})"
    elif not one_bid:
        reason = f"it answers one bid against all others in one clearing, which a {market.name} market does not offer"
    elif scenario.levers is not None:
        reason = (
            f"past rounds are cleared with the scenario's constants, and levers may move {', '.join(scenario.levers)}"
        )
    elif _shown_first(scenario) not in market.observations(scenario):
        reason = "it learns from all bids: set feedback: all_bids and max_cycles above 1"
    elif isinstance(scenario, SealedBidScenario):
        reason = _beyond_money(scenario)
    if reason:
        raise ValueError(f"{scenario.id}: best_response cannot play here: {reason}")
    assert search is not None
    assert search.clearing is not None
    return search.clearing(scenario)


def _beyond_money(scenario: SealedBidScenario) -> str:
    """Why a sealed-bid market earns something else than value times units less payment, or empty."""
    if not scenario.information.private or scenario.default is not None:
        return "what was won is worth more or less than its bidder knew: give private values and no default"
    if not isinstance(scenario.utility, RiskNeutral):
        return f"bidders feel money by {scenario.utility.name}: give risk neutral ones"
    if scenario.entry_costs > 0.0:
        return "who stayed out to save the entry fee is not shown: leave entry fees and costs out"
    if scenario.seller.bids:
        return "the seller bids too, and its bid is not shown: leave a secret reserve or shill bids out"
    return ""


ROW = Row(
    "best_response",
    "Answers the rivals' bids so far, where all bids are shown.",
    BestResponse,
    ("points", "forgetting", "first", "name"),
)

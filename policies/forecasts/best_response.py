"""The best response to a forecast of the rivals' bids: that they will be as likely as they have been.

Every own bid of a grid is played, by the market's own compiled rule, against the bids that the others made in each
round so far. The mean of units won and of payments, by own bid, is the forecast of what that bid comes to, whatever
the own value is; the bid of the largest v units - payment answers it. Against rivals whose bids are drawn alike in
each round the forecast comes to the truth with the root of the rounds (Glivenko and Cantelli), and the bid to the
best response; for rivals that change, older rounds count less by `forgetting`.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import bound
from econo_env.engine.rng import LEARNING, Lottery
from econo_env.engine.state import Bools, Column, Float64s, Int64s, UInt64s
from econo_env.market import market_of, offered
from econo_env.money import CREDIT, to_credits
from econo_env.policies.adaptive.counterfactual import bids_shown, with_all_bids
from econo_env.policies.base import make_policy
from econo_env.policies.keeper import Keeper
from econo_env.policies.options import between, whole
from econo_env.policy import Actions, Mask, Observations, Rewards, Row
from econo_env.scenario import Scenario

MOST_POINTS = 4096


class Rooms(NamedTuple):
    """Room for one clearing, each (agents,)."""

    bids: Int64s
    units: Int64s
    pays: Int64s


class Forecast(NamedTuple):
    """What own bids came to, by market and agent; sums over rounds, older ones counting less."""

    won: Annotated[Float64s, Column(np.float64, ("agents", "points"), "units that each own bid would have won")]
    paid: Annotated[Float64s, Column(np.float64, ("agents", "points"), "credits that it would have paid")]
    rounds: Annotated[Float64s, Column(np.float64, (), "rounds counted")]
    waits: Annotated[Bools, Column(np.bool_, (), "a round has been played whose bids will be shown")]


@compiled
def add_outcomes(
    rule: Any,
    weights: Int64s,
    params: Any,
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
        rule: The mechanism's rule.
        weights: Of bids, (agents,).
        params: Of the rule.
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
                rule(room.bids, weights, lottery, params, room.units, room.pays)
                forecast.won[k, i, point] = forgetting * forecast.won[k, i, point] + room.units[i]
                forecast.paid[k, i, point] = forgetting * forecast.paid[k, i, point] + room.pays[i] * CREDIT


class BestResponse(Keeper[Forecast]):
    """Answers the forecast of the rivals' bids in every seat of a sealed-bid market that shows all bids.

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
        shown = with_all_bids(scenario)
        super().__init__(name, scenario, Forecast, {"points": count}, seed)
        self._market, self._shown = market_of(shown), shown
        self._constants = self._market.params(shown)
        self._own: Int64s = np.rint(np.linspace(0.0, self._constants.largest_amount, count)).astype(np.int64)
        self.points: Float64s = to_credits(self._own)
        self._first = make_policy(first, scenario, seed)
        self._room = Rooms(*(np.zeros(scenario.num_agents, dtype=np.int64) for _ in Rooms._fields))
        self._add = bound(add_outcomes, self._market.rule(shown))
        self._bids = offered(self._market.baselines.bids, "bids in credits", shown)

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
        bids, constants = bids_shown(self._shown, self._constants, looked), self._constants
        given = (constants.weights, constants.rule, bids, self._own, self._keys, self._calls, self._room)
        self._add(*given, told, self._forgetting, forecast)
        self._calls += 1

    def _answers(self, looked: Observations, sound: Bools, free: Bools, forecast: Forecast) -> Actions:
        values = np.asarray(self._bids.values(self._shown, looked))
        gains = values[..., None] * forecast.won - forecast.paid
        bids = self.points[np.argmax(gains, axis=-1)]  # of several the lowest
        bids[gains.max(axis=-1) <= 0.0] = 0.0
        answers = self._bids.place(self._shown, looked, np.where(sound, bids, 0.0))
        known = (forecast.rounds > 0.0)[:, None, None]
        chosen = answers if known.all() else np.where(known, answers, self._first.act(looked, free))
        return np.where(sound[..., None], chosen, np.float32(np.nan)).astype(np.float32)


ROW = Row(
    "best_response",
    "Answers the rivals' bids so far, where all bids are shown.",
    BestResponse,
    ("points", "forgetting", "first", "name"),
)

"""Gjerstad and Dickhaut's traders: the offer of the largest expected surplus under beliefs from what was shouted.

Gjerstad and Dickhaut, "Price formation in double auctions", Games and Economic Behavior 22 (1998). Of the remembered
shouts let TB be the bids taken, RB those in vain, B both; TA, RA and A the asks. A bid at b and an ask at a are held to
be taken with the chances

    q(b) = (TB(<= b) + A(<= b)) / (TB(<= b) + A(<= b) + RB(>= b)),
    p(a) = (TA(>= a) + B(>= a)) / (TA(>= a) + B(>= a) + RA(<= a))

at the prices that were shouted, with q = 0 and p = 1 at a price of 0, q = 1 and p = 0 at the highest; between them they
follow the cubic that is level at both ends. What stands in the book is known: an offer that meets the best of the other
side is taken, and one worse than the best of the own side is not.

Here a shout counts for each tick in which it stands, so the chances are those of a tick; prices are those of a grid.
"""

import math
from typing import Any, NamedTuple

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s
from econo_env.markets.order_book.scenario import OrderBookScenario
from econo_env.policies.options import whole
from econo_env.policies.traders.tape import ASK, ASK_TAKEN, BID, BID_TAKEN, TRADE, Seen, Tape, two_sided
from econo_env.policies.traders.trader import Memory, Strategy, Trader, hears_nothing, starts_as_all
from econo_env.policy import Row
from econo_env.scenario import Scenario

BUYERS, SELLERS, TAKEN, OTHERS, IN_VAIN = range(5)
"""Rows of the room: both beliefs, and what one of them is counted from."""
ROWS = 5
MOST_POINTS = 10_001


class BeliefParams(NamedTuple):
    """Constants."""

    highest: float  # credits, the price of the last point of the grid


@compiled
def count(kinds: Any, limits: Any, heard: int, sells: bool, step: float, room: Float64s) -> None:
    """Counts shouts at the points of the grid: of the own side those taken and in vain, of the other side all."""
    taken, vain, other, other_taken = (ASK_TAKEN, ASK, BID, BID_TAKEN) if sells else (BID_TAKEN, BID, ASK, ASK_TAKEN)
    for row in range(TAKEN, IN_VAIN + 1):
        for point in range(room.shape[1]):
            room[row, point] = 0.0
    for entry in range(heard):
        kind, point = kinds[entry], min(room.shape[1] - 1, max(0, int(limits[entry] / step + 0.5)))
        if kind in (taken, TRADE):
            room[TAKEN, point] += 1.0
        if kind == vain:
            room[IN_VAIN, point] += 1.0
        if kind in (other, other_taken, TRADE):
            room[OTHERS, point] += 1.0


@compiled
def bend(belief: Any, first: int, last: int) -> None:
    """The cubic between two points, level at both."""
    low, high = belief[first], belief[last]
    for point in range(first + 1, last):
        share = (point - first) / (last - first)
        belief[point] = low + (high - low) * share * share * (3.0 - 2.0 * share)


@compiled
def believe(belief: Any, sells: bool, room: Float64s) -> None:
    """Chances at each point of the grid from what `count` found.

    They are worked out for buyers, from the lowest price up; sellers' are the mirror image.
    """
    points, in_vain = belief.shape[0], 0.0
    for point in range(points):
        in_vain += room[IN_VAIN, point]
    favourable, known = 0.0, 0
    last = points - 1
    for step in range(points):
        point = last - step if sells else step
        there, vain = room[TAKEN, point] + room[OTHERS, point], room[IN_VAIN, point]
        favourable += there
        if step == 0:
            belief[point] = 0.0
        elif step == last:
            belief[point] = 1.0
        elif there + vain > 0.0:
            belief[point] = favourable / (favourable + in_vain)
        else:
            continue
        in_vain -= vain
        if step > 0:
            before = last - known if sells else known
            bend(belief, min(before, point), max(before, point))
        known = step


@compiled
def gd_study(k: int, memory: Memory, params: BeliefParams, tape: Tape, room: Float64s) -> None:
    """Both beliefs from the shouts that are remembered."""
    heard = min(memory.written[k], memory.kinds.shape[1])
    step = params.highest / (room.shape[1] - 1)
    for side in range(2):
        count(memory.kinds[k], memory.limits[k], heard, side == SELLERS, step, room)
        believe(room[side], side == SELLERS, room)


@compiled
def taken_at(price: float, point: int, sells: bool, bid: float, ask: float, room: Float64s) -> float:
    """The chance that an offer at a point of the grid is taken, given what stands in the book."""
    meets = price <= bid and bid > 0.0 if sells else price >= ask
    if meets:
        return 1.0
    behind = price > ask if sells else price < bid
    return 0.0 if behind else float(room[SELLERS if sells else BUYERS, point])


@compiled
def best_offer(
    value: float, sells: bool, bid: float, ask: float, later: float, highest: float, room: Float64s
) -> tuple[float, float]:
    """The offer with the largest expected gain, and that gain; `later` is what a trade now costs in later gains.

    The best offer of the other side is tried beside the points of the grid. Where nothing gains the offer is none: 0 of
    a buyer, the highest price of a seller.
    """
    offer, most = highest if sells else 0.0, 0.0
    step = highest / (room.shape[1] - 1)
    first, last = (
        (int(math.ceil(value / step)), room.shape[1] - 1) if sells else (0, min(room.shape[1] - 1, int(value / step)))
    )
    for point in range(first, last + 1):
        price = point * step
        surplus = (price - value if sells else value - price) - later
        if surplus > most:  # no chance is above 1
            gain = surplus * taken_at(price, point, sells, bid, ask, room)
            if gain > most:
                offer, most = price, gain
    met = bid if sells else ask
    surplus = (met - value if sells else value - met) - later
    if surplus > most and 0.0 < met < highest:
        offer, most = met, surplus
    return offer, most


@compiled
def gd_quote(k: int, i: int, memory: Memory, params: BeliefParams, seen: Seen, room: Float64s) -> float:
    """The offer of the largest expected surplus."""
    return best_offer(seen.value[k, i], seen.sells[k, i], seen.bid[k], seen.ask[k], 0.0, params.highest, room)[0]


def points_of(scenario: Scenario, points: int) -> int:
    """So many points of a grid of prices, and no more than a book has.

    Raises:
        ValueError: There are fewer than 3, or too many.
    """
    wanted = whole("points", points, 3, MOST_POINTS, "prices")
    most = scenario.num_levels + 1 if isinstance(scenario, OrderBookScenario) else MOST_POINTS
    return max(3, min(wanted, most))


def window_of(memory: int) -> int:
    """So many remembered shouts.

    Raises:
        ValueError: It is no whole number from 1 on.
    """
    return whole("memory", memory, 1, 1_000_000, "shouts")


def gd_trader(scenario: Scenario, seed: int = 0, *, memory: int = 100, points: int = 101) -> Trader:
    """Gjerstad and Dickhaut's trader.

    Args:
        scenario: The market.
        seed: Without effect: it draws nothing.
        memory: Shouts that are remembered.
        points: Prices among which it chooses, evenly from 0 to the highest.

    Raises:
        ValueError: A number is out of range, or the market is none for it.
    """
    strategy = Strategy(starts_as_all, gd_study, hears_nothing, gd_quote)
    room = (ROWS, points_of(scenario, points))
    params = BeliefParams(two_sided(scenario, "gd").highest_value)
    return Trader("gd", scenario, strategy, params, seed=seed, window=window_of(memory), room=room)


ROW = Row(
    "gd",
    "Gjerstad and Dickhaut's trader (1998): the largest expected surplus under beliefs from shouts.",
    gd_trader,
    ("memory", "points"),
)

"""GDX: offers by dynamic programming over the units and the ticks that are left, under Gjerstad and Dickhaut's beliefs.

Tesauro and Bredin, "Strategic sequential bidding in auctions using dynamic programming", AAMAS 2002. With x units and n
ticks left, f(p) the chance that an offer at p is taken in a tick and s(p) its surplus,

    V(x, n) = max over p of f(p) (s(p) + gamma V(x - 1, n - 1)) + (1 - f(p)) gamma V(x, n - 1),

V(0, n) = V(x, 0) = 0; the offer is the p of the largest value now. With gamma = 0 it is Gjerstad and Dickhaut's.

Beliefs are held to stay as they are, and of the own units only the next is shown, so the others count as worth the
same. What stands in the book now bears on the offer of now alone.
"""

from typing import NamedTuple

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s
from econo_env.policies.options import between, whole
from econo_env.policies.traders.gjerstad_dickhaut import ROWS, best_offer, gd_study, points_of, window_of
from econo_env.policies.traders.tape import Seen, two_sided
from econo_env.policies.traders.trader import Memory, Strategy, Trader, hears_nothing, starts_as_all
from econo_env.policy import Row
from econo_env.scenario import Scenario

MOST_TICKS = 1000


class PlanParams(NamedTuple):
    """Constants."""

    highest: float  # credits, the price of the last point of the grid
    discount: float  # gamma
    horizon: int  # ticks planned ahead at most, the present one included


@compiled
def gdx_quote(k: int, i: int, memory: Memory, params: PlanParams, seen: Seen, room: Float64s) -> float:
    """The offer of the largest value, see the top of the file; V stands in the room below the beliefs."""
    value, sells, highest, gamma = seen.value[k, i], seen.sells[k, i], params.highest, params.discount
    ticks = min(seen.ticks[k], params.horizon)
    units = max(1, min(seen.units[k, i], ticks))
    for x in range(units + 1):
        room[ROWS + x, 0] = 0.0
    for n in range(1, ticks):
        room[ROWS, n] = 0.0
        for x in range(1, units + 1):
            if x > n:  # no more units than ticks can be traded
                room[ROWS + x, n] = room[ROWS + n, n]
                continue
            stays = gamma * room[ROWS + x, n - 1]
            later = stays - gamma * room[ROWS + x - 1, n - 1]
            room[ROWS + x, n] = stays + best_offer(value, sells, 0.0, highest, later, highest, room)[1]
    later = gamma * (room[ROWS + units, ticks - 1] - room[ROWS + units - 1, ticks - 1])
    return best_offer(value, sells, seen.bid[k], seen.ask[k], later, highest, room)[0]


def gdx_trader(
    scenario: Scenario,
    seed: int = 0,
    *,
    discount: float = 0.9,
    horizon: int = 8,
    memory: int = 100,
    points: int = 101,
) -> Trader:
    """GDX.

    Args:
        scenario: The market.
        seed: Without effect: it draws nothing.
        discount: Gamma a tick, from 0 to 1.
        horizon: Ticks planned ahead at most, the present one included.
        memory: Shouts that are remembered.
        points: Prices among which it chooses, evenly from 0 to the highest.

    Raises:
        ValueError: A number is out of range, or the market is none for it.
    """
    gamma, ticks = between("discount", discount, 0.0, 1.0), whole("horizon", horizon, 1, MOST_TICKS, "ticks")
    highest, columns = two_sided(scenario, "gdx").highest_value, points_of(scenario, points)
    if ticks >= columns:
        raise ValueError(f"horizon={horizon!r}: fewer ticks than the grid has points, {columns}")
    params = PlanParams(highest, gamma, ticks)
    strategy = Strategy(starts_as_all, gd_study, hears_nothing, gdx_quote)
    room = (ROWS + ticks + 1, columns)
    return Trader("gdx", scenario, strategy, params, seed=seed, window=window_of(memory), room=room)


ROW = Row(
    "gdx",
    "GDX (Tesauro and Bredin 2002): offers by dynamic programming under Gjerstad and Dickhaut's beliefs.",
    gdx_trader,
    ("discount", "horizon", "memory", "points"),
)

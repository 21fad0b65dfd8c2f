"""A call auction's price: most volume, then least imbalance, then the side that presses, then the reference.

Among the prices of the orders, those at which most units trade are kept; of these, those that leave least unmatched.
If all of them leave demand the highest is taken, if all leave supply the lowest, else the one nearest to the reference,
the lower of two.
"""

from typing import NamedTuple

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Int64s


class Call(NamedTuple):
    """What a call comes to.

    Attributes:
        price: Micro-credits, 0 where nothing trades.
        volume: Units traded.
        imbalance: Units demanded at the price less those supplied.
    """

    price: int
    volume: int
    imbalance: int


@compiled
def _number(units: Int64s | None, i: int) -> int:
    if units is None:
        return 1
    return int(units[i])


@compiled
def _at(limits: Int64s, units: Int64s | None, num_buyers: int, price: int) -> Call:
    demand, supply = 0, 0
    for i in range(limits.shape[0]):
        if limits[i] <= 0:
            continue
        if i < num_buyers and limits[i] >= price:
            demand += _number(units, i)
        elif i >= num_buyers and limits[i] <= price:
            supply += _number(units, i)
    return Call(price, min(demand, supply), demand - supply)


@compiled
def _is_better(one: Call, other: Call, pressure: int, reference: int) -> bool:
    """Whether a price is to be preferred to another one with the same volume and as little left over."""
    if pressure != 0:
        return pressure * (one.price - other.price) > 0
    near, far = abs(one.price - reference), abs(other.price - reference)
    return near < far or (near == far and one.price < other.price)


@compiled
def call_price(limits: Int64s, units: Int64s | None, num_buyers: int, reference: int) -> Call:
    """The price of a call.

    Args:
        limits: Of the buyers, then of the sellers, micro-credits, 0 or less for no order, shape (orders,).
        units: What each wants or offers, the same shape; None for one each.
        num_buyers: Orders of buyers, the first ones.
        reference: Micro-credits.
    """
    volume, left = 0, 0
    for i in range(limits.shape[0]):
        if limits[i] > 0:
            found = _at(limits, units, num_buyers, limits[i])
            if found.volume > volume or (found.volume == volume and abs(found.imbalance) < left):
                volume, left = found.volume, abs(found.imbalance)
    best = Call(0, 0, 0)
    if volume == 0:
        return best
    demand_presses, supply_presses = True, True
    for i in range(limits.shape[0]):
        if limits[i] > 0:
            found = _at(limits, units, num_buyers, limits[i])
            if found.volume == volume and abs(found.imbalance) == left:
                demand_presses = demand_presses and found.imbalance > 0
                supply_presses = supply_presses and found.imbalance < 0
    pressure = int(demand_presses) - int(supply_presses)
    for i in range(limits.shape[0]):
        if limits[i] > 0:
            found = _at(limits, units, num_buyers, limits[i])
            among = found.volume == volume and abs(found.imbalance) == left
            if among and (best.price == 0 or _is_better(found, best, pressure, reference)):
                best = found
    return best

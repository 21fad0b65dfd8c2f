"""What the price of a clock sale can be."""

import numpy as np

from econo_env.mechanisms.reasons import Reason
from econo_env.mechanisms.rounds import ClockSale


def first_price_taken(sale: ClockSale, buyer: int) -> Reason | None:
    """The first price of a falling clock that anyone takes."""
    taken = float(sale.limits[buyer]) >= sale.asked
    return Reason("the first price of the falling clock that anyone takes", sale.asked) if taken else None


def last_rival_left(sale: ClockSale, buyer: int) -> Reason | None:
    """The price at which the last rival left."""
    alone = sale.still_in == 1 and bool(np.any(sale.left_at == sale.asked))
    return Reason("the price at which the last rival left", sale.asked) if alone else None


def nobody_else(sale: ClockSale, buyer: int) -> Reason | None:
    """The opening price, where nobody else was ever in."""
    alone = sale.still_in == 1 and sale.ticks == 1
    return Reason("the opening price, for nobody else is in", sale.asked) if alone else None


def last_accepted(sale: ClockSale, buyer: int) -> Reason | None:
    """The last price that anyone accepted, with a lot drawn among those who did."""
    return Reason("the last price that anyone accepted, drawn by lot among those still in", sale.accepted)


def standing_bid(sale: ClockSale, buyer: int) -> Reason | None:
    """The price at which it came to lead."""
    return Reason("its standing bid, which nobody outbid before the close", sale.called)

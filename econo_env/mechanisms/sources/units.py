"""What payments for identical units can be."""

import numpy as np

from econo_env.mechanisms.reasons import Reason
from econo_env.mechanisms.rounds import UnitRound
from econo_env.money import written


def own_bids(cleared: UnitRound, bidder: int) -> Reason | None:
    """Its own bids for the units that it won."""
    own = cleared.bids[bidder, : cleared.allocation[bidder]]
    return _of_sale("its own bids", float(own.sum()), cleared)


def displaced_bids(cleared: UnitRound, bidder: int) -> Reason | None:
    """As many of the rivals' losing bids as it won units, the best first; the limit where there are fewer."""
    won, losing = int(cleared.allocation[bidder]), cleared.accepted_losing
    losing[bidder] = np.nan
    rivals = cleared.best_first(losing)[:won]
    prices = np.concatenate([rivals, np.full(won - len(rivals), cleared.limit)])
    listed = " + ".join(map(written, prices.tolist()))
    name = cleared.limit_name.removesuffix(" less the reserve")
    words = f"the rivals' bids (or {name}) that its units displace: {listed}"
    return _of_sale(words, float(prices.sum()), cleared)


def best_losing_bid(cleared: UnitRound, bidder: int) -> Reason | None:
    """The best losing bid for every unit that it won; the limit where no accepted bid lost."""
    won, losing = int(cleared.allocation[bidder]), cleared.accepted_losing
    worse, best = ("below", "lowest") if cleared.reverse else ("above", "highest")
    if np.isnan(losing).all():
        price = cleared.limit
        words = f"{written(price)} a unit, {cleared.limit_name}, for no bid {worse} it lost"
    else:
        price = float(cleared.best_first(losing)[0])
        owner = int(np.flatnonzero((losing == price).any(axis=1))[0])
        words = f"{written(price)} a unit, the {best} losing bid ({cleared.name_of(owner)})"
    return _of_sale(words, won * price, cleared)


def _of_sale(words: str, amount: float, cleared: UnitRound) -> Reason:
    """A sum of bids as a payment: in procurement it is received."""
    return Reason(words, -amount if cleared.reverse else amount)

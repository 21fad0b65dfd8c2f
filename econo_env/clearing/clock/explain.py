"""One clock sale in words: who bought at which price and why, who left where."""

from collections.abc import Sequence

import numpy as np

from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.reasons import BY_ITS_RULE, reason
from econo_env.mechanisms.rounds import ClockSale
from econo_env.money import written


def explained(row: Mechanism, sale: ClockSale, only: Sequence[int] | None = None) -> list[str]:
    """One line a bidder, or for `only` some of them, of a sale by the clock of that row."""
    why = BY_ITS_RULE if sale.buyer is None else reason(row.sources, sale, sale.buyer, sale.price)
    return [f"{sale.name_of(i)} {_fate(i, sale, why)}" for i in (range(len(sale.limits)) if only is None else only)]


def _fate(i: int, sale: ClockSale, why: str) -> str:
    """What happened to a bidder; `why` the sale ended at its price."""
    limit, left_at = float(sale.limits[i]), float(sale.left_at[i])
    said = "without a limit" if np.isnan(limit) else f"a limit of {written(limit)}"
    if sale.buyer == i:
        within = f"within its limit of {written(limit)}" if sale.price <= limit else f"beyond its limit, {said}"
        return f"buys at tick {sale.ticks} and pays {written(sale.price)}, {within}: {why}"
    if np.isnan(limit):
        return "says no to every price"
    if not np.isnan(left_at):
        place = "the first price above" if left_at > limit else f"{BY_ITS_RULE}, within"
        return f"leaves at {written(left_at)}, {place} its limit of {written(limit)}"
    if sale.buyer is None:
        below = limit < sale.asked
        return f"says no: its limit of {written(limit)} is below every price" if below else f"with {said} buys nothing"
    if limit < sale.price:
        return f"does not buy: its limit of {written(limit)} is below the price of {written(sale.price)}"
    lost = BY_ITS_RULE if why == BY_ITS_RULE else "the lot fell to the buyer"
    return f"with a limit of {written(limit)} does not outbid {written(sale.price)}: {lost}"

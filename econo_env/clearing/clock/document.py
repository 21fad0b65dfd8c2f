"""One clock auction from a file, among bidders who keep to a limit, with its explanation.

{mechanism: {name: dutch, increment: 0.1}, bids: [0.4, 0.9, 0.7]}
"""

from typing import Any, Self

import numpy as np
from pydantic import Field, model_validator

from econo_env.clearing.clock.explain import explained
from econo_env.clearing.document import (
    Amount,
    Document,
    Floats,
    amounts,
    as_money,
    cleared_as,
    lottery_of,
    one_each,
    read_document,
)
from econo_env.mechanisms.clock_rule import Clock, ClockMechanism, clock_mechanism
from econo_env.mechanisms.document import Cleared, Contents, Rounding
from econo_env.mechanisms.parameters import Meaning, increment_of, with_parameters
from econo_env.mechanisms.ranking import NOBODY
from econo_env.mechanisms.rounds import ClockSale
from econo_env.money import LARGEST_CREDITS, MICRO, to_credits, to_money, written

_LONGEST = 1_000_000  # ticks


class ClockDocument(Document):
    """The keys of a file.

    Attributes:
        bids: Limits in credits, one a bidder, kept from the first tick to the last; null or .nan says no to every
            price.
        values: True values in credits, one a bidder: welfare is then counted on them.
    """

    bids: list[Amount | None] = Field(min_length=1)
    values: list[Amount] | None = None

    @model_validator(mode="after")
    def _one_for_each_bidder(self) -> Self:
        one_each("values", self.values, self.bids)
        return self


def clear_document(document: Contents, seed: int = 0, rounding: Rounding | None = None) -> Cleared:
    """Plays a clock auction from a mapping; see `econo_env.mechanisms.document.clear_document`.

    Its `details` are the standing bids of an open outcry or the prices of the clock, `path`, tick by tick.
    """
    parsed, row, options = read_document(ClockDocument, document, rounding)
    limits = amounts("bids", parsed.bids)
    sale, path = _played(clock_mechanism(row.name), options, limits, seed)
    worth = np.nan_to_num(limits) if parsed.values is None else amounts("values", parsed.values)
    allocation, payments = np.zeros(len(limits), dtype=np.int64), np.zeros(len(limits))
    if sale.buyer is not None:
        allocation[sale.buyer] = 1
        payments[sale.buyer] = sale.price
    welfare, optimal = float(allocation @ worth), float(worth.max())
    return cleared_as(allocation, payments, welfare, optimal, explained(row, sale), {"path": path})


def _played(row: ClockMechanism, options: Any, limits: Floats, seed: int) -> tuple[ClockSale, list[float]]:
    """The sale among bidders who keep to their limits, by the rule that the engine compiles.

    Returns:
        The sale, and the price asked at each tick.
    """
    money = as_money(limits)
    opening = _opening(row, options, limits)
    _check_length(row, options, limits, opening)
    standing, left_at, path = np.ones_like(money), np.full(len(money), np.nan), []
    closes = _LONGEST if row.closing is None else row.closing(options)
    clock = Clock(0, _LONGEST, closes, int(to_money(opening)), 0, NOBODY, False)
    lottery, params = lottery_of(seed), row.params(options)
    before, was_in = clock, standing.copy()
    while not clock.sold and clock.tick < clock.closes:
        before, was_in, asked = clock, standing.copy(), float(to_credits(clock.price))
        moved = row.rule(money, standing, lottery._replace(tick=clock.tick), params, clock)
        clock = Clock(*moved)._replace(tick=clock.tick + 1)
        left_at[(was_in > 0) & (standing == 0)] = asked
        path.append(asked)
    if clock.tick >= _LONGEST:
        raise ValueError(f"the sale is not over after {_LONGEST:,} ticks: choose a larger increment")
    buyer, best = (int(clock.leader) if clock.sold else None), float(to_credits(before.best))
    asked, willing = float(to_credits(before.price)), np.any(money[was_in > 0] >= before.price)
    sale = ClockSale(
        limits=limits,
        left_at=left_at,
        still_in=int((standing > 0).sum()),
        buyer=buyer,
        price=float(to_credits(clock.best)),
        ticks=int(clock.tick),
        asked=asked,
        accepted=asked if willing else best,
        called=best if before.leader == buyer else asked,
    )
    return sale, path


def _opening(row: ClockMechanism, options: Any, limits: Floats) -> float:
    return row.opening(options, float(np.nanmax(limits, initial=0.0)))


def _check_length(row: ClockMechanism, options: Any, limits: Floats, opening: float) -> None:
    """Raises a ValueError if the sale takes more ticks than are played; it names the least increment that does not."""
    if row.duration is None or row.duration(options, opening, limits) < _LONGEST:
        return

    def fits(micro_credits: int) -> bool:
        changed = with_parameters(options, {Meaning.INCREMENT: micro_credits / MICRO})
        return row.duration is not None and row.duration(changed, _opening(row, changed, limits), limits) < _LONGEST

    increment = increment_of(options)
    if increment is None:
        raise ValueError(f"more than {_LONGEST:,} ticks would be played: choose a faster clock")
    low, high = int(to_money(increment)), int(LARGEST_CREDITS * MICRO)
    if not fits(high) and row.closing is not None:
        raise ValueError(f"closing = {row.closing(options):,}: at most {_LONGEST - 1:,} ticks can be played")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    raise ValueError(
        f"increment = {written(increment)}: more than {_LONGEST:,} ticks would be played, choose an increment "
        f"of at least {written(high / MICRO)}"
    )

"""One clearing by name: bids in, allocation and payments out, by the code that `econo-env clear` runs."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.mechanisms.base import Mechanism, mechanism
from econo_env.mechanisms.document import Cleared, Rounding, clear_document


@dataclass(frozen=True)
class Outcome:
    """What an auction decided.

    Attributes:
        allocation: Units won by each bidder, shape (n,): the slot from 1 in position auctions, -1 for a unit sold in
            two-sided markets; in combinatorial auctions 1 for each item held, shape (n, items).
        payments: What each bidder pays in credits, shape (n,); negative where it is paid.
        winners: Indices of those who won or traded, in order; in position auctions in the order of the slots.
        welfare: Worth of the allocation in credits, counted on the bids: welfare if the bids are the values.
    """

    allocation: NDArray[np.int64]
    payments: NDArray[np.float64]
    winners: list[int]
    welfare: float

    @property
    def revenue(self) -> float:
        """Sum of the payments in credits."""
        return float(self.payments.sum())


def clear(name: str, bids: Any = None, *, weights: Any = None, seed: int = 0, **parameters: Any) -> Outcome:
    """Clears one market by the rule that the engine compiles, for every mechanism of the table.

    Args:
        name: A mechanism's name, e.g. "second_price".
        bids: What the files of `econo-env clear` hold under `bids`: amounts in credits, one a bidder, NaN or None for
            no bid, for a single item; rows of marginal bids; bundle bids; rounds of bids; orders; reports. Two-sided
            markets take `{"buyers": [...], "sellers": [...]}`, here or as arguments of that name.
        weights: Ranking factors, one a bidder, in steps of 0.001, where the market has them; all 1 by default.
        seed: Of the tie lottery.
        **parameters: The mechanism's parameters in credits, e.g. `reserve=0.5`, and further keys of the file, e.g.
            `items`, `click_rates`, `values` or `procurement`.

    Returns:
        The outcome, amounts in credits. As in the engine, amounts are rounded to whole micro-credits first, and weights
        to thousandths; what would round to nothing is refused.

    Raises:
        ValueError: An amount is negative or infinite, a key is unknown or missing, or a parameter is out of range.
    """
    row = mechanism(name)
    document: dict[str, Any] = {"mechanism": {"name": name}}
    given = dict(bids) if isinstance(bids, Mapping) else {} if bids is None else {"bids": bids}
    if weights is not None:
        given["weights"] = weights
    for key, value in (given | parameters).items():
        section = document["mechanism"] if _is_parameter(row, key) else document
        section[key] = np.asarray(value).tolist() if isinstance(value, np.ndarray | tuple) else value
    return _outcome(clear_document(document, seed, Rounding(ties=True)), document)


def _is_parameter(row: Mechanism, key: str) -> bool:
    """Whether a key belongs to the mechanism's section; a misspelt one does, so that the message can correct it."""
    return bool(difflib.get_close_matches(key, row.parameters._fields, n=1, cutoff=0.8))


def _outcome(cleared: Cleared, document: Mapping[str, Any]) -> Outcome:
    """The clearing as arrays, bidders by number."""
    units = np.array(
        [
            [str(item) in map(str, won) for item in document["items"]] if isinstance(won, list) else won
            for won in cleared.allocation
        ],
        dtype=np.int64,
    )
    winners = np.flatnonzero(units.reshape(len(units), -1).any(axis=1)).tolist()
    if set(winners) == set(cleared.winners):
        winners = cleared.winners  # numbers, not names: keep their order
    return Outcome(units, np.array(cleared.payments, dtype=np.float64), winners, cleared.welfare)

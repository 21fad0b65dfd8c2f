"""One sequential sale from a file, round after round, with its explanation.

{mechanism: {name: sequential_second_price}, bids: [[0.4, 0.6, 0.5], [0.5, 0.9, 0.6]]}
"""

from typing import Self

import numpy as np
from pydantic import Field, model_validator

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
from econo_env.clearing.sealed_bid.explain import explained
from econo_env.engine.rng import Lottery
from econo_env.mechanisms.base import Mechanism, Options
from econo_env.mechanisms.document import Cleared, Contents, Rounding
from econo_env.mechanisms.rounds import SealedRound
from econo_env.money import to_credits


class SequentialDocument(Document):
    """The keys of a file.

    Attributes:
        bids: Amounts in credits, one row a round, one entry a bidder; null or .nan is no bid. What a winner bids in
            later rounds does not count. One row alone may stand without its brackets.
        values: True values of the one unit that each bidder wants, credits: welfare is then counted on them.
    """

    bids: list[Amount | None] | list[list[Amount | None]] = Field(min_length=1)
    values: list[Amount] | None = None

    @property
    def rounds(self) -> list[list[float | None]]:
        """The bids, one row a round."""
        rows = [row for row in self.bids if isinstance(row, list)]
        return rows or [[bid for bid in self.bids if not isinstance(bid, list)]]

    @model_validator(mode="after")
    def _one_for_each_bidder(self) -> Self:
        for number, row in enumerate(self.rounds, 1):
            if len(row) != len(self.rounds[0]):
                raise ValueError(
                    f"round {number} lists {len(row)} bids, round 1 {len(self.rounds[0])}: give one for each bidder in "
                    "every round, null for those who have left"
                )
        one_each("values", self.values, self.rounds[0])
        return self


def clear_document(document: Contents, seed: int = 0, rounding: Rounding | None = None) -> Cleared:
    """Plays a sequential sale from a mapping; see `econo_env.mechanisms.document.clear_document`.

    Without `values` a bidder's highest bid while it was there stands in for its value. `details` lists the `prices`.
    """
    parsed, row, options = read_document(SequentialDocument, document, rounding)
    there = np.ones(len(parsed.rounds[0]), dtype=np.bool_)
    rounds: list[SealedRound] = []
    lines: list[str] = []
    for number, given in enumerate(parsed.rounds):
        bids = np.where(there, amounts(f"bids of round {number + 1}", given), np.nan)
        cleared = _cleared(row, options, bids, lottery_of(seed, number))
        rounds.append(cleared)
        before = f"round {number + 1}: " if len(parsed.rounds) > 1 else ""
        lines += [before + line for line, is_there in zip(explained(row, cleared), there, strict=True) if is_there]
        there &= cleared.allocation == 0
    allocation = np.sum([cleared.allocation for cleared in rounds], axis=0)
    payments = np.sum([cleared.payments for cleared in rounds], axis=0)
    highest = np.max([np.nan_to_num(cleared.bids) for cleared in rounds], axis=0)
    worth = highest if parsed.values is None else amounts("values", parsed.values)
    welfare, optimal = float(allocation @ worth), float(np.sort(worth)[::-1][: len(rounds)].sum())
    return cleared_as(
        allocation,
        payments,
        welfare,
        optimal,
        lines,
        {"prices": [float(cleared.payments[cleared.allocation > 0].sum()) for cleared in rounds]},
    )


def _cleared(row: Mechanism, options: Options, bids: Floats, lottery: Lottery) -> SealedRound:
    """One round by the rule that the engine compiles."""
    money = as_money(bids)
    allocation, payments = np.zeros_like(money), np.zeros_like(money)
    row.rule(money, lottery, row.params(options), allocation, payments)
    return SealedRound(options, None, bids, np.ones(len(bids)), allocation, to_credits(payments))

"""The row of a rule for bundles: how an auction of any size is cleared, and what its way to charge is called."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from econo_env.engine.rng import Lottery, market_keys
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.combinatorial.auction import AuctionOutcome
from econo_env.mechanisms.combinatorial.batch import clear_many, game_of, scratch_for
from econo_env.mechanisms.combinatorial.rule import Payment
from econo_env.valuations.xor_bids import XorBids


@dataclass(frozen=True)
class BundleMechanism(Mechanism):
    """A row of the table for a rule that sells bundles.

    Attributes:
        auction: Clears one auction, given bids, parameters, seconds and a seed; None, and the rule itself is played,
            as far as its size goes.
        mode: What its way to charge is called, given the parameters; None for its name.
    """

    auction: Callable[[XorBids, Any, float, int], AuctionOutcome] | None = None
    mode: Callable[[Any], str] | None = None


def mode_of(row: Mechanism, parameters: Any) -> str:
    """What the way to charge is called."""
    return row.mode(parameters) if isinstance(row, BundleMechanism) and row.mode is not None else row.name


def clear_bundles(row: Mechanism, parameters: Any, bids: XorBids, time_limit: float, seed: int) -> AuctionOutcome:
    """Clears one auction by the row's road for any size, or by its rule.

    Raises:
        ValueError: The auction is too large for it.
    """
    if isinstance(row, BundleMechanism) and row.auction is not None:
        return row.auction(bids, parameters, time_limit, seed)
    game, shape = game_of(bids), (bids.num_bidders, len(bids.owner), bids.num_items)
    won, payments = np.full(bids.num_bidders, -1, dtype=np.int64), np.zeros(bids.num_bidders, dtype=np.int64)
    lottery = Lottery(market_keys(seed, 1)[0], 0, 0)
    row.rule(game, bids.amount, lottery, row.params(parameters), won, payments, scratch_for(*shape))
    best = clear_many(game, bids.amount[None, :], Payment.first_price, seed=seed)[0][0]
    welfare, bound = (int(bids.amount[chosen[chosen >= 0]].sum()) for chosen in (won, best))
    return AuctionOutcome(won, payments, welfare, max(bound, welfare), mode_of(row, parameters))

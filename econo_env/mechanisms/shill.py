"""The seller as one more bidder: shill bids placed after seeing the bids of a sealed-bid rule.

A bid of the seller's that wins leaves its unit unsold; if no bidder wins, nobody pays. A rule is shill-proof in this
sense if no such bid ever earns the seller more than none does, whatever the bids: the ex-post sense of Komo, Kominers
and Roughgarden, "Shill-Proof Auctions" (2024), for a seller who comes last.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms.clearing import single_item_bids
from econo_env.mechanisms.ranking import WEIGHT_UNIT
from econo_env.money import to_credits

NO_SHILL = -1


@compiled
def clear_with_seller(
    rule: Any,
    offers: NDArray[Any],
    weights: NDArray[Any],
    lottery: Lottery,
    terms: Any,
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> int:
    """Applies the rule to all offers, the seller's last; all arrays (n + 1,).

    Returns:
        What bidders pay, micro-credits; the payments are 0 if none of them wins.
    """
    rule(offers, weights, lottery, terms, allocation, payments)
    bidders = offers.shape[0] - 1
    won, paid = 0, 0
    for bidder in range(bidders):
        won += allocation[bidder]
        paid += payments[bidder]
    if won > 0:
        return paid
    for bidder in range(bidders):
        payments[bidder] = 0
    return 0


@compiled
def best_shill_bid(
    rule: Any,
    offers: NDArray[Any],
    weights: NDArray[Any],
    lottery: Lottery,
    terms: Any,
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> tuple[int, int]:
    """The seller's best bid once all others are known, by the rule itself; arrays as in `clear_with_seller`.

    Between two neighbouring bids a higher shill bid earns no less, so those a step below each of the bids are tried.

    Args:
        rule: The compiled rule.
        offers: Whole micro-credits; the last entry is overwritten.
        weights: Thousandths.
        lottery: Breaks ties.
        terms: The rule's parameters.
        allocation: Scratch space.
        payments: Scratch space.

    Returns:
        The bid, `NO_SHILL` where none earns more than no bid, and what it adds to revenue, both in micro-credits.
    """
    own = offers.shape[0] - 1
    offers[own] = best = NO_SHILL
    without = most = clear_with_seller(rule, offers, weights, lottery, terms, allocation, payments)
    for rival in range(own):
        if offers[rival] <= 0:
            continue
        offers[own] = (weights[rival] * offers[rival] - 1) // weights[own]
        earned = clear_with_seller(rule, offers, weights, lottery, terms, allocation, payments)
        if earned > most:
            best, most = offers[own], earned
    offers[own] = best
    return best, most - without


def shill_gain(
    name: str, bids: ArrayLike, *, weights: ArrayLike | None = None, seed: int = 0, **parameters: Any
) -> float:
    """The most that the seller gains by one shill bid after seeing the bids, in credits; 0 under a shill-proof rule.

    Arguments and errors as for `econo_env.mechanisms.clear`; sealed-bid mechanisms only.
    """
    row, money, factors, lottery, terms = single_item_bids(name, bids, weights, seed, parameters)
    offers, factors = np.append(money, NO_SHILL), np.append(factors, WEIGHT_UNIT)
    _, gain = best_shill_bid(row.rule, offers, factors, lottery, terms, np.zeros_like(offers), np.zeros_like(offers))
    return float(to_credits(gain))

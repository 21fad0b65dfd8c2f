"""What is done where no optimum is proved in time: greedy by amount per root of size, with critical payments.

Truthful for bidders who want one bundle, and within the root of the number of items of the optimum (Lehmann,
O'Callaghan and Shoham 2002). VCG payments on an allocation that is not optimal are not truthful (Nisan and Ronen 2007).
"""

import math

import numpy as np

from econo_env.engine.state import Bools, Int64s
from econo_env.valuations.xor_bids import XorBids


def greedy(bids: XorBids, allowed: Bools, rank: Int64s) -> list[int]:
    """Bids accepted in the order of `rank` where items and bidder are still free."""
    taken = np.zeros(bids.num_items, dtype=np.bool_)
    served: set[int] = set()
    accepted = []
    for j in rank:
        if allowed[j] and int(bids.owner[j]) not in served and not (bids.contains[j] & taken).any():
            taken |= bids.contains[j]
            served.add(int(bids.owner[j]))
            accepted.append(int(j))
    return accepted


def greedy_with_critical_payments(bids: XorBids, seed: int = 0) -> tuple[Int64s, Int64s]:
    """Accepted bids and what each pays in micro-credits: the least amount with which it would still be accepted."""
    size = bids.contains.sum(axis=1)
    lot = np.random.default_rng(seed).permutation(len(bids.owner))
    rank = np.lexsort((lot, -bids.amount / np.sqrt(size)))
    everybody = np.ones(len(bids.owner), dtype=np.bool_)
    chosen = greedy(bids, everybody, rank)
    payments = []
    for j in chosen:
        others = greedy(bids, bids.owner != bids.owner[j], rank)
        rival = next((k for k in others if (bids.contains[k] & bids.contains[j]).any()), None)
        critical = 0.0 if rival is None else float(bids.amount[rival]) * math.sqrt(size[j] / size[rival])
        payments.append(min(int(bids.amount[j]), math.ceil(critical - 1e-6)))
    return np.array(chosen, dtype=np.int64), np.array(payments, dtype=np.int64)

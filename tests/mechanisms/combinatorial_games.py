"""Random XOR auctions and brute-force answers for them."""

from itertools import chain, combinations

import numpy as np

from econo_env.valuations.xor_bids import xor_bids

DAY_CRAMTON = [(0, [0], 28), (1, [1], 20), (2, [0, 1], 32), (3, [0], 14), (4, [1], 12)]


def random_bids(seed, most_items=8, most_bidders=8, scale=1e6):
    rng = np.random.default_rng(seed)
    items, bidders = int(rng.integers(2, most_items + 1)), int(rng.integers(2, most_bidders + 1))
    rows = []
    for bidder in range(bidders):
        for _ in range(int(rng.integers(1, 5))):
            size = int(rng.integers(1, min(items, 4) + 1))
            bundle = rng.choice(items, size, replace=False).tolist()
            rows.append((bidder, bundle, int(rng.uniform(0, size**1.3) * scale)))
    return xor_bids(rows, items, bidders)


def best_worth(bids, bidders):
    """The most that the bidders reach together, by trying everything."""

    def rest(position, taken):
        if position == len(bidders):
            return 0
        best = rest(position + 1, taken)
        for j in range(bids.first[bidders[position]], bids.first[bidders[position] + 1]):
            bundle = frozenset(np.flatnonzero(bids.contains[j]))
            if not bundle & taken:
                best = max(best, int(bids.amount[j]) + rest(position + 1, taken | bundle))
        return best

    return rest(0, frozenset())


def coalition_worths(bids):
    """The worth of every coalition of bidders, by frozenset."""
    everybody = range(bids.num_bidders)
    coalitions = chain.from_iterable(combinations(everybody, size) for size in range(bids.num_bidders + 1))
    return {frozenset(coalition): best_worth(bids, coalition) for coalition in coalitions}


def profits(bids, outcome):
    """What each bidder keeps of its winning bid, micro-credits."""
    kept = np.zeros(bids.num_bidders, dtype=np.int64)
    for i, j in enumerate(outcome.won):
        kept[i] = bids.amount[j] - outcome.payments[i] if j >= 0 else 0
    return kept


def least_core_revenue(bids, outcome, worths):
    """The least sum of payments of the winners that no coalition blocks, by linear programming over all of them."""
    from scipy.optimize import linprog

    winners = np.flatnonzero(outcome.won >= 0)
    offers = bids.amount[outcome.won[winners]].astype(float)
    rows, bounds = [], []
    for coalition, worth in worths.items():
        inside = np.isin(winners, list(coalition))
        # worth <= seller's revenue + profits of the winners inside
        rows.append(-(~inside).astype(float))
        bounds.append(-(worth - offers[inside].sum()))
    solved = linprog(np.ones(len(winners)), A_ub=rows, b_ub=bounds, bounds=[(0, offer) for offer in offers])
    assert solved.success
    return solved.fun

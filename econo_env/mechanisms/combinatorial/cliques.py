"""Clique cuts: sets of bids of which any two collide, so that at most one of them wins."""

import numpy as np

from econo_env.engine.state import Bools, Float64s, Int64s

_FRACTION = 1e-5
_VIOLATION = 1e-3
_MOST_CUTS = 60


def violated_cliques(collide: Bools, primal: Float64s, loss: Int64s) -> list[Int64s]:
    """Cliques that a fractional allocation oversteps, grown greedily and extended to bids outside it.

    Args:
        collide: Whether two bids share an item or a bidder, shape (bids, bids).
        primal: The fractional allocation, shape (bids,).
        loss: What each bid's rows cost beyond its amount: bids of small loss are added first.

    Returns:
        The bids of each clique, the most violated first.
    """
    support = np.flatnonzero((primal > _FRACTION) & (primal < 1.0 - _FRACTION))
    support = support[np.argsort(-primal[support], kind="stable")]
    inner, weight = collide[np.ix_(support, support)], primal[support]
    found: dict[bytes, tuple[float, Int64s]] = {}
    for start in range(len(support)):
        members = _greedy(inner, start)
        excess = float(weight[members].sum()) - 1.0
        if excess > _VIOLATION:
            clique = support[members]
            found.setdefault(np.sort(clique).tobytes(), (excess, clique))
    ranked = sorted(found.values(), key=lambda pair: -pair[0])[:_MOST_CUTS]
    by_loss = np.argsort(loss, kind="stable")
    return [_extended(collide, clique, by_loss) for _, clique in ranked]


def _greedy(collide: Bools, start: int) -> Int64s:
    members, candidates = [start], collide[start].copy()
    candidates[start] = False
    while candidates.any():
        j = int(candidates.argmax())  # the most fractional one, for bids are sorted so
        members.append(j)
        candidates &= collide[j]
        candidates[j] = False
    return np.array(members, dtype=np.int64)


def _extended(collide: Bools, clique: Int64s, order: Int64s) -> Int64s:
    """The clique made maximal."""
    common = np.array(collide[clique].all(axis=0))
    common[clique] = False
    members = [clique]
    while common.any():
        j = int(order[common[order].argmax()])
        members.append(np.array([j]))
        common &= collide[j]
        common[j] = False
    return np.concatenate(members)

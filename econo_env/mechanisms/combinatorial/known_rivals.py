"""What one bidder gains under several names in VCG where it knows its rivals' values, exactly.

Names that hold the parts of a set S and bid above all are never displaced, so each pays what its part is worth to the
rivals beside the items left to them: R(C + part) - R(C), with C the items outside S and R(s) the most that rivals make
of s. Lower bids of the other names and bids that lose only raise that, so the best of all sets and their partitions is
the supremum over everything that k names can do (Yokoo, Sakurai and Matsubara 2004).
"""

from functools import cache
from itertools import product

import numpy as np

from econo_env.engine.state import Int64s


@cache
def partitions(items: int, parts: int) -> list[tuple[int, ...]]:
    """The ways to deal some of the items out to so many parts, none empty and in no order: bundles as bits."""
    found: set[tuple[int, ...]] = set()
    if parts > items:
        return []
    for dealt in product(range(parts + 1), repeat=items):
        bundles = [sum(1 << item for item, part in enumerate(dealt) if part == number) for number in range(parts)]
        if all(bundles):
            found.add(tuple(sorted(bundles)))
    return sorted(found)


def worth_of_sets_to(rivals: Int64s) -> Int64s:
    """The most that rivals make of every set of items, each taking one bundle at most, micro-credits (2^items,).

    Args:
        rivals: What each set is worth to each, micro-credits (rivals, 2^items), sets as bits; a larger set is worth no
            less, and none is worth nothing.
    """
    sets = rivals.shape[1]
    most = np.zeros(sets, dtype=np.int64)
    for own in rivals:
        given, taken = _shares(sets)
        most = np.maximum.reduceat(most[given] + own[taken], _starts(sets))
    return most


def earned_by_names(own: Int64s, rivals: Int64s, most: int) -> Int64s:
    """What a bidder earns under up to 1, 2, ... `most` names in VCG, micro-credits (most,).

    Args:
        own: What each set is worth to it, micro-credits (2^items,).
        rivals: The same for each rival, who bids the truth on every set, (rivals, 2^items).
        most: Names at most.
    """
    left = worth_of_sets_to(rivals)
    whole, earned = len(own) - 1, np.zeros(most, dtype=np.int64)
    for names in range(1, most + 1):
        parts = _dealt(whole.bit_length(), names)
        if len(parts):
            held = parts.sum(axis=1)
            outside = whole ^ held
            paid = (left[outside[:, None] | parts] - left[outside][:, None]).sum(axis=1)
            earned[names - 1] = (own[held] - paid).max()
    return np.maximum(np.maximum.accumulate(earned), 0)


@cache
def _dealt(items: int, names: int) -> Int64s:
    """Every way to hold some of the items in so many parts, sets as bits (ways, names)."""
    return np.array(partitions(items, names), dtype=np.int64).reshape(-1, names)


@cache
def _shares(sets: int) -> tuple[Int64s, Int64s]:
    """Every set divided in two, set by set: what the first have, and what the next takes."""
    pairs = [(whole ^ part, part) for whole in range(sets) for part in range(sets) if part & whole == part]
    given, taken = np.array(pairs, dtype=np.int64).T
    return given, taken


@cache
def _starts(sets: int) -> Int64s:
    """Where the divisions of each set begin."""
    sizes = [1 << whole.bit_count() for whole in range(sets)]
    return np.concatenate([[0], np.cumsum(sizes)[:-1]])

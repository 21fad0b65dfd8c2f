"""Are the bidders alike? The estimate pools them, so it describes nobody where they are not.

Among bidders who are alike the names under the bids of an auction are exchangeable, whatever the auction is worth. So
names are dealt anew within each auction, many times, and the spread of the bidders' mean ranks (as in Kruskal and
Wallis) is compared with what it is then.
"""

from dataclasses import dataclass

import numpy as np

from econo_env.valuations.calibration.tables import Bidders, Floats, Ints

_WORK = 20_000_000
"""Bids dealt in all permutations together."""
_FEWEST_BIDS = 5
"""Bidders with fewer bids are put together."""
_FEWEST_SHOWN = 10


@dataclass(frozen=True)
class Symmetry:
    """The test, and the two ends of the bidders.

    Attributes:
        kind: What was compared: `bidder` or `class`.
        groups: How many.
        bids: How many bids were dealt.
        p_value: Of bidders who are alike.
        strongest: Whose bids lie highest beside those of their auction, in procurement lowest.
        strongest_by: By what factor, as a mean of logs.
        weakest: The other end.
        weakest_by: Likewise.
    """

    kind: str
    groups: int
    bids: int
    p_value: float
    strongest: str
    strongest_by: float
    weakest: str
    weakest_by: float

    @property
    def differ(self) -> bool:
        """Whether bidders who are alike would seldom look so, once in a hundred."""
        return self.p_value < 0.01

    @property
    def verdict(self) -> str:
        """One sentence."""
        plural = "classes" if self.kind == "class" else "bidders"
        p = f"p = {self.p_value:.3f}"
        if not self.differ:
            return f"{self.groups} {plural} cannot be told apart by their {self.bids:,} bids ({p})"
        return (
            f"{self.groups} {plural} are not alike ({p}): beside their rivals in the same auction {self.strongest!r} "
            "bids "
            f"{self.strongest_by - 1.0:+.0%} and {self.weakest!r} {self.weakest_by - 1.0:+.0%}. The estimate pools "
            "them: it is "
            "nobody's distribution, and its best tenth can be off by a quarter; estimate auctions among equals apart"
        )


def compare_bidders(
    log_bids: Floats, auction: Ints, bidders: Bidders, rng: np.random.Generator, *, procurement: bool = False
) -> Symmetry | None:
    """Compares bidders within auctions; None where no two auctions name the same bidder, or the names are ranks.

    Args:
        log_bids: Homogenised log bids, shape (bids,).
        auction: Auction of each bid, ascending.
        bidders: Who placed each.
        rng: Deals the names.
        procurement: Whether the lowest bid is the strongest.
    """
    known = bidders.codes >= 0
    logs, auction, codes = log_bids[known], auction[known], bidders.codes[known]
    _, auction, sizes = np.unique(auction, return_inverse=True, return_counts=True)
    rival = sizes[auction] > 1
    logs, auction, codes = logs[rival], auction[rival], codes[rival]
    if not len(logs) or _are_ranks(logs, auction, codes):
        return None
    _, auction, sizes = np.unique(auction, return_inverse=True, return_counts=True)
    times = np.bincount(codes, minlength=len(bidders.names))
    groups, rare = np.flatnonzero(times >= _FEWEST_BIDS), times < _FEWEST_BIDS
    if len(groups) + (rare & (times > 0)).any() < 2 or not len(groups):
        return None
    position = np.full(len(bidders.names), len(groups))
    position[groups] = np.arange(len(groups))
    group = position[codes]
    counts = np.bincount(group, minlength=len(groups) + 1).astype(np.float64)
    ranks = np.empty(len(logs))
    ranks[np.argsort(logs, kind="stable")] = np.arange(len(logs))
    ranks = np.round(_mean_of_ties(logs, ranks), 6)
    beside = ranks - (np.bincount(auction, ranks) / sizes)[auction]

    def spread(dealt: Floats) -> float:
        sums = np.bincount(group, dealt, minlength=len(counts))
        return float(np.sum(sums**2 / np.maximum(counts, 1.0)))

    seen = spread(beside)
    permutations = int(np.clip(_WORK // len(logs), 199, 999))
    as_large = sum(
        spread(beside[np.lexsort((rng.random(len(logs)), auction))]) >= seen * (1.0 - 1e-9) for _ in range(permutations)
    )
    gap = logs - (np.bincount(auction, logs) / sizes)[auction]
    # a bid stands in its own auction's mean: beside rivals alone it is n / (n - 1) times as far
    gap *= (sizes / (sizes - 1.0))[auction] * (-1.0 if procurement else 1.0)
    means = np.bincount(codes, gap, minlength=len(bidders.names)) / np.maximum(times, 1)
    shown = np.flatnonzero(times >= min(_FEWEST_SHOWN, times.max()))
    best, worst = shown[np.argmax(means[shown])], shown[np.argmin(means[shown])]
    sign = -1.0 if procurement else 1.0
    return Symmetry(
        kind=bidders.kind,
        groups=len(groups) + bool((rare & (times > 0)).any()),
        bids=len(logs),
        p_value=(1 + as_large) / (1 + permutations),
        strongest=bidders.names[best],
        strongest_by=float(np.exp(sign * means[best])),
        weakest=bidders.names[worst],
        weakest_by=float(np.exp(sign * means[worst])),
    )


def _mean_of_ties(values: Floats, ranks: Floats) -> Floats:
    """Ranks in which equal values share their mean."""
    _, inverse, times = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.bincount(inverse, ranks) / times)[inverse])


def _are_ranks(logs: Floats, auction: Ints, codes: Ints) -> bool:
    """Whether the names follow the bids in nearly every auction, as in columns `bid 1`, `bid 2` sorted by amount."""
    order = np.lexsort((codes, auction))
    inside = (auction[order][1:] == auction[order][:-1]) & (np.diff(codes[order]) > 0)
    steps = np.diff(logs[order])[inside]
    return bool(steps.size and max((steps >= 0.0).mean(), (steps <= 0.0).mean()) > 0.97)

"""Trust in raters of a large graph, beside the same iteration by SciPy's sparse product."""

import numpy as np
from scipy import sparse

from econo_env.economy.trust import REACH, RETURN, TOLERANCE, Ratings, normalise_rows, stake_shares, trust_of
from tests.benchmarks.measure import Figure, seconds_of

AGENTS, EDGES = 10_000, 200_000


def large_graph(agents=AGENTS, edges=EDGES):
    """Random ratings between agents of unlike stake: who rates whom, and the shares of the stake."""
    rng = np.random.default_rng(8)
    raters = np.sort(rng.integers(0, agents, edges))
    first = np.searchsorted(raters, np.arange(agents + 1)).astype(np.int64)
    subject, share = rng.integers(0, agents, edges), np.zeros(edges)
    normalise_rows(first, subject, rng.random(edges), share)
    return Ratings(first, subject, share), stake_shares(rng.exponential(size=agents))


def by_scipy(rows, empty, stake):
    """Plain EigenTrust from the same start to the same tolerance."""
    trust, change = stake, 1.0
    while change >= TOLERANCE:
        following = (1.0 - RETURN) * (rows @ trust + trust[empty].sum() * stake) + RETURN * stake
        change, trust = np.abs(following - trust).sum(), following
    return trust


def eigentrust():
    """EigenTrust to a last change below 1e-9, with the cap of influence and without."""
    ratings, stake = large_graph()
    rows = sparse.csr_array((ratings.share, ratings.subject, ratings.first), shape=(AGENTS, AGENTS)).T.tocsr()
    empty = np.diff(ratings.first) == 0
    baseline = 1e3 * float(np.median(seconds_of(lambda: by_scipy(rows, empty, stake), repetitions=31)))
    for reach, name in ((REACH, "EigenTrust with capped influence"), (np.inf, "EigenTrust")):
        times = 1e3 * seconds_of(lambda reach=reach: trust_of(ratings, stake, reach=reach), repetitions=31)
        yield Figure(
            name,
            "ms",
            float(np.median(times)),
            float(times.max()),
            float(times.min()),
            bar=15.0,
            baseline=("SciPy's sparse product", baseline),
            settings={"agents": AGENTS, "edges": EDGES, "steps": trust_of(ratings, stake, reach=reach)[1]},
        )

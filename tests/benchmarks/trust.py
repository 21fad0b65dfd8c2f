"""Trust in raters of a large graph, beside the same iteration by SciPy's sparse product."""

import numpy as np
from scipy import sparse

from econo_env.economy.trust import REACH, RETURN, TOLERANCE, Ratings, normalise, stake_shares, trust_of
from tests.benchmarks.measure import Figure, seconds_of

AGENTS, EDGES = 10_000, 200_000


def large_graph(agents=AGENTS, edges=EDGES):
    """Random ratings between agents of unlike stake: who rates whom, and the shares of the stake."""
    rng = np.random.default_rng(8)
    subjects = np.sort(rng.integers(0, agents, edges))
    first = np.searchsorted(subjects, np.arange(agents + 1)).astype(np.int64)
    rater, share, rates = rng.integers(0, agents, edges), np.zeros(edges), np.zeros(agents)
    normalise(first, rater, rng.random(edges), share, rates)
    return Ratings(first, rater, share, rates), stake_shares(rng.exponential(size=agents))


def by_scipy(ratings, stake):
    """Plain EigenTrust from the same start to the same tolerance."""
    rows = sparse.csr_array((ratings.share, ratings.rater, ratings.first), shape=(len(stake), len(stake)))
    trust, change, empty = stake, 1.0, ratings.rates == 0.0
    while change >= TOLERANCE:
        following = (1.0 - RETURN) * (rows @ trust + trust[empty].sum() * stake) + RETURN * stake
        change, trust = np.abs(following - trust).sum(), following
    return trust


def eigentrust():
    """EigenTrust to a last change below 1e-9, with the cap of influence and without."""
    ratings, stake = large_graph()
    baseline = 1e3 * float(np.median(seconds_of(lambda: by_scipy(ratings, stake), repetitions=31)))
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

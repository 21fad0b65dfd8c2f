"""What is known of an agent in four respects, and what the four say together.

Evidence of weight w and quality q in [0, 1] fades what was known by lambda^w and adds: r <- lambda^w r + w q,
s <- lambda^w s + w (1 - q). The weight is linear in the contract's value. So many tiny contracts build up no more than
one contract of their sum, and wipe out no more either; a square-root weight makes 1,000 contracts of a thousandth
each worth 31.6 whole ones, and lambda per contract lets them wipe out whatever was known.
"""

from econo_env.economy.reputation import lower_bound, reputation_mean
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s

RELIABILITY = 0
PERFORMANCE = 1
HONESTY = 2
COOPERATION = 3
COMPONENTS = ("reliability", "performance", "honesty", "cooperation")
"""Names of the components, by their number."""

WEIGHTS = (0.4, 0.3, 0.2, 0.1)
"""What each component counts for in the whole."""


@compiled
def evidence_weight(value: float, reference: float, rater: float) -> float:
    """min(1, x / x_ref) times the trust in the rater, in [0, 1].

    Args:
        value: The contract's value, at least 0.
        reference: Value from which evidence has full weight, above 0.
        rater: Trust in who says so, in [0, 1]; 1 for what the house saw itself.
    """
    return min(1.0, value / reference) * rater


@compiled
def with_evidence(
    positive: float, negative: float, quality: float, weight: float, forgetting: float
) -> tuple[float, float]:
    """Evidence (r, s) after one more piece.

    Args:
        positive: r, at least 0.
        negative: s, at least 0.
        quality: q in [0, 1].
        weight: w, at least 0.
        forgetting: lambda in (0, 1]; at 1 the order of the evidence does not matter.
    """
    return added(positive, negative, quality, weight, forgetting**weight)


@compiled
def added(positive: float, negative: float, quality: float, weight: float, kept: float) -> tuple[float, float]:
    """Evidence (r, s) after one more piece, of what was known the share `kept`."""
    return kept * positive + weight * quality, kept * negative + weight * (1.0 - quality)


@compiled
def faded(positive: float, negative: float, forgetting: float) -> tuple[float, float]:
    """Evidence after an epoch in which nothing was heard: on the way back to the prior, never to 0."""
    return forgetting * positive, forgetting * negative


@compiled
def overall_mean(k: int, i: int, positive: Float64s, negative: Float64s) -> float:
    """The weighted mean of the four means, in (0, 1); evidence is (markets, agents, 4)."""
    total = 0.0
    for component in range(4):
        total += WEIGHTS[component] * reputation_mean(positive[k, i, component], negative[k, i, component])
    return total


@compiled
def overall_bound(k: int, i: int, positive: Float64s, negative: Float64s, bounds: Float64s) -> float:
    """The weighted mean of the four lower bounds; it leaves them in `bounds`, (markets, agents, 4), for the next time.

    This is lower than a bound of the mean, and rises with good evidence in each component. Most agents are known alike
    in several components: such a bound is worked out once.
    """
    done = 0  # a bit for each component
    for component in range(4):
        if done >> component & 1:
            continue
        good, bad, guess = positive[k, i, component], negative[k, i, component], bounds[k, i, component]
        bound = lower_bound(good, bad, guess)
        for other in range(component, 4):
            alike = positive[k, i, other] == good and negative[k, i, other] == bad and bounds[k, i, other] == guess
            if alike and not done >> other & 1:
                bounds[k, i, other] = bound
                done |= 1 << other
    total = 0.0
    for component in range(4):
        total += WEIGHTS[component] * bounds[k, i, component]
    return total

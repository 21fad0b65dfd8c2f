"""Beta reputation with forgetting and a lower confidence bound (Josang and Ismail 2002).

Evidence is a pair (r, s) of positive and negative weight; the posterior of a reliability is Beta(r + 1, s + 1).
Forgetting multiplies both by lambda, so an agent of which nothing is heard returns to ignorance, never to zero, and
its bound falls to that of a newcomer: a new identity is never better than a tarnished one.
"""

import math

from econo_env.economy.contracts import BYZANTINE, EXCELLENT, POOR
from econo_env.engine.compiled import compiled

CONFIDENCE = 0.05
EXCELLENT_WEIGHT = 1.25
_STEPS = 100
_SETTLED = 1e-5
_PRECISION = 1e-14
_FRACTION_TERMS = 10_000
_TINY = 1e-300
_HALF_LOG_TWO_PI = 0.9189385332046727


@compiled
def evidence_of(grade: int, weight: float) -> tuple[float, float]:
    """Quality in [0, 1] and weight of the evidence in one settled contract: excellent work counts for 1.25 of it.

    Byzantine conduct is not evidence about reliability: it ends in a ban.

    Args:
        grade: See `econo_env.economy.contracts`.
        weight: Of a contract of its value, see `econo_env.economy.standing.evidence_weight`.
    """
    if grade == EXCELLENT:
        return 1.0, EXCELLENT_WEIGHT * weight
    if grade == POOR:
        return 0.0, weight
    if grade == BYZANTINE:
        return 0.0, 0.0
    return 1.0, weight


@compiled
def reputation_mean(positive: float, negative: float) -> float:
    """(r + 1) / (r + s + 2)."""
    return (positive + 1.0) / (positive + negative + 2.0)


@compiled
def log_gamma(x: float) -> float:
    """Ln Gamma(x) for x > 0 by Stirling's series above 9 (DLMF 5.11.1), error below 1e-14.

    Our own, because `math.lgamma` differs in the last bit between Python and Numba.
    """
    product = 1.0
    while x < 9.0:
        product *= x
        x += 1.0
    inverse = 1.0 / x
    square = inverse * inverse
    series = inverse * (
        1.0 / 12.0
        - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square * (1.0 / 1680.0 - square * (1.0 / 1188.0))))
    )
    return (x - 0.5) * math.log(x) - x + _HALF_LOG_TWO_PI + series - math.log(product)


@compiled
def _continued_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function (DLMF 8.17.22), by its convergents."""
    last, last_denominator = 1.0, 1.0
    fraction, denominator = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    fraction, last, last_denominator, denominator = (
        fraction / denominator,
        last / denominator,
        last_denominator / denominator,
        1.0,
    )
    for m in range(1, _FRACTION_TERMS):
        even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        even_numerator = fraction + even * last
        even_denominator = 1.0 + even * last_denominator
        odd_denominator = even_denominator + odd
        scale = 1.0 / odd_denominator
        previous = fraction
        fraction = (even_numerator + odd * fraction) * scale
        last, last_denominator = even_numerator * scale, even_denominator * scale
        if abs(fraction - previous) < _PRECISION * abs(fraction):
            break
    return fraction


@compiled
def beta_cdf_and_pdf(x: float, a: float, b: float, log_beta: float) -> tuple[float, float]:
    """The regularised incomplete beta function I_x(a, b) and its density at x in (0, 1); `log_beta` is ln B(a, b)."""
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta)
    density = front / (x * (1.0 - x))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _continued_fraction(a, b, x) / a, density
    return 1.0 - front * _continued_fraction(b, a, 1.0 - x) / b, density


@compiled
def lower_bound(positive: float, negative: float, guess: float) -> float:
    """The 5 % quantile of Beta(r + 1, s + 1), by Halley's method inside a shrinking bracket.

    Args:
        positive: r, at least 0.
        negative: s, at least 0.
        guess: Where to start, in (0, 1), such as the bound before the last evidence; it changes the speed only.
    """
    a, b = positive + 1.0, negative + 1.0
    log_beta = log_gamma(a) + log_gamma(b) - log_gamma(a + b)
    low, high = 0.0, 1.0
    x = guess
    for _ in range(_STEPS):
        probability, density = beta_cdf_and_pdf(x, a, b, log_beta)
        if probability > CONFIDENCE:
            high = x
        else:
            low = x
        newton = (probability - CONFIDENCE) / max(density, _TINY)
        curvature = (a - 1.0) / x - (b - 1.0) / (1.0 - x)
        following = x - newton / min(1.5, max(0.5, 1.0 - 0.5 * newton * curvature))
        if not low < following < high:
            following = 0.5 * (low + high)
        elif abs(newton) < _SETTLED * min(x, 1.0 - x):  # the next error is of the order of its cube
            return following
        x = following
    return x

"""Shares of money in whole micro-credits, exact and with a stated rounding, without leaving int64."""

from econo_env.engine.compiled import compiled

MILLION = 1_000_000
"""Rates of enforcement are whole parts per million, so that no float decides about money."""


@compiled
def share_down(amount: int, per_million: int) -> int:
    """floor(amount * per_million / 10^6), for an amount that is not negative and a rate from 0 to 10^6."""
    return amount // MILLION * per_million + amount % MILLION * per_million // MILLION


@compiled
def share_up(amount: int, per_million: int) -> int:
    """ceil(amount * per_million / 10^6), for an amount that is not negative and a rate from 0 to 10^6."""
    return amount - share_down(amount, MILLION - per_million)


@compiled
def times_over(amount: int, part: int, whole: int) -> int:
    """floor(amount * part / whole) by long division, bit by bit: the product itself may exceed int64.

    Args:
        amount: From 0 to 2^62.
        part: From 0 to `whole`.
        whole: From 1 to 2^62.
    """
    quotient, rest = 0, 0
    bit = 1
    while bit <= amount // 2:
        bit *= 2
    while bit > 0:
        quotient, rest = 2 * quotient, 2 * rest
        if rest >= whole:
            quotient, rest = quotient + 1, rest - whole
        if amount & bit:
            rest += part
            if rest >= whole:
                quotient, rest = quotient + 1, rest - whole
        bit //= 2
    return quotient

"""Money: whole micro-credits in the engine, credits at its APIs."""

from typing import Annotated, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import AfterValidator

MICRO = 1_000_000
"""Micro-credits in one credit."""

_MICRO = np.array(MICRO, dtype=np.float64)  # an array: by a number of Python's NumPy divides a third slower

CREDIT = 1.0 / MICRO
"""Credits in one micro-credit; multiplying is faster than dividing."""

LARGEST_CREDITS = 1e9
"""Amounts up to this many credits keep every product of the rules inside int64."""


def to_money(credit_amounts: ArrayLike) -> NDArray[np.int64]:
    """Rounds credits to whole micro-credits.

    Args:
        credit_amounts: Amounts in credits, any shape, each within +-1e9.

    Returns:
        int64 micro-credits of the same shape.

    Raises:
        ValueError: An amount is not finite or beyond 1e9 credits.
    """
    amounts = np.asarray(credit_amounts, dtype=np.float64)
    if not np.all(np.abs(amounts) <= LARGEST_CREDITS):
        bad = amounts[~(np.abs(amounts) <= LARGEST_CREDITS)].flat[0]
        raise ValueError(f"{bad!r} is no amount of money: give finite credits within +-{LARGEST_CREDITS:g}")
    return np.rint(amounts * MICRO).astype(np.int64)


def to_credits(money: ArrayLike) -> NDArray[np.float64]:
    """Micro-credits as credits, any shape."""
    return np.asarray(money, dtype=np.float64) / _MICRO


def whole_enough(amount: float) -> float:
    """The amount in credits, unless it is beyond the range of money or lost in rounding to micro-credits.

    Raises:
        ValueError: It is not finite, beyond 1e9 credits, or not 0 and less than half a micro-credit.
    """
    to_money(amount)
    if amount != 0.0 and round(amount * MICRO) == 0:
        raise ValueError(
            f"it is less than half of {CREDIT:.6f}, the least step: give 0, at least {CREDIT:.6f}, or rescale"
        )
    return amount


def is_whole(amount: float) -> bool:
    """Whether an amount in credits is a whole number of micro-credits, but for what a float cannot hold."""
    return bool(abs(amount * MICRO - round(amount * MICRO)) <= 2e-15 * max(1.0, abs(amount * MICRO)))


def written(amount: float, decimals: int = 6) -> str:
    """An amount in credits in full, to the micro-credit, so that unequal ones never look equal: 1234567.89, 0.4, 10.

    Args:
        amount: Finite credits.
        decimals: 9 for an amount times a weight, which comes in thousandths.
    """
    text = f"{amount:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class MoneyUnit:
    """Marks a parameter that is written in credits and reaches the rules as money."""


Credits = Annotated[float, AfterValidator(whole_enough), MoneyUnit()]
"""A parameter in credits; the compiled rules receive it in micro-credits."""


def is_money(metadata: list[Any]) -> bool:
    """Whether a pydantic field's metadata mark it as an amount of money."""
    return any(isinstance(mark, MoneyUnit) for mark in metadata)

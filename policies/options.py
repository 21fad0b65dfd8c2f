"""Numbers among the options of policies: each in its range, or refused by one rule."""

import math


def between(
    name: str, value: float, low: float, high: float, *, open_low: bool = False, open_high: bool = False
) -> float:
    """A number in its range.

    Args:
        name: Of the option.
        value: What was given.
        low: The least.
        high: The largest; `math.inf` for no limit.
        open_low: The least itself is too small.
        open_high: The largest itself is too large.

    Raises:
        ValueError: It is not in its range; NaN is in none.
    """
    number = float(value)
    if not low <= number <= high or (open_low and number == low) or (open_high and number == high):
        least = "" if low == -math.inf else f" {'above' if open_low else 'from'} {low:g}"
        most = f" to {'below ' if open_high else ''}{high:g}" if high < math.inf else ", finite" if open_high else ""
        raise ValueError(f"{name}={value!r}: choose a number{least}{most}")
    return number


def whole(name: str, value: float, low: int, high: int, of: str = "") -> int:
    """A whole number in its range.

    Args:
        name: Of the option.
        value: What was given.
        low: The least.
        high: The largest.
        of: What is counted, for the message.

    Raises:
        ValueError: It is no whole number, or not in its range.
    """
    number = float(value)
    if number % 1.0 != 0.0 or not low <= number <= high:
        raise ValueError(f"{name}={value!r}: choose a whole number{of and ' of ' + of} from {low} to {high}")
    return int(number)

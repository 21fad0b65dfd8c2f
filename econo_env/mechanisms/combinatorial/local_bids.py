"""Closed forms of the local-global game with two locals: what they bid under each payment rule."""

import math

import numpy as np
from numpy.typing import ArrayLike

from econo_env.engine.state import Float64s
from econo_env.mechanisms.combinatorial.rule import Payment


def local_bids(payment: int, values: ArrayLike, correlation: float) -> Float64s:
    """Equilibrium bids of the two locals of LLG with values U[0, 1] and a global with U[0, 2], who is truthful.

    Goeree and Lien, "On the impossibility of core-selecting auctions" (2016); Ausubel and Baranov, "Core-selecting
    auctions with incomplete information" (2020).

    Args:
        payment: `vcg`, `nearest_vcg`, `nearest_zero` (and `proxy`, the same here) or `nearest_bid`.
        values: Credits in [0, 1], any shape.
        correlation: Chance that the locals share one draw.

    Raises:
        ValueError: No closed form is known under this payment rule.
    """
    v = np.asarray(values, dtype=np.float64)
    apart = 1.0 - correlation
    if payment == Payment.vcg:
        return v
    if payment in (Payment.nearest_zero, Payment.proxy):
        if apart == 0.0:
            return v
        return np.maximum(0.0, 1.0 + np.log(np.maximum(correlation + apart * v, 1e-300)) / apart)
    if payment == Payment.nearest_bid:
        return v / 2.0 if apart == 0.0 else (math.log(2.0) - np.log(2.0 - apart * v)) / apart
    if payment == Payment.nearest_vcg:
        least = 0.0 if apart == 0.0 else (3.0 - math.sqrt(9.0 - apart**2)) / apart
        return np.maximum(0.0, 2.0 / (2.0 + correlation) * (v - least))
    raise ValueError(
        f"no closed-form equilibrium of payment {Payment(payment).name!r} is known; "
        "use truthful, shading or a trained run instead"
    )

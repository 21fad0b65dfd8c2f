"""Luck as a function of numbers: who asks again with the same ones draws the same, in any order."""

import numpy as np
from numpy.typing import NDArray

UInt64s = NDArray[np.uint64]


def scrambled(numbers: UInt64s) -> UInt64s:
    """The output function of SplitMix64 (Steele, Lea and Flood 2014): close numbers become unrelated ones."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def uniforms(bits: UInt64s) -> NDArray[np.float64]:
    """64 random bits each as a float64 in [0, 1)."""
    return np.asarray((bits >> np.uint64(11)) * 2.0**-53)

"""What one bidder's signal says of a part that all signals share, and draws from that.

A signal joins a shared part Z, drawn from the prior, and an own part. Z given the signal has the density f(z) h(s | z),
h being that of a signal given the shared part. Draws invert its distribution on cells of equal prior probability.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from econo_env.money import MICRO
from econo_env.valuations.priors import TABLE_CELLS, Prior

Floats = NDArray[np.float64]

_CELLS = 1024  # on which a density is taken as constant
_HALF = 0.5 / MICRO  # credits: signals are whole micro-credits


def quantiles(prior: Prior, probabilities: Floats) -> Floats:
    """Values at the given probabilities, any shape, as the engine draws them."""
    table = prior.quantile_table()
    return np.interp(probabilities, np.linspace(0.0, 1.0, len(table)), table)


def distribution(prior: Prior, values: Floats) -> Floats:
    """The chance of a draw at or below each value, any shape, of what the engine draws."""
    table = prior.quantile_table()
    return np.interp(values, table, np.linspace(0.0, 1.0, len(table)), left=0.0, right=1.0)


def place_in_prior(prior: Prior, values: Floats, uniforms: Floats) -> Floats:
    """Probabilities at which the prior gives the values; in an atom or a table's step any of its own, by `uniforms`."""
    below, upto = distribution(prior, values - _HALF), distribution(prior, values + _HALF)
    return np.asarray(below + (upto - below) * uniforms)


def chance_of(prior: Prior, values: Floats) -> Floats:
    """The chance of a draw that rounds to each value in micro-credits, any shape; 0 outside the support."""
    return distribution(prior, values + _HALF) - distribution(prior, values - _HALF)


def marginal_table(prior: Prior, highest: float, chance_below: Callable[[Floats, Floats], Floats]) -> Floats:
    """Quantiles of a signal, equally spaced in probability, shape of the prior's own table.

    Args:
        prior: Of the shared part.
        highest: The largest signal in credits.
        chance_below: `chance_below(signals (s, 1), shared (z,))`: the chance of a signal at or below, given Z.
    """
    shared = quantiles(prior, (np.arange(_CELLS) + 0.5) / _CELLS)
    signals = np.linspace(0.0, highest, TABLE_CELLS + 1)
    below = chance_below(signals[:, None], shared).mean(axis=1)
    return np.interp(np.linspace(0.0, 1.0, TABLE_CELLS + 1), below, signals)


def shared_part(
    prior: Prior,
    signals: Floats,
    lowest: Callable[[float], float],
    highest: Callable[[float], float],
    likelihood: Callable[[float, Floats], Floats],
    uniforms: Floats,
) -> Floats:
    """Draws of Z in credits given signals, both of shape (m,).

    Args:
        prior: Of Z.
        signals: Credits.
        lowest: The least Z that a signal leaves possible.
        highest: The largest.
        likelihood: Of a signal at values of Z, up to a factor.
        uniforms: One a draw.
    """
    drawn = np.empty(len(signals))
    known, which = np.unique(signals, return_inverse=True)
    for number, signal in enumerate(known.tolist()):
        ends = distribution(prior, np.array([lowest(signal) - _HALF, highest(signal) + _HALF]))
        edges = np.linspace(ends[0], ends[1], _CELLS + 1)
        weights = likelihood(signal, quantiles(prior, (edges[1:] + edges[:-1]) / 2.0))
        below = np.concatenate([[0.0], np.cumsum(weights)])
        mine = which == number
        if below[-1] > 0.0:
            drawn[mine] = np.interp(uniforms[mine] * below[-1], below, edges)
        else:  # a signal that the model never gives
            drawn[mine] = ends[0] + (ends[1] - ends[0]) * uniforms[mine]
    return quantiles(prior, drawn)

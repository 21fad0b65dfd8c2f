"""What one bidder's signal says of a part that all signals share, and draws from that.

A signal joins a shared part Z, drawn from the prior, and an own part. Z given the signal has the density f(z) h(s | z),
h being that of a signal given the shared part. Draws invert its distribution on cells of equal prior probability.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from econo_env.money import MICRO
from econo_env.valuations.priors import Prior
from econo_env.valuations.quantile_table import CELLS, QuantileTable

Floats = NDArray[np.float64]

_CELLS = 1024  # on which a density is taken as constant, besides those towards the ends
_STRIDE = 8  # of the table's cells taken together there
_BLOCK = 256  # signals whose chances are reckoned at once
_HALF = 0.5 / MICRO  # credits: signals are whole micro-credits


def place_in_prior(prior: Prior, values: Floats, uniforms: Floats) -> Floats:
    """Probabilities at which the prior gives the values; in an atom or a table's step any of its own, by `uniforms`."""
    below, upto = _around(prior, values)
    return np.asarray(below + (upto - below) * uniforms)


def chance_of(prior: Prior, values: Floats) -> Floats:
    """The chance of a draw that rounds to each value in micro-credits, any shape; 0 outside the support."""
    below, upto = _around(prior, values)
    return np.asarray(upto - below)


def _around(prior: Prior, values: Floats) -> tuple[Floats, Floats]:
    """The chances of a draw below the values and up to them, as they round to micro-credits."""
    law = prior.quantile_table()
    return law.cdf(values - _HALF), law.cdf(values + _HALF)


def _middles(prior: Prior) -> tuple[Floats, Floats]:
    """Draws in the middle of cells, finer towards both ends, and the chance of each cell."""
    law = prior.quantile_table()
    ends = np.unique(np.concatenate([law.probabilities[::_STRIDE], [1.0]]))
    return law.quantile((ends[1:] + ends[:-1]) / 2.0), np.diff(ends)


def marginal_table(prior: Prior, highest: float, chance_below: Callable[[Floats, Floats], Floats]) -> QuantileTable:
    """The law of a signal.

    Args:
        prior: Of the shared part.
        highest: The largest signal in credits.
        chance_below: `chance_below(signals (s, 1), shared (z,))`: the chance of a signal at or below, given Z.
    """
    shared, chances = _middles(prior)
    parts = prior.quantile_table().values
    signals = np.unique(np.concatenate([np.linspace(0.0, highest, CELLS + 1), prior.lowest + parts, 2.0 * parts]))
    signals = signals[signals <= highest]
    blocks = np.array_split(signals, -(-len(signals) // _BLOCK))
    below = np.concatenate([chance_below(block[:, None], shared) @ chances for block in blocks])
    return QuantileTable.refined(lambda probabilities: np.interp(probabilities, below, signals))


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
    law = prior.quantile_table()
    outer = law.probabilities[::_STRIDE]
    drawn = np.empty(len(signals))
    known, which = np.unique(signals, return_inverse=True)
    for number, signal in enumerate(known.tolist()):
        ends = law.cdf(np.array([lowest(signal) - _HALF, highest(signal) + _HALF]))
        edges = np.union1d(np.linspace(ends[0], ends[1], _CELLS + 1), np.clip(outer, ends[0], ends[1]))
        weights = likelihood(signal, law.quantile((edges[1:] + edges[:-1]) / 2.0)) * np.diff(edges)
        below = np.concatenate([[0.0], np.cumsum(weights)])
        mine = which == number
        if below[-1] > 0.0:
            drawn[mine] = np.interp(uniforms[mine] * below[-1], below, edges)
        else:  # a signal that the model never gives
            drawn[mine] = ends[0] + (ends[1] - ends[0]) * uniforms[mine]
    return law.quantile(drawn)

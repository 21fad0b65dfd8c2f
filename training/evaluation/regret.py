"""Ex-interim regret: what the best deviation from a strategy gains, given the own type.

epsilon_i(v) = max over deviations of E[u_i(deviation, the others' strategies) | v] - E[u_i(strategy) | v]. The
deviation is chosen on one sample and its gain is measured on others, so no maximum of noise is reported; within a
sample both sides share the rivals and the luck. What a search finds is a lower bound of the regret.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Regret:
    """What one agent's best deviations gain, type by type.

    Attributes:
        agent: The agent that deviated.
        members: The agents it stands for: the same role under the rules.
        method: `bid_grid` or `action_grid`.
        type_names: What each component of a type means.
        report_names: What each component of a report means.
        types: The middle of each cell of types, where deviations were chosen, shape (types, components).
        weights: Probability of each cell, shape (types,).
        drawn_types: The types of each seed, one of each cell, shape (seeds, types, components).
        own_reports: The strategy's mean report at each type, shape (types, components).
        best_reports: The best deviation at each type, NaN for not taking part, same shape.
        win_probability: The strategy's expected units at each type, shape (types,), where the market tells.
        selected_gain: Gains on the selection sample, shape (types,): optimistic, used to choose only.
        noticeable_gain: What a gain must exceed on the selection sample to be taken for one, shape (types,).
        own_utility: Expected utility of the strategy at the seed's types in credits, shape (seeds, types).
        gain: Gain of the best deviation at the seed's types, on its evaluation sample, credits, shape (seeds, types).
    """

    agent: int
    members: tuple[int, ...]
    method: str
    type_names: tuple[str, ...]
    report_names: tuple[str, ...]
    types: Floats
    weights: Floats
    drawn_types: Floats
    own_reports: Floats
    best_reports: Floats
    win_probability: Floats | None
    selected_gain: Floats
    noticeable_gain: Floats
    own_utility: Floats
    gain: Floats

    @property
    def mean_gain(self) -> Floats:
        """Mean gain over types in credits, by seed, shape (seeds,)."""
        return np.asarray(self.gain @ self.weights)

    @property
    def worst_gain(self) -> Floats:
        """Gain in the cell of types that the selection sample called the worst, by seed, shape (seeds,)."""
        return self.gain[:, int(np.argmax(self.selected_gain))]

    @property
    def mean_utility(self) -> Floats:
        """Mean utility of the strategy over types in credits, by seed, shape (seeds,)."""
        return np.asarray(self.own_utility @ self.weights)

    def to_json(self) -> dict[str, Any]:
        """Plain lists for plots and files; gains and utilities are means over seeds."""
        return {
            "agent": self.agent,
            "members": list(self.members),
            "method": self.method,
            "type_names": list(self.type_names),
            "report_names": list(self.report_names),
            "types": plain_lists(self.types),
            "weights": plain_lists(self.weights),
            "own_reports": plain_lists(self.own_reports),
            "best_reports": plain_lists(self.best_reports),
            "win_probability": None if self.win_probability is None else plain_lists(self.win_probability),
            "own_utility": plain_lists(self.own_utility.mean(axis=0)),
            "gain": plain_lists(self.gain.mean(axis=0)),
            "noticeable_gain": plain_lists(self.noticeable_gain),
            "mean_gain_by_seed": plain_lists(self.mean_gain),
            "worst_gain_by_seed": plain_lists(self.worst_gain),
        }


def plain_lists(array: Floats) -> list[Any]:
    """The array as nested lists, NaN as None."""
    entries = array.astype(object)
    entries[np.isnan(array)] = None
    nested: list[Any] = entries.tolist()
    return nested

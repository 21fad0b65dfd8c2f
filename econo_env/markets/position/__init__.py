"""The position auction: advertising slots with click rates, private values of a click, one sealed bid each.

It is a sealed-bid market whose prizes differ: state, bids, clearing, observations and the clock are those of
`econo_env.markets.sealed_bid`; its own are `settle`, `terms`, welfare, equilibrium, pictures and the form for `clear`.
"""

from econo_env.markets.position.form import clear_form
from econo_env.markets.position.manual import manual
from econo_env.markets.position.outcome import bid_curves, expected_outcome, welfare
from econo_env.markets.position.phases import info, settle, terms
from econo_env.markets.position.picture import picture
from econo_env.markets.position.strategies import equilibrium_actions, numerical_solution, series
from econo_env.markets.sealed_bid.layout import State, action_names, axes, observation_names, rule
from econo_env.markets.sealed_bid.outcome import bids_made, highest_bid, set_types, type_names, types, types_at
from econo_env.markets.sealed_bid.phases import bids, clear, finish, observe, reset
from econo_env.markets.sealed_bid.strategies import (
    DRAWN_AHEAD,
    bid_actions,
    private_values,
    roles,
    scaled_actions,
    truthful_actions,
)

__all__ = [
    "DRAWN_AHEAD",
    "State",
    "action_names",
    "axes",
    "bid_actions",
    "bid_curves",
    "bids",
    "bids_made",
    "clear",
    "clear_form",
    "equilibrium_actions",
    "expected_outcome",
    "finish",
    "highest_bid",
    "info",
    "manual",
    "numerical_solution",
    "observation_names",
    "observe",
    "picture",
    "private_values",
    "reset",
    "roles",
    "rule",
    "scaled_actions",
    "series",
    "set_types",
    "settle",
    "terms",
    "truthful_actions",
    "type_names",
    "types",
    "types_at",
    "welfare",
]

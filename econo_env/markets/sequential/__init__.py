"""The sequential sale: one unit a round, single-unit demand, winners leave, losers see the price and bid on.

Phases (compiled, for market `k`): `bids`, `clear`, `settle`, `observe`; `reset` starts an episode and `finish` ends
one. Types and bids as actions are those of `econo_env.markets.sealed_bid`.
"""

from econo_env.markets.sealed_bid.outcome import set_types, type_names, types, types_at
from econo_env.markets.sealed_bid.phases import finish
from econo_env.markets.sealed_bid.strategies import (
    bid_actions,
    private_values,
    roles,
    scaled_actions,
    truthful_actions,
)
from econo_env.markets.sequential.form import clear_form
from econo_env.markets.sequential.layout import State, action_names, axes, info, observation_names, rule, terms
from econo_env.markets.sequential.manual import manual
from econo_env.markets.sequential.outcome import welfare
from econo_env.markets.sequential.phases import bids, clear, observe, reset, settle
from econo_env.markets.sequential.picture import picture
from econo_env.markets.sequential.strategies import DRAWN_AHEAD, equilibrium_actions, series

PLAYED_OUT = True
"""A first bid that loses may win later: judges follow a deviation to the end of the episode."""

__all__ = [
    "DRAWN_AHEAD",
    "PLAYED_OUT",
    "State",
    "action_names",
    "axes",
    "bid_actions",
    "bids",
    "clear",
    "clear_form",
    "equilibrium_actions",
    "finish",
    "info",
    "manual",
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

"""The sealed-bid market: private values, one simultaneous bid each, a rule that allocates and charges.

Phases (compiled, for market `k`): `bids`, `clear`, `settle`, `observe`; `reset` starts an episode and `finish` ends
one. `State` and `terms` are what they work on.
"""

from econo_env.markets.sealed_bid.layout import State, action_names, axes, observation_names, rule, terms
from econo_env.markets.sealed_bid.phases import bids, clear, finish, observe, reset, settle
from econo_env.markets.sealed_bid.strategies import (
    DRAWN_AHEAD,
    bid_actions,
    equilibrium_bids,
    private_values,
    roles,
    scaled_actions,
    series,
    truthful_actions,
)

__all__ = [
    "DRAWN_AHEAD",
    "State",
    "action_names",
    "axes",
    "bid_actions",
    "bids",
    "clear",
    "equilibrium_bids",
    "finish",
    "observation_names",
    "observe",
    "private_values",
    "reset",
    "roles",
    "rule",
    "scaled_actions",
    "series",
    "settle",
    "terms",
    "truthful_actions",
]

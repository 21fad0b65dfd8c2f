"""The sealed-bid market: private values, one simultaneous bid each, a rule that allocates and charges.

Phases (compiled, for market `k`): `bids`, `clear`, `settle`, `observe`; `reset` starts an episode and `finish` ends
one. `State` and `terms` are what they work on.
"""

from econo_env.markets.sealed_bid.layout import State, action_names, axes, observation_names, rule, terms
from econo_env.markets.sealed_bid.phases import bids, clear, finish, observe, reset, settle

__all__ = [
    "State",
    "action_names",
    "axes",
    "bids",
    "clear",
    "finish",
    "observation_names",
    "observe",
    "reset",
    "rule",
    "settle",
    "terms",
]

"""The sealed-bid market: private values, one simultaneous bid each, a rule that allocates and charges.

Phases (compiled, for market `k`): `bids`, `clear`, `settle`, `observe`; `reset` starts an episode and `finish` ends
one. `State` and `terms` are what they work on. The faces take the rest: `observation_names`, `action_names`, `info`,
`truthful_actions`, `picture` for rendering and `manual` for the documentation page.
"""

from econo_env.markets.sealed_bid.layout import (
    State,
    action_names,
    axes,
    info,
    observation_names,
    rule,
    terms,
    truthful_actions,
)
from econo_env.markets.sealed_bid.manual import manual
from econo_env.markets.sealed_bid.phases import bids, clear, finish, observe, reset, settle
from econo_env.markets.sealed_bid.picture import picture

__all__ = [
    "State",
    "action_names",
    "axes",
    "bids",
    "clear",
    "finish",
    "info",
    "manual",
    "observation_names",
    "observe",
    "picture",
    "reset",
    "rule",
    "settle",
    "terms",
    "truthful_actions",
]

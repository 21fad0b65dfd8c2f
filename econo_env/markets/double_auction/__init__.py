"""The sealed two-sided market: buyers and sellers of one unit each, one simultaneous offer each, a rule that matches.

Phases (compiled, for market `k`): `bids`, `clear`, `settle`, `observe`; `reset` starts an episode and `finish` ends
one. `outcome` holds what those who judge the market ask of it, `form` one clearing from a file.
"""

from econo_env.markets.double_auction.form import clear_form
from econo_env.markets.double_auction.layout import State, action_names, axes, info, observation_names, rule, terms
from econo_env.markets.double_auction.manual import manual
from econo_env.markets.double_auction.outcome import (
    bid_curves,
    bids_made,
    highest_bid,
    set_types,
    type_names,
    types,
    types_at,
    welfare,
)
from econo_env.markets.double_auction.phases import bids, clear, finish, observe, reset, settle
from econo_env.markets.double_auction.picture import picture
from econo_env.markets.double_auction.strategies import (
    DRAWN_AHEAD,
    bid_actions,
    equilibrium_actions,
    equilibrium_bids,
    numerical_solution,
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
    "bid_curves",
    "bids",
    "bids_made",
    "clear",
    "clear_form",
    "equilibrium_actions",
    "equilibrium_bids",
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

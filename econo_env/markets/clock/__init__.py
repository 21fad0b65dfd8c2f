"""Clock auctions: one item, a price that moves tick by tick, bidders who see it and say yes or no.

Phases (compiled, for market `k`): `bids`, `clear`, `settle`, `observe`; `reset` starts a sale and `finish` ends one.
`outcome` holds what those who judge the market ask of it; `sealed_form` gives the sealed-bid auction that a clock
amounts to for bidders who keep to a limit.
"""

from econo_env.markets.clock.form import clear_form
from econo_env.markets.clock.layout import (
    State,
    action_names,
    axes,
    info,
    observation_names,
    rule,
    terms,
)
from econo_env.markets.clock.manual import manual
from econo_env.markets.clock.outcome import (
    bid_curves,
    bids_made,
    highest_bid,
    reveal_bids,
    set_types,
    type_names,
    types,
    types_at,
    welfare,
)
from econo_env.markets.clock.phases import bids, clear, finish, observe, reset, settle
from econo_env.markets.clock.picture import picture
from econo_env.markets.clock.scenario import sealed_form
from econo_env.markets.clock.strategies import (
    bid_actions,
    equilibrium_actions,
    equilibrium_bids,
    numerical_solution,
    private_values,
    roles,
    sale_begins,
    scaled_actions,
    series,
    truthful_actions,
)

ONE_ROUND = True
KEPT_LIMITS = True

__all__ = [
    "KEPT_LIMITS",
    "ONE_ROUND",
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
    "reveal_bids",
    "roles",
    "rule",
    "sale_begins",
    "scaled_actions",
    "sealed_form",
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

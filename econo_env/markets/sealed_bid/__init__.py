"""The sealed-bid market: private values, one simultaneous bid each, a rule that allocates and charges.

Phases (compiled, for market `k`): `bids`, `clear`, `settle`, `observe`; `reset` starts an episode and `finish` ends
one. `State` and `terms` are what they work on. `outcome` holds what those who judge the market ask of it. The faces
take the rest: `observation_names`, `action_names`, `info`, `truthful_actions`, `picture` for rendering and `manual` for
the documentation page.
"""

from econo_env.markets.sealed_bid.equilibria import equilibrium_bids, numerical_solution
from econo_env.markets.sealed_bid.form import clear_form
from econo_env.markets.sealed_bid.layout import (
    State,
    action_names,
    axes,
    info,
    observation_names,
    rule,
    terms,
)
from econo_env.markets.sealed_bid.manual import manual
from econo_env.markets.sealed_bid.outcome import (
    bid_curves,
    bids_made,
    expected_outcome,
    highest_bid,
    offers_bid_curves,
    set_types,
    set_types_given,
    type_names,
    types,
    types_at,
    types_hang_together,
    welfare,
)
from econo_env.markets.sealed_bid.phases import bids, clear, finish, observe, reset, settle
from econo_env.markets.sealed_bid.picture import picture
from econo_env.markets.sealed_bid.strategies import (
    DRAWN_AHEAD,
    bid_actions,
    equilibrium_actions,
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
    "expected_outcome",
    "finish",
    "highest_bid",
    "info",
    "manual",
    "numerical_solution",
    "observation_names",
    "observe",
    "offers_bid_curves",
    "picture",
    "private_values",
    "reset",
    "roles",
    "rule",
    "scaled_actions",
    "series",
    "set_types",
    "set_types_given",
    "settle",
    "terms",
    "truthful_actions",
    "type_names",
    "types",
    "types_at",
    "types_hang_together",
    "welfare",
]

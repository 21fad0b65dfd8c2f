"""The combinatorial market: XOR bids for bundles by local and global bidders, cleared exactly every round.

Phases (compiled, for market `k`): `bids`, `clear`, `settle`, `observe`; `reset` starts an episode and `finish` ends
one. `form` clears a single auction of any size from a file.
"""

from econo_env.markets.combinatorial.form import clear_form
from econo_env.markets.combinatorial.layout import (
    State,
    action_names,
    axes,
    info,
    observation_names,
    rule,
    terms,
    type_names,
)
from econo_env.markets.combinatorial.manual import manual
from econo_env.markets.combinatorial.outcome import (
    expected_curves,
    outcome_tables,
    set_types,
    set_types_given,
    types,
    types_at,
    types_hang_together,
    welfare,
)
from econo_env.markets.combinatorial.phases import bids, clear, finish, observe, reset, settle
from econo_env.markets.combinatorial.picture import picture
from econo_env.markets.combinatorial.strategies import (
    DRAWN_AHEAD,
    bid_actions,
    equilibrium_actions,
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
    "bids",
    "clear",
    "clear_form",
    "equilibrium_actions",
    "expected_curves",
    "finish",
    "info",
    "manual",
    "numerical_solution",
    "observation_names",
    "observe",
    "outcome_tables",
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

"""The multi-unit market: identical units at once, decreasing marginal values, one bid for each unit wanted.

Phases (compiled, for market `k`): `bids`, `clear`, `settle`, `observe`; `reset` starts an episode and `finish` ends
one. The faces, judges and pictures take the rest, as in `econo_env.markets.sealed_bid`.
"""

from econo_env.markets.multi_unit.equilibria import expected_outcome, numerical_solution, offers_unit_bids
from econo_env.markets.multi_unit.form import clear_form
from econo_env.markets.multi_unit.layout import (
    State,
    action_names,
    axes,
    info,
    observation_names,
    rule,
    terms,
    type_names,
)
from econo_env.markets.multi_unit.manual import manual
from econo_env.markets.multi_unit.outcome import set_types, types, types_at, welfare
from econo_env.markets.multi_unit.phases import bids, clear, finish, observe, reset, settle
from econo_env.markets.multi_unit.picture import picture
from econo_env.markets.multi_unit.strategies import (
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
    "bids",
    "clear",
    "clear_form",
    "equilibrium_actions",
    "expected_outcome",
    "finish",
    "info",
    "manual",
    "numerical_solution",
    "observation_names",
    "observe",
    "offers_unit_bids",
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

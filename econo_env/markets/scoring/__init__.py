"""The scoring auction: a buyer scores offers of price and quality from suppliers with private costs.

`menu` holds the tables of worth, score and cost over quality steps. Phases (compiled, for market `k`): `bids`,
`clear`, `settle`, `observe`; `reset` starts an episode and `finish` ends one. `outcome` holds what those who judge the
market ask of it.
"""

from econo_env.markets.scoring.form import clear_form
from econo_env.markets.scoring.layout import State, action_names, axes, info, observation_names, rule, terms
from econo_env.markets.scoring.manual import manual
from econo_env.markets.scoring.outcome import set_types, type_names, types, types_at, welfare
from econo_env.markets.scoring.phases import bids, clear, observe, reset, settle
from econo_env.markets.scoring.picture import picture
from econo_env.markets.scoring.strategies import (
    DRAWN_AHEAD,
    equilibrium_actions,
    potential_places,
    roles,
    scaled_actions,
    score_actions,
    series,
    truthful_actions,
)
from econo_env.markets.sealed_bid.phases import finish

__all__ = [
    "DRAWN_AHEAD",
    "State",
    "action_names",
    "axes",
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
    "potential_places",
    "reset",
    "roles",
    "rule",
    "scaled_actions",
    "score_actions",
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

"""The task market: a stream of tasks, a scoring auction, contracts backed by stake, four grades, reputation.

Phases (compiled, for market `k`): `eligibility`, `bids`, `clear`, `execute`, `grade`, `settle`, `reputation`,
`observe`; `reset` starts an episode and `finish` ends one. `outcome` holds what those who judge the market ask of it.
"""

from econo_env.markets.task_market.auction import bids, clear, eligibility
from econo_env.markets.task_market.enforcement import execute, grade, reputation, settle
from econo_env.markets.task_market.episode import finish, observe, reset
from econo_env.markets.task_market.form import clear_form
from econo_env.markets.task_market.layout import State, action_names, axes, observation_names, rule, terms
from econo_env.markets.task_market.manual import manual
from econo_env.markets.task_market.outcome import (
    expected_rewards,
    roles,
    set_types,
    type_names,
    types,
    types_at,
    welfare,
    wronged,
)
from econo_env.markets.task_market.picture import info, picture
from econo_env.markets.task_market.strategies import (
    DRAWN_AHEAD,
    equilibrium_actions,
    scaled_actions,
    series,
    truthful_actions,
)

__all__ = [
    "DRAWN_AHEAD",
    "State",
    "action_names",
    "axes",
    "bids",
    "clear",
    "clear_form",
    "eligibility",
    "equilibrium_actions",
    "execute",
    "expected_rewards",
    "finish",
    "grade",
    "info",
    "manual",
    "observation_names",
    "observe",
    "picture",
    "reputation",
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
    "wronged",
]

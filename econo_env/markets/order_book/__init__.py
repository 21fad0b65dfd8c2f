"""The market with a limit order book: a continuous double auction, tick by tick.

Phases (compiled, for market `k`): `bids`, `clear`, `settle`, `observe`; `reset` starts a trading day and `finish` ends
one. `outcome` holds what those who judge the market ask of it.
"""

from econo_env.markets.order_book.form import clear_form
from econo_env.markets.order_book.layout import State, action_names, axes, info, observation_names, rule, terms
from econo_env.markets.order_book.manual import manual
from econo_env.markets.order_book.outcome import set_types, type_names, types, types_at, welfare
from econo_env.markets.order_book.phases import bids, clear, finish, observe, reset, settle
from econo_env.markets.order_book.picture import picture
from econo_env.markets.order_book.strategies import (
    DRAWN_AHEAD,
    bid_actions,
    equilibrium_actions,
    private_values,
    roles,
    scaled_actions,
    series,
    truthful_actions,
)

ONE_ROUND = True

__all__ = [
    "DRAWN_AHEAD",
    "ONE_ROUND",
    "State",
    "action_names",
    "axes",
    "bid_actions",
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

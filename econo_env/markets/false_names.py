"""What markets of one round share where one agent bids under several names: rivals first, then the agent's names."""

from collections.abc import Callable

import numpy as np

from econo_env.engine.kernels import bound
from econo_env.engine.state import Float64s, Int64s, UInt64s
from econo_env.market import rule_of
from econo_env.money import to_credits
from econo_env.scenario import Scenario

NO_BID = -1
SHARES = (0.25, 0.5, 0.75, 1.0)
"""Multiples of the truth that splits are tried with; the search goes on from there."""


def earned(
    form: Callable[..., None],
    scenario: Scenario,
    reports: tuple[Int64s, Int64s, UInt64s],
    scratch: tuple[object, ...],
    worth: Int64s,
    offset: int = 0,
) -> Float64s:
    """What the agent's names earn together, credits (strategies, profiles).

    Args:
        form: Compiled: clears every strategy against every profile, and fills what the names hold and pay together.
        scenario: Whose rule is played.
        reports: Own ones (strategies, names, components), rivals' (profiles, rivals, components), and lottery keys.
        scratch: Space for one clearing.
        worth: Micro-credits, what each holding is worth to the agent, by number.
        offset: The place in `worth` of holding nothing.
    """
    own, rivals, keys = reports
    params = scenario.row().params(scenario.mechanism)
    held = np.zeros((len(own), len(rivals)), dtype=np.int64)
    paid = np.zeros_like(held)
    asked = np.ascontiguousarray(np.maximum(own, NO_BID))
    bound(form, rule_of(scenario))(params, asked, np.ascontiguousarray(rivals), keys, scratch, held, paid)
    return to_credits(worth[held + offset] - paid)


def scaled(report: Int64s, share: float) -> Int64s:
    """A report times a share, whole micro-credits; no bid stays no bid."""
    return np.where(report < 0, NO_BID, np.floor(report * share + 0.5)).astype(np.int64)


def stacked(strategies: list[Int64s], names: int, components: int) -> Int64s:
    """Strategies as one array (strategies, names, components), each once."""
    if not strategies:
        return np.zeros((0, names, components), dtype=np.int64)
    return np.unique(np.stack(strategies), axis=0)

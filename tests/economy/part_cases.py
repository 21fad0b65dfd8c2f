"""Every part in a small scenario of its own: sound, seen, and moved by what agents do.

`tests/economy/test_parts_shown.py` runs these without compiling, which is faster than compiling each.
"""

import numpy as np
import pytest

from econo_env.economy.invariants import violations
from econo_env.economy.part import PARTS
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from tests.economy.part_table import load

MARKETS, TICKS = 3, 24
each_part = pytest.mark.parametrize("name", sorted(PARTS.rows()))


def played(scenario, seed, changed=None):
    """Random play, in one component another one; after each tick what was seen and what there is."""
    engine, rng = Engine(scenario, MARKETS), np.random.default_rng(seed)
    engine.reset(seed)
    at = None if changed is None else market_of(scenario).action_names(scenario).index(changed)
    for _ in range(min(TICKS, scenario.max_cycles - 1)):
        actions = rng.uniform(-0.6, 0.3, engine.buffers.actions.shape).astype(np.float32)
        if at is not None:
            actions[..., at] = 0.9
        engine.step(actions)
        yield engine


@each_part
def test_the_books_are_sound_and_what_is_seen_is_in_range(name):
    scenario, part = load(name), PARTS.rows()[name]
    names, seen = market_of(scenario).observations(scenario), []
    for engine in played(scenario, 1):
        assert "ledger" not in engine.world._fields or not violations(scenario, engine.world)
        assert engine.buffers.observations.min() >= 0.0
        assert engine.buffers.observations.max() <= 1.0
        seen.append(engine.buffers.observations.copy())
    for feature in part.features:
        assert feature.asked or feature.name in names
    shown = [names.index(one.name) for one in part.features if one.name in names]
    moves = [np.ptp(np.stack(seen)[..., at]) > 0.0 for at in shown]
    assert not moves or any(moves), "of what agents see of it something changes"


@pytest.mark.parametrize("name", sorted(name for name, part in PARTS.rows().items() if part.actions))
def test_what_agents_do_in_it_changes_something(name):
    scenario = load(name)
    for action in PARTS.rows()[name].actions:
        plain, other = (list(_columns(scenario, changed)) for changed in (None, action.name))
        assert any(not np.array_equal(one, two) for one, two in zip(plain, other, strict=True)), action.name


def _columns(scenario, changed):
    for engine in played(scenario, 2, changed):
        yield from (array.copy() for array in engine.arrays())

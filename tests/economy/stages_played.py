"""Markets that go through a tick stage by stage, a few at a time, stand as if each had gone through it by itself."""

import numpy as np
import pytest

from econo_env.economy import loop_text, tick
from econo_env.engine.engine import Engine
from econo_env.engine.state import columns
from tests.benchmarks.economy import TASKS, with_all_parts

MARKETS, TICKS = 7, 14


def played(many, monkeypatch):
    """The text of the loop, and every array after each tick; markets that have no tick in turns."""
    monkeypatch.setattr(tick, "MANY_COLUMNS", many)
    changes = TASKS | {"num_agents": 3, "max_cycles": 5}
    scenario, _ = with_all_parts("task_market_v0", changes, ("ledger", "staking", "contracts"))
    engine, generator = Engine(scenario, MARKETS, autoreset=True), np.random.default_rng(0)
    engine.reset(0)
    found = []
    for at in range(TICKS):
        actions = generator.uniform(-1.0, 1.0, engine.buffers.actions.shape).astype(np.float32)
        where = np.arange(MARKETS) % 3 != at % 3 if at % 2 else np.ones(MARKETS, dtype=np.bool_)
        engine.step(actions, where)
        found.append([array.copy() for array in engine.arrays()])
    return scenario.program().source, [*columns(type(engine.world)), *engine.buffers._fields], found


@pytest.mark.parametrize("size", [1, 3])
def test_each_market_stands_as_if_it_were_alone(size, monkeypatch):
    monkeypatch.setattr(loop_text, "MARKETS_AT_A_STAGE", size)
    together, names, ours = played(0, monkeypatch)
    alone, _, theirs = played(10**6, monkeypatch)
    assert "stop = min(last" in together
    assert "stop = min(last" not in alone
    for one, other in zip(ours, theirs, strict=True):
        for name, mine, yours in zip(names, one, other, strict=True):
            np.testing.assert_array_equal(mine, yours, err_msg=name)

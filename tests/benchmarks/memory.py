"""How much of a tick of one large market is memory: bytes counted from the columns, time measured beside the tick."""

import ast
import inspect
import textwrap

import numpy as np

import econo_env
from econo_env.economy.tick import TICK_ORDER
from econo_env.engine.digest import plain
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from tests.benchmarks.measure import Figure, in_turn

SMALL, LARGE = (1_000, 3_000), 1_000_000
SCENARIO = "task_market_v0"
COPIED = 64_000_000  # bytes, beyond every cache
OF_ONE_AGENT = ("winner", "at", "escrow", "bonded")
"""What stages call the one agent that they look at: one entry of a column, not the column."""


def stages_of(source):
    """The compiled functions of a tick by their names in the loop's text: stages of the market and of parts."""
    module = {}
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.ImportFrom):
            exec(ast.unparse(statement), module)
    ends = tuple(f"_{stage}" for stage in TICK_ORDER)
    return {name: plain(found) for name, found in module.items() if name in TICK_ORDER or name.endswith(ends)}


def touched(function, roots, seen=None):
    """The arrays that a function or what it calls reads for all agents, and those that it writes, by their ids.

    It follows names, so what a condition leaves out counts too; a column that is looked at for one agent does not.
    """
    seen = set() if seen is None else seen
    reads, writes = {}, {}
    if function in seen:
        return reads, writes
    seen.add(function)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and inspect.isfunction(plain(function.__globals__.get(node.id))):
            called = plain(function.__globals__[node.id])
            if called.__module__.startswith("econo_env."):
                more_reads, more_writes = touched(called, roots, seen)
                reads |= more_reads
                writes |= more_writes
        if isinstance(node, ast.Subscript):
            array = array_at(node.value, roots)
            words = {name.id for name in ast.walk(node.slice) if isinstance(name, ast.Name)}
            if array is not None and not words & set(OF_ONE_AGENT):
                (writes if isinstance(node.ctx, ast.Store) else reads)[id(array)] = array
    return reads, writes


def array_at(node, roots):
    """The array that `state.name` or `buffers.name` means, or None."""
    path = []
    while isinstance(node, ast.Attribute):
        path.append(node.attr)
        node = node.value
    found = roots.get(node.id) if isinstance(node, ast.Name) else None
    for name in reversed(path):
        found = getattr(found, name, None)
    return found if isinstance(found, np.ndarray) else None


def bytes_per_agent(engine):
    """Bytes an agent: of the columns that a tick touches once each, and of those of each stage, stage after stage.

    A column that is written moves twice, to the core and back.
    """
    roots = engine.world._asdict() | {"world": engine.world, "state": engine.state, "buffers": engine.buffers}
    roots["award"] = engine.state.award
    all_reads, all_writes, by_stage = {}, {}, 0
    for function in stages_of(engine._kernels.source.read_text()).values():
        reads, writes = touched(function, roots)
        all_reads |= reads
        all_writes |= writes
        by_stage += moved(reads, writes)
    return moved(all_reads, all_writes) / engine.num_agents, by_stage / engine.num_agents


def moved(reads, writes):
    """Bytes of the columns that hold something for each agent; those that are written count twice."""
    arrays = [*(reads | writes).values(), *writes.values()]
    return sum(array.nbytes for array in arrays if array.nbytes >= LARGE)


def memory_bound():
    """What one market of 10^6 agents takes beyond its arithmetic, beside the time of streaming what it touches.

    The arithmetic of an agent is what each takes from 10^3 to 3 * 10^3 agents, within the cache, without what a tick
    takes whatever its size. Where memory alone makes a large market slower, the rest of its tick lies between the time
    of streaming the columns that it touches once and that of streaming those of each stage, at the speed of copying.
    """
    times = {}
    for size in (*SMALL, LARGE):
        engine = Engine(econo_env.load(SCENARIO, num_agents=size), 1)
        engine.reset(0)
        scenario = engine.scenario
        actions = market_of(scenario).baselines.truthful(scenario, engine.buffers.observations)
        room = np.ones((2, COPIED // 8))
        each = [lambda e=engine, a=actions: e.step(a), lambda r=room: np.copyto(r[0], r[1])]
        times[size] = in_turn(each, rounds=6, repetitions=5 if size == LARGE else 50)
    tick, copying = (float(np.median(each)) for each in times[LARGE])
    less, more = (float(np.median(times[size][0])) for size in SMALL)
    arithmetic = (more - less) / (SMALL[1] - SMALL[0]) * LARGE
    speed = 2 * COPIED / copying  # bytes read and bytes written
    once, by_stage = bytes_per_agent(engine)
    rest = 1e3 * (tick - arithmetic)
    yield Figure(
        "one task market, 10^6 agents, beyond arithmetic",
        "ms",
        rest,
        1e3 * (float(times[LARGE][0].max()) - arithmetic),
        1e3 * (float(times[LARGE][0].min()) - arithmetic),
        baseline=("streaming what each stage touches", 1e3 * by_stage * LARGE / speed),
        settings={
            "ms_per_tick": round(1e3 * tick, 2),
            "ms_of_arithmetic": round(1e3 * arithmetic, 2),
            "ms_of_streaming": [round(1e3 * each * LARGE / speed, 2) for each in (once, by_stage)],
            "bytes_per_agent": [round(once), round(by_stage)],
            "GB_per_s": round(speed / 1e9, 1),
            "note": "bytes of the columns that a tick touches: each once, or once a stage; writes count twice",
        },
    )

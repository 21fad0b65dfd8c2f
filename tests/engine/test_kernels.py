"""Compiled loops are written in the order of a tick, cached on disk, and renewed when a rule changes."""

import os
import re
import subprocess
import sys
from types import ModuleType
from typing import NamedTuple

import numba
import numpy as np
import pytest

import econo_env
from econo_env.economy.tick import TICK_ORDER
from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import cache_directory, kernels, machine_code
from econo_env.engine.pipeline import LoopCompiler
from econo_env.engine.rng import VALUES, uniform
from econo_env.market import market_of

PROGRAM = """
import numpy as np, econo_env
envs = econo_env.vector_env({name!r}, 2)
envs.reset(0)
envs.step(np.zeros_like(envs.engine.buffers.actions))
stats = envs.engine._kernels.run.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


@pytest.mark.parametrize("name", econo_env.scenarios())
def test_phases_stand_in_the_order_of_a_tick(name):
    scenario = econo_env.load(name)
    stages = market_of(scenario).kernels
    tick, seen = scenario.program().source.split("@cached")[1].split("begins = autoreset", 1)
    calls = re.findall(r"^ {12,}(\w+)\(k, ", tick, flags=re.MULTILINE)
    of_parts = {f"{part.name}_{stage}": stage for part in scenario.parts() for stage in part.stages}
    of_the_economy = () if of_parts else ("expose", "quote")
    there = [s for s in TICK_ORDER if vars(stages).get(s) is not None and s not in of_the_economy]
    assert "show(" not in tick
    assert "show(" in seen.split("elif")[0]
    assert [call for call in calls if call not in of_parts] == there
    order = [TICK_ORDER.index(of_parts.get(call, call)) for call in calls]
    assert order == sorted(order)
    unheard = {"open"} | (set() if any(part.admits for part in scenario.parts()) else {"renew"})
    assert {of_parts[call] for call in set(of_parts) - set(calls)} <= unheard


def test_compiled_code_is_read_back_from_disk(tmp_path):
    environment = os.environ | {"ECONO_ENV_CACHE": str(tmp_path)}
    counts = []
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(name="first_price_v0")],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        counts.append(tuple(int(number) for number in run.stdout.split()))
    assert counts == [(0, 1), (1, 0)]


def test_an_unwritable_cache_directory_is_named(monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("ECONO_ENV_CACHE", str(blocked / "below"))
    with pytest.raises(PermissionError, match="ECONO_ENV_CACHE"):
        cache_directory()


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_a_compilation_is_announced_when_and_only_when_the_cache_is_cold(tmp_path):
    program = (
        "import logging; logging.basicConfig(level=logging.INFO, format='%(message)s')\n"
        "import econo_env; env = econo_env.vector_env('second_price_v0', 4); env.reset(seed=0)\n"
        "env.step(env.engine.buffers.actions)"
    )
    environment = {**os.environ, "ECONO_ENV_CACHE": str(tmp_path)}

    def said():
        run = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
        )
        return [line for line in run.stderr.splitlines() if "compiling" in line]

    assert said() == ["compiling sealed_bid once (about 5 s)"]
    assert said() == []


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_what_numba_compiles_by_itself_takes_in_rules_with_all_that_they_call():
    @numba.njit
    def draws(key, tick):
        return uniform(key, 0, tick, VALUES, 3)

    assert draws(np.uint64(7), 5) == uniform.py_func(np.uint64(7), 0, 5, VALUES, 3)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_records_reach_compiled_code_with_every_kind_of_member():
    class Inner(NamedTuple):
        share: float
        flags: object

    class Outer(NamedTuple):
        flag: bool
        small: np.int8
        inner: Inner
        nothing: None
        rows: object
        truths: object

    @compiled
    def total(given):
        found = given.inner.share + given.small if given.flag else -1.0
        for i in range(given.rows.shape[0]):
            if given.truths[i] and given.inner.flags[i] and given.nothing is None:
                found += given.rows[i, 1]
        return found

    @compiled
    def write(given):
        given.rows[0, 0] = total(given)

    loop = numba.njit(pipeline_class=LoopCompiler, error_model="numpy", _nrt=False)(write.py_func)
    rows = np.arange(6.0).reshape(3, 2)
    given = Outer(
        True, np.int8(-3), Inner(0.25, np.array([True, False, True])), None, rows, np.array([True, True, True])
    )
    code = machine_code(loop, given)
    code.call(*code.given)
    assert rows[0, 0] == 0.25 - 3 + 1.0 + 5.0
    rows[2, 1] = 7.0
    code.call(*code.given)
    assert rows[0, 0] == 0.25 - 3 + 1.0 + 7.0, "the record that was written once is read at later calls"


def test_a_rule_defined_anew_under_its_old_name_makes_another_loop(monkeypatch, tmp_path):
    """As in a notebook, where a cell is run again."""
    monkeypatch.setenv("ECONO_ENV_CACHE", str(tmp_path))
    notebook = ModuleType("notebook_of_rules")
    monkeypatch.setitem(sys.modules, notebook.__name__, notebook)
    text = (
        "from econo_env.engine.kernels import cached\nfrom notebook_of_rules import rule\n\n\n"
        "@cached\ndef run(bid):\n    return rule(bid)\n"
    )

    def run_cell(share):
        cell = f"from econo_env.engine.compiled import compiled\n@compiled\ndef rule(bid):\n    return bid * {share}\n"
        exec(cell, vars(notebook))
        return kernels(text, "notebook")

    first = run_cell(2)
    assert first.run(3) == 6
    assert kernels(text, "notebook") is first
    assert run_cell(5).run(3) == 15
    assert first.run(3) == 6

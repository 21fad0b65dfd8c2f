"""Compiled loops are written in the order of a tick, cached on disk, and renewed when a rule changes."""

import os
import re
import subprocess
import sys

import numba
import pytest

import econo_env
from econo_env.economy.tick import TICK_ORDER
from econo_env.engine.kernels import cache_directory
from econo_env.market import market_of

PROGRAM = """
import numpy as np, econo_env
envs = econo_env.vector_env({name!r}, 2)
envs.reset(0)
envs.step(np.zeros_like(envs.engine.exchange.actions))
stats = [k.stats for k in (envs.engine._kernels.step, envs.engine._kernels.reset)]
print(sum(sum(s.cache_hits.values()) for s in stats), sum(sum(s.cache_misses.values()) for s in stats))
"""


@pytest.mark.parametrize("name", econo_env.scenarios())
def test_phases_stand_in_the_order_of_a_tick(name):
    scenario = econo_env.load(name)
    stages = market_of(scenario).kernels
    text = scenario.program().source.split("@cached")[1]
    calls = re.findall(r"^ {8}(\w+)\(k, ", text, flags=re.MULTILINE)
    assert calls == [stage for stage in TICK_ORDER if vars(stages).get(stage) is not None]


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
    assert counts == [(0, 2), (2, 0)]


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
        "env.step(env.engine.exchange.actions)"
    )
    environment = {**os.environ, "ECONO_ENV_CACHE": str(tmp_path)}

    def said():
        run = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
        )
        return [line for line in run.stderr.splitlines() if "compiling" in line]

    assert said() == ["compiling sealed_bid once (about 15 s)"]
    assert said() == []

"""A part of the economy from outside the package: a tax on every award, in a file of its own."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import econo_env
from econo_env.economy.part import PARTS
from econo_env.engine.engine import Engine
from tests.outside.tax import PART

ROOT = Path(__file__).parents[2]
ECONOMY = {"ledger": {"endowment": 100.0}, "tax": {"rate": 0.25}}


def test_a_part_from_outside_acts_like_any_other():
    with PARTS.registered(PART):
        scenario = econo_env.load("first_price_v0", economy=ECONOMY, max_cycles=20)
        engine = Engine(scenario, 32)
        engine.reset(0)
        taxed = np.zeros(32, dtype=np.int64)
        for _ in range(10):
            engine.step(np.full(engine.buffers.actions.shape, -0.3, np.float32))
            award, world = engine.state.award, engine.world
            due = np.maximum(award.pays, 0) // 4
            np.testing.assert_array_equal(world.tax.taken, due)
            taxed += due.sum(axis=1)
            earned = (award.worth - award.pays - due) / 1e6
            np.testing.assert_allclose(engine.buffers.rewards, earned, atol=1e-9, rtol=0)
            np.testing.assert_array_equal(world.ledger.balances[:, 1], taxed)  # the treasury
            np.testing.assert_array_equal(world.ledger.balances.sum(axis=1), world.ledger.minted)
        names = econo_env.vector_env(scenario).observation_names
        assert names[-1] == "tax_taken"
    with pytest.raises(ValueError, match="unknown part of the economy 'tax'"):
        econo_env.load("first_price_v0", economy=ECONOMY)


def test_its_machine_code_is_read_back_by_another_process(tmp_path):
    program = (
        "import numpy as np, econo_env\nfrom tests.outside.tax import PART\n"
        "econo_env.register_part(PART)\n"
        f"envs = econo_env.vector_env('first_price_v0', 2, economy={ECONOMY!r})\n"
        "envs.reset(0)\nenvs.step(np.zeros_like(envs.engine.buffers.actions))\n"
        "stats = envs.engine._kernels.run.stats\n"
        "print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"ECONO_ENV_CACHE": str(tmp_path), "PATH": "", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for _ in range(2)
    ]
    assert told == [["0", "1"], ["1", "0"]]


def test_what_is_no_part_is_refused():
    with pytest.raises(TypeError, match="is no part of the economy"):
        econo_env.register_part("tax")
    with pytest.raises(ValueError, match="'ledger' is there already"):
        econo_env.register_part(replace(PART, name="ledger"))

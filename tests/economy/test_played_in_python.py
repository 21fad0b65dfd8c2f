"""Economies of many parts, recomputed: in plain Python they are played in less time than it takes to compile them."""

import os
import subprocess
import sys

import pytest

from tests.economy.played import ROOT

MODULES = (
    "lasting/evidence_played",
    "lasting/insured_played",
    "lasting/short_played",
    "lasting/withdrawal_played",
    "staking/newcomers_played",
    "staking/reputation_played",
    "stages_played",
)


@pytest.mark.parametrize("module", MODULES)
def test_what_parts_do_together_is_what_is_said_of_them(module):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", f"tests/economy/{module}.py"],
        check=False,
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr

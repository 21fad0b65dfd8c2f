"""Random economies around every auction, under random play: money is conserved, nothing costs more than was exposed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.economy.random_economies import IDS

ROOT = Path(__file__).parents[2]


def held(seeds):
    """The last line of a search in plain Python, which needs no compilation."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.economy.random_economies", str(seeds)],
        check=False,
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def test_an_economy_around_every_rule_holds():
    assert held(1) == f"{len(IDS)} random economies hold"


@pytest.mark.slow
def test_many_random_economies_hold():
    assert held(40) == f"{40 * len(IDS)} random economies hold"

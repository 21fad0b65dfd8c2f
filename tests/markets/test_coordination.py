"""The coordination market, and breakers around sales that go on: cases in plain Python, faster than compiling them."""

import os
import subprocess
import sys
from pathlib import Path

CASES = (
    "tests/markets/coordination_cases.py",
    "tests/markets/coordination_queue_cases.py",
    "tests/markets/coordination_reserve_cases.py",
    "tests/economy/breakers/work_cases.py",
    "tests/economy/breakers/sale_cases.py",
)
ROOT = Path(__file__).parents[2]


def test_every_auction_type_is_what_it_is_recomputed_to_be():
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-n",
            "0",
            *CASES,
        ],
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

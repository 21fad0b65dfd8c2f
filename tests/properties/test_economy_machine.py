"""A random machine finds no violation in random economies, and every fault that is planted for it."""

import os
import re
import subprocess
import sys

import pytest

from tests.economy.played import ROOT


def machine(*words, compiled=False):
    """What the machine says."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.properties.economy_machine", *map(str, words)],
        check=False,
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "0" if compiled else "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def operations(said):
    return int(re.match(r"(\d+) operations", said)[1])


def test_a_hundred_thousand_random_operations_break_no_invariant():
    said = machine(100_000, 0, 8)
    assert operations(said) >= 100_000, said
    for part in ("staking", "default", "reputation", "enforcement", "breakers", "contracts", "lasting_contracts"):
        assert part in said, f"{part} was never drawn"


@pytest.mark.slow
def test_ten_million_random_operations_break_no_invariant():
    said = machine(9_000_000, 1, 1500, compiled=True)
    assert operations(said) >= 9_000_000, said
    said = machine(1_000_000, 2, 8)
    assert operations(said) >= 1_000_000, said


@pytest.mark.slow
def test_every_planted_fault_is_found():
    said = machine("bugs")
    assert "MISSED" not in said
    assert said.count("found  ") >= 19

"""Each part of the economy has a small scenario of its own, a page, and a row in the table of docs/economy.md."""

import os
import subprocess
import sys

import pytest

import econo_env
from econo_env.economy.part import PARTS
from econo_env.settings import SettingsError
from tests.economy.part_table import BASE, BREAKERS, PAGES, ROOT, SCENARIOS, anchors, load, stands_on, table

DOCS = ROOT / "docs"


@pytest.mark.parametrize("name", sorted(PARTS.rows()))
def test_a_part_has_a_small_scenario_in_which_is_only_what_it_stands_on(name):
    scenario = load(name)
    there = set(scenario.economy or {})
    assert name in there
    assert there <= BASE | stands_on(name, scenario)
    page, _, section = PAGES[name].partition("#")
    assert not section or section in anchors(DOCS / page)
    assert name in (DOCS / page).read_text()


def test_the_page_has_the_table():
    assert table() in (DOCS / "economy.md").read_text(), "python -m tests.economy.part_table prints it"
    assert set(PAGES) == set(PARTS.rows())


def test_the_flagship_takes_every_part_but_those_that_say_why_not():
    """Left out are other ways to end a contract, what ranks bids by weights, and what changes only what it is told."""
    full, flagship = econo_env.load(SCENARIOS / "task_market_every_part.yaml"), econo_env.load("task_market_v1")
    assert full.replace(id=flagship.id, economy=flagship.economy) == flagship
    refused = set()
    for name in set(PARTS.rows()) - set(full.economy):
        with pytest.raises(SettingsError):
            full.replace(economy={**full.economy, name: {}})
        refused.add(name)
    lasting = {"lasting_contracts", "withdrawal", "appeals", "replication"}
    assert refused == lasting | {"default", "weighting", "pricing", "regimes"}


@pytest.mark.parametrize(("key", "file"), BREAKERS.items())
def test_each_breaker_is_shown_in_a_scenario(key, file):
    section = econo_env.load(SCENARIOS / f"{file}.yaml").economy["breakers"]
    assert section.model_dump()[key]


def test_parts_are_sound_seen_and_moved_in_scenarios_of_their_own():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "tests/economy/part_cases.py"]
    env = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

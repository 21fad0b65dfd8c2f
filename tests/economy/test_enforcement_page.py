"""The page of enforcement names tests that exist, and every rule of it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "enforcement.md").read_text()


def test_named_tests_exist():
    file, found = "", 0
    for said, name in re.findall(r"`([\w/]*(?:\.py)?)::(\w+)`", PAGE):
        file = said or file
        path = ROOT / file if file.startswith("tests/") else ROOT / "tests/economy" / file
        assert f"def {name}(" in path.read_text(), (file, name)
        found += 1
    assert found > 25


def test_every_rule_has_its_paragraph():
    for name in (
        "slashing",
        "deterrence",
        "unbonding",
        "downtime",
        "standing",
        "change_detector",
        "trust",
        "testimony",
        "entry_dues",
    ):
        assert f"`{name}.py`" in PAGE
    for name in ("insurance", "credit", "multipliers", "screens", "naive"):
        assert f"`{name}.py`" in PAGE

"""What `make test-lowest` installs is what pyproject.toml declares."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
NEWER = {"torch"}
"""Tested above the bound; constraints-lowest.txt says why."""
LEFT_OUT = {"dev", "parquet", "openspiel", "wandb", "mlflow", "trackio", "sweep"}
"""Extras that the tests do not need."""


def declared():
    """The lowest version of everything that users and tests import, as pyproject.toml declares it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [
        line for name, lines in project["optional-dependencies"].items() if name not in LEFT_OUT for line in lines
    ]
    lowest = {}
    for wanted in map(Requirement, project["dependencies"] + extras):
        bounds = [Version(s.version) for s in wanted.specifier if s.operator in (">=", "==")]
        if wanted.name != project["name"]:
            (lowest[wanted.name],) = bounds
    return lowest


def pinned():
    """The versions of constraints-lowest.txt."""
    lines = (ROOT / "constraints-lowest.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {pin.name: Version(str(pin.specifier).removeprefix("==")) for pin in pins}


def test_the_lowest_versions_are_the_declared_ones():
    pins, bounds = pinned(), declared()
    assert pins.keys() == bounds.keys()
    assert {name: pins[name] for name in bounds if name not in NEWER} == {
        name: bounds[name] for name in bounds if name not in NEWER
    }
    assert all(pins[name] > bounds[name] for name in NEWER)

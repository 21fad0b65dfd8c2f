"""The planted faults: one TOML file an area, one `[[mutant]]` each, checked before anything runs.

    [[mutant]]
    name = "stake must exceed the requirement"
    file = "econo_env/economy/eligibility.py"
    old = "free_stake >= required"       # must occur exactly once in the file
    new = "free_stake > required"
    tests = ["tests/properties/test_boundaries.py::test_eligibility_holds_at_its_limits_and_not_below"]

`jit = true` runs the tests compiled: where plain Python would take longer, or is not what is claimed. `equivalent`
holds the argument why no user can tell the fault from the rule; such an entry is planted too and may survive.
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CATALOGUES = Path(__file__).parent
KEYS = {"name", "file", "old", "new", "tests", "jit", "equivalent"}


@dataclass(frozen=True)
class Mutant:
    """One planted fault.

    Attributes:
        area: Name of its catalogue.
        name: What is wrong then.
        file: The file it stands in, from the root of the project.
        old: The text it replaces, which occurs once.
        new: What stands there instead.
        tests: Test ids of which at least one must fail.
        jit: Whether the tests run compiled.
        equivalent: Why nobody can tell; empty for a fault that must be noticed.
    """

    area: str
    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    jit: bool = False
    equivalent: str = ""

    @property
    def label(self) -> str:
        """Area and name: unique."""
        return f"{self.area}: {self.name}"

    def planted(self, text: str) -> str:
        """The file's text with the fault.

        Raises:
            ValueError: The text to replace does not occur exactly once.
        """
        count = text.count(self.old)
        if count != 1:
            raise ValueError(f"{self.label}: its `old` text occurs {count} times in {self.file}, once is needed")
        return text.replace(self.old, self.new)

    def digest(self, root: Path) -> str:
        """Changes with the entry, the file it stands in and the tests that judge it."""
        files = [self.file, *sorted({test.split("::")[0] for test in self.tests})]
        known = hashlib.blake2b(repr(self).encode(), digest_size=10)
        for file in files:
            known.update((root / file).read_bytes())
        return known.hexdigest()


def read_catalogues(folder: Path = CATALOGUES) -> list[Mutant]:
    """Every entry of every area.

    Raises:
        ValueError: A key is missing, unknown or of no use, or a label occurs twice.
    """
    found = []
    for path in sorted(folder.glob("*.toml")):
        for entry in tomllib.loads(path.read_text())["mutant"]:
            wrong = (KEYS ^ set(entry)) - {"jit", "equivalent"}
            if wrong or not entry["tests"] or entry["old"] == entry["new"]:
                raise ValueError(f"{path.name}: entry {entry.get('name')!r}: keys {sorted(wrong)}, or nothing to do")
            found.append(Mutant(path.stem, **{**entry, "tests": tuple(entry["tests"])}))
    labels = [mutant.label for mutant in found]
    twice = {label for label in labels if labels.count(label) > 1}
    if twice:
        raise ValueError(f"entries of one name: {sorted(twice)}")
    return found


def faults_of(mutant: Mutant, root: Path = ROOT) -> list[str]:
    """What keeps an entry from being planted and judged: a moved snippet, a test that is gone."""
    faults = []
    try:
        mutant.planted((root / mutant.file).read_text())
    except (OSError, ValueError) as error:
        faults.append(str(error))
    for test in mutant.tests:
        path, _, name = test.partition("::")
        function = name.split("[")[0].split("::")[-1]
        there = rf"^ *(def {re.escape(function)}\(|class {re.escape(function)}\b)"
        if not (root / path).is_file() or not re.search(there, (root / path).read_text(), re.MULTILINE):
            faults.append(f"{mutant.label}: there is no test {test}")
    return faults

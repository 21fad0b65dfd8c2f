"""docs/mutants.md: the planted faults of ledger, stake, reputation and breakers, and the tests that fall.

python -m tests.mutants.page > docs/mutants.md
"""

from collections.abc import Iterable

from tests.mutants.catalogue import Mutant, read_catalogues

AREAS = ("economy", "enforcement", "lasting", "breakers")
"""Catalogues of the page: ledger, contracts and reputation; stake that moves, slashes, evidence; work; halts."""
_HEAD = """# Planted faults of the economy

Each line is a fault that `make mutants` plants in a copy of the project, alone, and the test that must fall. They are
those of ledger, stake, contracts, reputation and breakers; the catalogues of all areas are `tests/mutants/*.toml`.
`make mutants` says which fall; at least 95 % have to, and what survives must be argued to make no difference.

A random machine looks for more: `tests/properties/economy_machine.py` drives random economies by random commands,
snapshots, forks, resets and levers among them, and checks every invariant after every tick
(`tests/properties/test_economy_machine.py`). Ten million operations (`10000000 1 1500`: 25 economies) take five minutes
of a core, nearly all of it to compile them, and break none.
`NUMBA_DISABLE_JIT=1 python -m tests.properties.economy_machine bugs` plants faults for it and says which it finds.

This page is written by `python -m tests.mutants.page > docs/mutants.md`.
"""


def row(mutant: Mutant) -> str:
    """A line of the table."""
    name, test = mutant.name.replace("|", "\\|"), mutant.tests[0].replace("|", "\\|")
    return f"| {name} | `{mutant.file}` | `{test}` |"


def page(mutants: Iterable[Mutant]) -> str:
    """The whole page, by area."""
    parts, known = [_HEAD], list(mutants)
    for area in AREAS:
        rows = [row(mutant) for mutant in known if mutant.area == area]
        parts.append(f"## {area.capitalize()}: {len(rows)}\n\n| fault | in | test that falls |\n| --- | --- | --- |")
        parts[-1] += "\n" + "\n".join(rows) + "\n"
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(read_catalogues()), end="")

"""The page of known answers: its tests exist, its fractions are right, nothing is left out."""

import ast
import re
from pathlib import Path

import pytest

from econo_env.mechanisms import mechanisms

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "known_answers.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith(("| ---", "| known answer"))
]
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))
EQUALITIES = re.findall(r"(?<![\w./])(\d+)/(\d+) = (\d+\.\d+)", PAGE)


def functions_in(path):
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_named_test_exists(file, name):
    assert name.startswith("test_")
    assert (TESTS / file).is_file(), f"tests/{file} is named on the page"
    assert name in functions_in(TESTS / file), f"tests/{file} has no {name}"


def test_every_line_has_an_answer_a_number_and_a_test():
    assert len(ROWS) > 80
    for row in ROWS:
        assert len(row) == 3, row
        assert all(row), row
        assert row[2] == "the same" or re.fullmatch(r"`[\w/]+\.py::\w+`(, `[\w/]+\.py::\w+`)*", row[2]), row


def test_fractions_equal_their_decimals():
    assert len(EQUALITIES) > 15
    for above, below, decimal in EQUALITIES:
        places = len(decimal.split(".")[1])
        assert round(int(above) / int(below), places) == float(decimal), f"{above}/{below} = {decimal}"


@pytest.mark.parametrize("name", mechanisms())
def test_every_mechanism_has_a_known_answer_here(name):
    assert f"`{name}`" in PAGE


def test_every_file_of_known_answers_is_named():
    files = {f"known_answers/{path.name}" for path in (TESTS / "known_answers").glob("test_*.py")}
    assert files - {"known_answers/test_page.py"} <= {file for file, _ in NAMED}


def test_every_trap_has_a_test():
    assert {int(number) for number in re.findall(r"^\| (\d+)\. ", PAGE, re.MULTILINE)} == set(range(1, 13))

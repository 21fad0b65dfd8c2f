"""The page of mechanisms says what the rows of the table say."""

from pathlib import Path

import pytest

from econo_env.mechanisms import mechanisms

PAGE = (Path(__file__).parent.parent / "docs" / "mechanisms.md").read_text()


def line_of(row):
    return f"| `{row.name}` | {row.market.replace('_', ' ')} | {row.summary} | {'; '.join(row.properties)} |"


NAMED = [line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize("name", NAMED)
def test_the_page_says_of_a_mechanism_what_its_row_says(name):
    assert line_of(mechanisms()[name]) in PAGE


def test_the_page_is_about_most_mechanisms():
    # a new mechanism is one file and asks for no line here
    assert len(NAMED) == len(set(NAMED)) >= 20

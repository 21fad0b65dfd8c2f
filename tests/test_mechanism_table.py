"""The page of mechanisms has every rule in its own words; what it says of properties is in tests/properties."""

from pathlib import Path

import pytest

from econo_env.mechanisms import mechanisms

PAGE = (Path(__file__).parent.parent / "docs" / "mechanisms.md").read_text()


@pytest.mark.parametrize("name", mechanisms())
def test_the_page_says_of_a_mechanism_what_its_row_says(name):
    row = mechanisms()[name]
    assert f"| `{name}` | {row.market.replace('_', ' ')} | {row.summary} |" in PAGE

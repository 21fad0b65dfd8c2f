"""The page of contracts that last: its code runs, its tests exist, its scenario is the one it shows."""

import re
from pathlib import Path

import yaml

import econo_env

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "contracts.md").read_text()


def test_the_code_of_the_page_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    exec(re.search(r"<!-- run -->\n```python\n(.*?)```", PAGE, re.DOTALL).group(1), {})


def test_the_section_of_the_page_is_that_of_the_scenario():
    shown = yaml.safe_load(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL).group(1))["economy"]["lasting_contracts"]
    scenario = econo_env.load(ROOT / "configs/scenarios/task_market_lasting.yaml")
    own = scenario.contracts.model_dump()
    assert {key: own[key] for key in shown} == shown


def test_tests_that_the_page_names_exist():
    file, found = "", 0
    for said, name in re.findall(r"`([\w/]*(?:\.py)?)::(\w+)`", PAGE):
        file = said or file
        assert f"def {name}(" in (ROOT / file).read_text(), (file, name)
        found += 1
    assert found >= 5

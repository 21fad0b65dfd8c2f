"""The page on the economy: its scenario is taken as it stands, its commands run, its table lists every part."""

import re
import shlex
from pathlib import Path

from typer.testing import CliRunner

from econo_env.economy.part import PARTS
from econo_env.training.cli import build

PAGE = (Path(__file__).parents[2] / "docs" / "economy.md").read_text()


def test_the_page_runs_word_for_word(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (path, text), commands = re.search(r"<!-- file: (\S+) -->\n```yaml\n(.*?)```", PAGE, re.DOTALL).groups(), []
    (tmp_path / path).write_text(text)
    for line in re.search(r"```sh\n(.*?)```", PAGE, re.DOTALL).group(1).splitlines():
        done = CliRunner().invoke(build(), shlex.split(line)[1:])
        assert done.exit_code == 0, (line, done.output, done.exception)
        commands.append(done.stdout)
    for word in ("free_money", "reputation", "eligible"):
        assert word in commands[0]


def test_every_part_is_on_the_page():
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(PARTS.rows())


def test_the_example_of_levers_runs_word_for_word():
    exec(re.search(r"<!-- run -->\n```python\n(.*?)```", PAGE, re.DOTALL).group(1), {})

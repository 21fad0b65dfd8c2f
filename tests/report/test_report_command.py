"""`econo-env report` as a user meets it."""

import json

import pytest

from econo_env.training.commands.report import report
from econo_env.training.report import gather
from tests.report.conftest import EFFORT


@pytest.fixture
def evaluation(auction_run, tmp_path):
    path = tmp_path / "judged.json"
    path.write_text(json.dumps(gather(auction_run, effort=EFFORT).document))
    return path


def test_the_page_stands_beside_the_file_and_its_path_is_printed(evaluation, capsys):
    copy = evaluation.with_name("copy.json")
    report(str(evaluation), out=None, seed=0, json_file=copy)
    page = evaluation.with_suffix(".html")
    assert capsys.readouterr().out.strip() == str(page)
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert json.loads(copy.read_text()) == json.loads(evaluation.read_text())


def test_a_user_mistake_is_one_sentence_and_status_2(tmp_path):
    import subprocess
    import sys

    command = [sys.executable, "-m", "econo_env.training.cli", "report", str(tmp_path / "nothing")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "there is no run" in run.stderr
    assert "Traceback" not in run.stderr

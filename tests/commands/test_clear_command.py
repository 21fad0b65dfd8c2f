"""The command `clear`: text on the terminal, JSON in a file, status 2 for a user's mistake."""

import json
import subprocess
import sys

import pytest


def run(*arguments):
    command = [sys.executable, "-m", "econo_env.training.cli", "clear", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_file_is_cleared_and_explained(tmp_path):
    market, result = tmp_path / "market.yaml", tmp_path / "cleared.json"
    market.write_text("{mechanism: {name: second_price, reserve: 0.0}, bids: [0.4, 0.9, 0.7]}\n")
    done = run(market, "--json", result)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("second_price: The highest weighted bids win")
    assert "bidder_1 wins: highest bid 0.9; pays 0.7, the best losing bid (bidder_2)" in done.stdout
    assert "welfare 0.9 of at most 0.9 (optimal), revenue 0.7" in done.stdout
    document = json.loads(result.read_text())
    assert document["winners"] == [1]
    assert document["payments"] == [0.0, 0.7, 0.0]
    assert document["gap"] == 0.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{mechanism: {name: no_price}, bids: [1]}", "unknown mechanism 'no_price'"),
        ("[1, 2]", "holds no mapping"),
        ("{a: [", "is not readable YAML"),
        (None, "there is no market file"),
    ],
)
def test_mistakes_end_with_status_2_and_no_traceback(tmp_path, text, said):
    market = tmp_path / "market.yaml"
    if text is not None:
        market.write_text(text)
    done = run(market)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1

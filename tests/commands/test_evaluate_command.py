"""The command `evaluate`: a table on the terminal, JSON in a file, status 2 for a user's mistake."""

import json
import subprocess
import sys

import pytest

from econo_env.training.seeds import parsed_seeds


def run(*arguments):
    command = [sys.executable, "-m", "econo_env.training.cli", "evaluate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_policy_is_judged_beside_the_baselines(tmp_path):
    result = tmp_path / "evaluation.json"
    options = ("--scenario", "second_price_v0", "--seeds", "0-2", "--markets", 100, "--json", result)
    done = run("truthful", *options)
    assert done.returncode == 0, done.stderr
    table = {line.split(" (")[0]: line for line in done.stdout.splitlines()}
    assert "truthful in second_price_v0, 3 seeds, 100 markets each" in done.stdout
    assert table["regret_mean"].split()[2] == "0"
    assert "best deviation of bidder_0, bidder_1 in one tick: mean gain 0, 0.00% of its own utility" in done.stdout
    document = json.loads(result.read_text())
    assert document["seeds"] == [0, 1, 2]
    assert document["metrics"]["normalised_efficiency"]["mean"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("truthful",), "belongs to no scenario"),
        (("truthful", "--against", "shading"), "belongs to no scenario"),
        (("truthful", "--against", "shading", "--mix", "random=1"), "not both"),
        (("none.py:Mine", "--scenario", "first_price_v0"), "there is no file 'none.py'"),
        (("truthful", "--scenario", "third_price_v0"), "unknown scenario"),
        (("truthful", "--scenario", "first_price_v0", "--seeds", "a"), "give numbers from 0"),
    ],
)
def test_mistakes_end_with_status_2_and_no_traceback(arguments, said):
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("text", "seeds"), [("3", [3]), ("0,2", [0, 2]), ("0-3,9", [0, 1, 2, 3, 9])])
def test_seeds_are_lists_and_ranges(text, seeds):
    assert parsed_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "1,", "-1", "1-", "a-b", "1.5", "3-1", "0-99999999999999"])
def test_other_seeds_are_refused(text):
    with pytest.raises(ValueError, match=r"give numbers|at most 100,000"):
        assert parsed_seeds(text) == "refused"

"""What the documents show is run word for word."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PLAY_THE_NEW_MECHANISM = """
import gymnasium
import numpy as np
import econo_env
from econo_env.policies import make_policy
assert "third_price_v0" in econo_env.scenarios()
outcome = econo_env.mechanisms.clear("third_price", [0.4, 0.9, 0.7, 0.1])
assert outcome.winners == [1] and outcome.payments[1] == 0.4, outcome
scenario = econo_env.load("third_price_v0", num_agents=5)
envs = econo_env.vector_env(scenario, 40_000)
observations, infos = envs.reset(0)
values = envs.engine.state.values / 1e6
actions = make_policy("equilibrium", scenario).act(observations, infos["action_mask"])
assert np.allclose((1.0 + actions[..., 0]) * values, 4 * values / 3, atol=1e-4)
envs.engine.autoreset = False
envs.step(actions)
revenue = envs.engine.state.award.pays.sum(axis=1) / 1e6
gymnasium.make("econo/third_price-v0").reset(seed=0)
print(abs(revenue.mean() - 4 / 6) / (revenue.std() / 200))
"""

PLAY_THE_NEW_MARKET = """
import econo_env
from econo_env.market import market_of
from econo_env.policies import make_policy
assert "pivotal_v0" in econo_env.scenarios()
scenario = econo_env.load("pivotal_v0", num_agents=2)
envs = econo_env.vector_env(scenario, 40_000, autoreset=False)
observations, infos = envs.reset(0)
types = market_of(scenario).types.now(scenario, envs.engine.state)
observations, rewards, *_ = envs.step(make_policy("truthful", scenario).act(observations, infos["action_mask"]))
worth = market_of(scenario).welfare(scenario, envs.engine.state, types)
assert (worth.realised["value"] == worth.optimal["value"]).all(), "efficient"
assert abs(rewards.sum(axis=1) + worth.revenue - worth.created).max() < 1e-9, "the books balance"
for found, known in ((worth.realised["value"], 1 / 6), (worth.revenue, 1 / 12)):
    print(abs(found.mean() - known) / (found.std() / 200))
"""


def block_of(document, path):
    text = (ROOT / document).read_text()
    return re.search(rf"<!-- file: {re.escape(path)} -->\n```python\n(.*?)```", text, re.DOTALL).group(1)


def test_the_mechanism_of_the_contributors_page_works_as_one_file(tmp_path):
    source = block_of("CONTRIBUTING.md", "econo_env/mechanisms/third_price.py")
    assert len(source.splitlines()) <= 80
    package = tmp_path / "econo_env"
    shutil.copytree(ROOT / "econo_env", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "mechanisms" / "third_price.py").write_text(source)
    run = subprocess.run(
        [sys.executable, "-c", PLAY_THE_NEW_MECHANISM], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert float(run.stdout) < 4.0, "revenue (n - 1) / (n + 1) within four standard errors"


def test_the_kind_of_market_of_the_contributors_page_works_as_one_file(tmp_path):
    package = tmp_path / "econo_env"
    shutil.copytree(ROOT / "econo_env", package, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ("mechanisms/pivotal.py", "markets/public_good.py"):
        source = block_of("CONTRIBUTING.md", f"econo_env/{path}")
        assert len(source.splitlines()) <= 150
        (package / path).write_text(source)
    run = subprocess.run(
        [sys.executable, "-c", PLAY_THE_NEW_MARKET], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert max(map(float, run.stdout.split())) < 4.0, "welfare 1/6 and 1/12 paid beyond the cost"


@pytest.mark.parametrize("path", ["mechanisms/third_price.py", "mechanisms/pivotal.py", "markets/public_good.py"])
def test_what_the_contributors_page_shows_passes_lint(tmp_path, path):
    shown = block_of("CONTRIBUTING.md", f"econo_env/{path}")
    path = tmp_path / "shown.py"
    path.write_text(shown)
    run = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("document", ["README.md", "docs/apis.md"])
def test_python_examples_run(document):
    text = (ROOT / document).read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    run = subprocess.run([sys.executable, "-c", "\n".join(blocks)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr

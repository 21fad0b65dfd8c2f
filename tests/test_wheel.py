"""Installed from a wheel, the package works in a project that has `policies/` and `training/` folders of its own."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TINY = (
    "total_timesteps=512", "learner.num_markets=8", "learner.batch_size=32", "learner.net_arch=[8]",
    "evaluation.every=512", "evaluation.early=0", "evaluation.num_markets=16", "checkpoints.every=512",
)  # fmt: skip
OURS_AND_THEIRS = """
import sys
import policies, training
from econo_env.policies import make_policy
from econo_env.training.evaluation import evaluate
import policies.base
assert policies.OWN and policies.base.OWN and training.OWN
files = [module.__file__ for name, module in sys.modules.items() if name.startswith("econo_env.")]
assert len(files) == len(set(files)) and all(file.startswith(sys.prefix) for file in files), "one copy, from the wheel"
found = evaluate("truthful", "second_price_v0", seeds=range(2), markets=16, regret=False, baselines=())
assert found.metrics["efficiency"].mean == 1.0
"""

pytestmark = pytest.mark.slow


def run(*words, folder, path=""):
    environment = {**os.environ, "PYTHONPATH": str(path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        list(map(str, words)), cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    path = os.environ.get("PYTHONPATH", "")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=ROOT, path=path)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def programs(wheel, tmp_path_factory):
    """Programs of an environment with the wheel, which sees the libraries of this one but not the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--quiet", wheel, folder=folder)
    installed = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip()
    # a line of a .pth file adds a folder, without that folder's own .pth files, of which one leads to the checkout
    (Path(installed) / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return python.parent


@pytest.fixture
def project(tmp_path):
    """A user's project with packages of these names."""
    for package in ("policies", "training"):
        (tmp_path / package).mkdir()
        for module in ("__init__", "base", "cli", "evaluation", "config"):
            (tmp_path / package / f"{module}.py").write_text("OWN = True\n")
    return tmp_path


def test_the_wheel_takes_one_name_and_holds_every_file(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in held}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"econo_env"}
    places = {
        "policies": "econo_env/policies",
        "training": "econo_env/training",
        "configs": "econo_env/training/configs",
    }
    for folder, place in places.items():
        files = [file for file in (ROOT / folder).rglob("*.*") if file.is_file() and file.suffix != ".pyc"]
        assert len(files) > 5
        assert {f"{place}/{file.relative_to(ROOT / folder)}" for file in files} <= held


def test_the_command_trains_and_judges_in_a_users_project(programs, project):
    """Whether the project's folder is on the path or not."""
    run(programs / "econo-env", "train", "first_price", *TINY, "--out", "run", folder=project, path=project)
    assert (project / "run" / "config.yaml").is_file()
    asked = ("run", "--seeds", "0-1", "--json", "judged.json")
    run(programs / "econo-env", "evaluate", *asked, folder=project)
    judged = json.loads((project / "judged.json").read_text())
    assert judged["scenario"] == "first_price_v0"
    assert judged["baselines"]["equilibrium"]["efficiency"]["mean"] == 1.0


def test_python_finds_ours_and_the_users(programs, project):
    run(programs / "python", "-c", OURS_AND_THEIRS, folder=project)


def test_the_python_of_the_readme_runs(programs, project):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    run(programs / "python", "-c", "\n".join(blocks), folder=project)

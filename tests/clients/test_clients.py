"""Other projects' trainers run on our markets, each in an environment of its own with the versions pinned beside.

The first run builds the environments, minutes each; `ECONO_ENV_CLIENTS` names the folder that keeps them.
"""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

HERE = Path(__file__).parent
BOTH = ("first_price_v0", "task_market_v1")
RECIPES = {  # by client, a recipe of examples, by scenario the least share of what its rivals' own play earns
    "sb3": {
        "sb3_ppo": dict.fromkeys(BOTH, 0.95),
        "torch_ppo": dict.fromkeys(BOTH, 0.95),
        "sb3_contrib_ppo": dict.fromkeys(BOTH, 0.9),
    },
    "torchrl": {"torchrl_ppo": dict.fromkeys(BOTH, 0.95)},
    "benchmarl": {"benchmarl_ippo": {"first_price_v0": 0.9, "task_market_v1": 0.65}},
    "agilerl": {"agilerl_ippo": dict.fromkeys(BOTH, 0.9)},
    "rllib": {"rllib_ppo": dict.fromkeys(BOTH, 0.9)},
}
GAINED = 0.2
"""By how much the share must be above that of the untrained network, where a recipe tells it."""
ROOT = HERE.parent.parent
KEPT = Path(os.environ.get("ECONO_ENV_CLIENTS", ROOT / ".clients"))
CLIENTS = ("torchrl", "benchmarl", "agilerl", "sb3", "rllib", "trackers")
SCENARIOS = ("first_price_v0", "task_market_v0", "english_v0", "combinatorial_v1")
OURS = ("numba==0.68.1", "pydantic==2.14.3", "pyyaml==6.0.3", "scipy==1.17.1", "typer==0.29.2", "rich==15.0.0")
ALONE = {
    "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}",
    "OMP_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
}

pytestmark = pytest.mark.slow


def interpreter(client):
    """Python of the client's environment, made where it is not there or its pins have changed."""
    requirements = HERE / "requirements" / f"{client}.txt"
    folder, python = KEPT / client, KEPT / client / "bin" / "python"
    stamp, pins = folder / ".pins", hashlib.sha256(requirements.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != pins:
        venv.create(folder, with_pip=True, clear=True)
        install = [python, "-m", "pip", "install", "--quiet"]
        subprocess.run([*install, "torch==2.13.0"], check=True)  # first: a range would bring the CUDA build
        subprocess.run([*install, "-r", requirements, *OURS], check=True)
        stamp.write_text(pins)
    return python


@pytest.mark.parametrize("client", CLIENTS)
def test_the_client_trains_on_what_the_markets_saw(client):
    run = subprocess.run(
        [interpreter(client), HERE / f"run_{client}.py", *SCENARIOS],
        env=os.environ | ALONE,
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    sys.stdout.write(run.stdout)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-4000:]
    reported = [line for line in run.stdout.splitlines() if line.startswith(client)]
    assert [s for s in SCENARIOS if not any(s in line.split() for line in reported)] == [], run.stdout[-2000:]


@pytest.mark.parametrize(("client", "recipe"), [(client, recipe) for client in RECIPES for recipe in RECIPES[client]])
def test_the_recipe_reaches_its_figure(client, recipe):
    """What seat 0 has learned earns against rivals who play by theory, as a share of theirs; one scenario has bans."""
    least = RECIPES[client][recipe]
    run = subprocess.run(
        [interpreter(client), ROOT / "examples" / f"{recipe}.py", *least],
        env=os.environ | ALONE,
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    sys.stdout.write(run.stdout)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-4000:]
    lines = [line.split() for line in run.stdout.splitlines() if "share_earned=" in line]
    assert {line[1] for line in lines} == set(least)
    for line in lines:
        figures = {name: float(value) for name, _, value in (word.partition("=") for word in line[2:])}
        assert figures["share_earned"] >= least[line[1]], line
        assert not figures["share_earned"] - figures["untrained"] < GAINED, line  # NaN where nothing is told

"""A package from outside as docs/your_own.md shows it: used from the command line, and its compiled code kept."""

import json
import os
import shlex
import subprocess
import sys
import tomllib

import pytest

from tests.outside.blocks import ROOT, commands_in, shown_in

COMMANDS = """
import json, shlex, sys
from typer.testing import CliRunner
from econo_env.training.cli import build
said = {}
for line in sys.argv[1:]:
    done = CliRunner().invoke(build(), shlex.split(line)[1:])
    assert done.exit_code == 0, (line, done.output, done.exception)
    said[line] = done.stdout
json.dump(said, open("said.json", "w"))
"""

PLAY = """
import json, logging, sys
logging.basicConfig(level=logging.INFO, stream=sys.stderr)
import numpy as np
import econo_env
envs = econo_env.vector_env("pivotal_v0", 1, **{"mechanism.cost": 1.5})
envs.reset(seed=0)
envs.engine.autoreset = False
envs.step(np.array([[[-0.1], [-0.5], [-0.7]]], np.float32))  # reports 0.9, 0.5 and 0.3
print(json.dumps(np.round(envs.engine.state.award.pays[0] / 1e6, 6).tolist()))
"""


@pytest.fixture
def package(tmp_path_factory):
    """A folder as `pip install .` leaves it: the modules and what the package says of itself."""
    folder = tmp_path_factory.mktemp("installed")
    shown = shown_in("docs/your_own.md")
    market = {path.rsplit("/", 1)[1]: text for path, text in shown_in("CONTRIBUTING.md").items()}
    project = tomllib.loads(shown["pyproject.toml"])
    for module in project["tool"]["setuptools"]["py-modules"]:
        (folder / f"{module}.py").write_text((shown | market)[f"{module}.py"])
    about = project["project"]
    info = folder / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n")
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
        for group, points in about["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(groups))
    return folder


def run(program, *arguments, package, folder, **environment):
    """A program of a process that sees the package."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{package}{os.pathsep}{ROOT}"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_what_it_offers_is_used_from_the_command_line(package, tmp_path):
    for name, text in shown_in("docs/your_own.md").items():
        if name.endswith(".yaml"):
            (tmp_path / name).write_text(text)
    lines = commands_in("docs/your_own.md", "## In a package of your own")
    assert {shlex.split(line)[1] for line in lines} == {"scenarios", "describe", "clear", "evaluate", "train"}
    done = run(COMMANDS, *lines, package=package, folder=tmp_path)
    assert "left out" not in done.stderr
    said = json.loads((tmp_path / "said.json").read_text())
    listed = {line.split()[0]: line.split()[1] for line in said["econo-env scenarios"].splitlines()}
    assert listed["middle_price_v0"] == "sealed_bid"
    assert listed["pivotal_v0"] == "public_good"
    assert said["econo-env describe pivotal_v0"].startswith("# pivotal_v0\n")
    assert "{'name': 'triangle', 'width': 1.0}" in said["econo-env describe triangles.yaml"]
    read = {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    assert read["cleared"]["payments"] == [0.0, 0.8, 0.0]
    assert (read["good"]["payments"], read["good"]["explanation"]) == ([0.7, 0.5, 0.5], ["the good is built"])
    assert read["truth"]["metrics"]["efficiency"]["mean"] == 1.0
    assert read["truth"]["metrics"]["regret_worst"]["mean"] < 1e-6, "the truth is dominant"
    assert read["cautious"]["policy"] == "cautious"
    assert read["learned"]["scenario"] == "pivotal_v0"


def edited(package, old, new, file):
    text = (package / file).read_text()
    assert old in text
    (package / file).write_text(text.replace(old, new))


def test_its_compiled_code_is_kept_until_its_code_changes(package, tmp_path):
    def played():
        done = run(PLAY, package=package, folder=tmp_path, ECONO_ENV_CACHE=str(tmp_path / "cache"))
        kept = {path.parent.parent.name for path in (tmp_path / "cache").rglob("*.nbi")}
        return json.loads(done.stdout), "compiling public_good" in done.stderr, len(kept)

    assert played() == ([0.7, 0.5, 0.5], True, 1)
    assert played() == ([0.7, 0.5, 0.5], False, 1)
    edited(package, '"""All pay an equal share', '"""In other words, all pay a share', "pivotal.py")
    edited(package, "# rounded up: shares cover the cost", "# at least the cost", "pivotal.py")
    edited(package, "agents report what a good is worth to them", "agents say what they want", "public_good.py")
    assert played() == ([0.7, 0.5, 0.5], False, 1), "words"
    edited(package, "max(0, -others)", "2 * max(0, -others)", "pivotal.py")
    assert played() == ([0.9, 0.5, 0.5], True, 2), "the rule"
    edited(package, "params.highest + 0.5", "params.highest * 2.0 + 0.5", "public_good.py")
    assert played() == ([0.5, 0.5, 0.5], True, 3), "the market"

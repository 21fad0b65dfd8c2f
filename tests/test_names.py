"""One module, one copy: `policies` and `training`, as a checkout has them, are `econo_env.policies` and `.training`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

SHORT_FIRST = """
import pickle, sys
from policies import make_policy
from training.evaluation import evaluate
import policies.base, training.evaluation.metrics, training, policies
"""
LONG_FIRST = """
import pickle, sys
import econo_env.training.evaluation, econo_env.policies.reactive
"""
ONE_COPY = """
import policies, policies.reactive, training.evaluation.play
import econo_env.policies, econo_env.policies.base, econo_env.training.evaluation.play
assert policies is econo_env.policies and policies.reactive is econo_env.policies.reactive
assert policies.make_policy is econo_env.policies.base.make_policy
assert training.evaluation.play is econo_env.training.evaluation.play
for name, module in list(sys.modules.items()):
    short = name.split(".")[0] in ("policies", "training")
    own = sys.modules["econo_env." + name] if short else module
    assert module is own, name
    if name.startswith("econo_env."):
        assert module.__name__ == name == module.__spec__.name, (name, module.__name__, module.__spec__.name)
kind = type(policies.make_policy("truthful", econo_env.load("first_price_v0")))
assert kind.__module__ == "econo_env.policies.reactive"
assert pickle.loads(b"cpolicies.reactive\\n" + kind.__name__.encode() + b"\\n.") is kind, "a pickle by the short name"
"""


def python(*words, folder, path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def users_own(folder):
    """A project with packages of these names."""
    for package in ("policies", "training"):
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text("OWN = True\n")
        (folder / package / "base.py").write_text("OWN = True\n")
    return folder


@pytest.mark.parametrize("first", [SHORT_FIRST, LONG_FIRST], ids=["short", "long"])
def test_both_names_are_one_module(tmp_path, first):
    done = python("-c", f"{first}\nimport econo_env\n{ONE_COPY}", folder=tmp_path, path=[ROOT])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("order", ["import policies.base, training\n{}", "{}\nimport policies.base, training"])
def test_a_users_packages_stand_beside_a_checkout(tmp_path, order):
    ours = "from econo_env.policies import make_policy\nfrom econo_env.training.evaluation import evaluate"
    code = (
        f"{order.format(ours)}\nassert policies.OWN and policies.base.OWN and training.OWN\n"
        "assert make_policy.__module__ == 'econo_env.policies.base'\n"
        "assert evaluate.__module__.startswith('econo_env.training.evaluation')"
    )
    done = python("-c", code, folder=users_own(tmp_path), path=[tmp_path, ROOT])
    assert done.returncode == 0, done.stderr


def test_a_package_that_takes_the_name_later_keeps_it(tmp_path):
    code = (
        "import sys, policies.base\nours = policies.base\n"
        "for name in [name for name in sys.modules if name.split('.')[0] == 'policies']: del sys.modules[name]\n"
        f"sys.path.insert(0, {str(users_own(tmp_path))!r})\nimport policies.base\nassert policies.base.OWN\n"
        "import econo_env.policies.base\nassert econo_env.policies.base is ours"
    )
    done = python("-c", code, folder=ROOT, path=[ROOT])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["training", "econo_env.training"])
def test_the_command_line_runs_by_either_name(tmp_path, name):
    done = python("-m", f"{name}.cli", "scenarios", folder=tmp_path, path=[ROOT])
    assert done.returncode == 0, done.stderr
    assert "first_price_v0" in done.stdout


def test_a_module_that_is_not_there_is_named(tmp_path):
    done = python("-c", "import training.nothing", folder=tmp_path, path=[ROOT])
    assert "ModuleNotFoundError: No module named 'training.nothing'" in done.stderr

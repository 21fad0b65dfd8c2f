"""The rules of the house: imports run one way, files stay small, importing stays fast."""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("econo_env", "policies", "training")  # the latter two are econo_env.policies and econo_env.training
SOURCES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if package != "econo_env" or path.relative_to(ROOT / package).parts[0] not in PACKAGES  # links to the other two
]
ABOVE = {"policies", "training"}
VIEWS = {"interfaces", "telemetry", "audit"}
TOLD = VIEWS | {"clearing"}
LAYERS = {  # what a room of econo_env must not import
    "policies": {"training"},
    "training": set(),
    "engine": TOLD | {"markets", "mechanisms", "valuations", "economy", "equilibrium", "games", "catalogue", "market"},
    "mechanisms": TOLD | {"markets", "economy", "equilibrium", "catalogue", "market"},
    "valuations": TOLD | {"markets", "mechanisms", "economy", "equilibrium", "games", "catalogue", "market"},
    "games": TOLD | {"markets", "mechanisms", "economy", "equilibrium", "catalogue", "market"},
    "economy": TOLD | {"markets", "mechanisms", "equilibrium", "catalogue", "market"},
    "audit": TOLD - {"audit"} | {"markets", "mechanisms", "valuations", "equilibrium", "games", "catalogue", "market"},
    "equilibrium": TOLD | {"markets", "catalogue"},
    "markets": TOLD | {"catalogue"},
    "clearing": VIEWS | {"catalogue"},
    "telemetry": {"interfaces"},
}


BY_STRING = {"import_module", "find_spec", "resolve_name", "__import__"}


def asked(path, nodes=ast.walk):
    """What a file imports, by statement or by a string: a module, and the name that is taken of it if there is one."""
    for node in nodes(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name,) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from ((node.module, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and called(node.func) in BY_STRING:
            # of an f-string, what stands before its fields
            name = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
            if isinstance(name, ast.Constant):
                yield (name.value,)


def imported(path):
    """The names of all modules that a file imports."""
    return {name for names in asked(path) for name in names}


def at_run_time(node):
    """As `ast.walk`, but for what stands under `if TYPE_CHECKING`: of types alone nothing is run."""
    yield node
    for child in ast.iter_child_nodes(node):
        types_alone = isinstance(child, ast.If) and called(child.test) == "TYPE_CHECKING"
        for part in child.orelse if types_alone else [child]:
            yield from at_run_time(part)


def called(function):
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)


def room(path):
    """Where a file belongs inside econo_env: itself, its folder, or "" for the files at the top."""
    parts = path.relative_to(ROOT).parts
    inside = parts[1:] if parts[0] == "econo_env" else parts
    return inside[0] if len(inside) > 1 else "", "/".join(inside)


def upward(path):
    """The rooms above its own that a file imports."""
    own, file = room(path)
    rooms = {name.split(".")[1] for name in imported(path) if name.startswith("econo_env.")}
    return {(file, found) for found in rooms & LAYERS.get(own, set()) | rooms & (ABOVE if own not in ABOVE else set())}


def test_imports_run_one_way():
    assert {found for path in SOURCES for found in upward(path)} == set()


def module_name(path, root):
    parts = path.relative_to(root).with_suffix("").parts
    inside = parts if parts[0] == "econo_env" else ("econo_env", *parts)
    return ".".join(inside[:-1] if inside[-1] == "__init__" else inside)


def circles(sources, root=ROOT):
    """The files that lead back to themselves by their imports, by name, with the files next on the way.

    Tables look through their own package for rows, whatever files there are: they name the package by a string, which
    every file of it runs anyway, and no file.
    """
    files = {module_name(path, root): path for path in sources}
    onward = {}
    for name, path in files.items():
        by_name = [names for names in asked(path, at_run_time) if names[1:] or not name.startswith(f"{names[0]}.")]
        # of `from package import module` it is the module
        found = {next((part for part in reversed(names) if part in files), name) for names in by_name}
        onward[name] = found - {name}
    while True:  # takes out those that lead nowhere, and those that nobody leads to
        reached = set().union(*onward.values())
        kept = {name: {to for to in ways if to in onward} for name, ways in onward.items() if ways and name in reached}
        if kept == onward:
            return kept
        onward = kept


def test_no_file_leads_back_to_itself_by_its_imports():
    assert circles(SOURCES) == {}


def test_circles_are_found_in_functions_and_strings_and_not_in_types(tmp_path):
    texts = {
        "__init__": "from econo_env.low import words",
        "low": "import numpy",
        "one": "def late():\n    from econo_env import two",
        "two": "from importlib import import_module\nTHREE = import_module('econo_env.three')",
        "three": "from econo_env.one import late",
        "four": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from econo_env.one import late",
        "five": "from econo_env.one import late\nimport_module('econo_env')",
    }
    (tmp_path / "econo_env").mkdir()
    sources = [tmp_path / "econo_env" / f"{name}.py" for name in texts]
    for path in sources:
        path.write_text(texts[path.stem])
    ring = ["econo_env.one", "econo_env.two", "econo_env.three"]
    assert circles(sources, tmp_path) == {ring[0]: {ring[1]}, ring[1]: {ring[2]}, ring[2]: {ring[0]}}
    assert circles([path for path in sources if path.stem != "two"], tmp_path) == {}


def test_modules_are_imported_by_their_own_name():
    """By `policies` or `training` a module would find a user's folder of that name."""
    for path in SOURCES:
        assert not {name.split(".")[0] for name in imported(path)} & ABOVE, path


def test_imports_by_string_are_seen(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        'importlib.import_module("econo_env.training.run")\nimport_module(f"econo_env.markets.{name}")\n'
        '__import__("training")\nfrom econo_env import policies\n'
    )
    found = {"econo_env.training.run", "econo_env.markets.", "training", "econo_env", "econo_env.policies"}
    assert imported(path) == found


BY_NAME = {  # files that ask for an attribute by its name, for something that has no type of this house
    "engine/digest.py": "what Python and Numba have within functions and modules",
    "interfaces/only_market.py": "the fields of one record, of another that has them too",
    "interfaces/registry.py": "what the installed PettingZoo has",
    "interfaces/sb3.py": "what callers of a VecEnv name",
    "table.py": "a module that is being imported",
    "training/demo/section.py": "a field of a record, one picture each",
    "training/probe.py": "columns of a state that a market's row names",
    "valuations/bundles/table.py": "modules with generators, and their keywords",
    "valuations/calibration/offers.py": "parts of a cell of somebody's table",
}


def by_name(tree):
    """Calls that ask for an attribute by its name, as source; Python's own functions and those of `operator`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node.func) in ("getattr", "hasattr", "attrgetter", "methodcaller"):
            yield ast.unparse(node)


def test_markets_rules_and_their_settings_are_read_by_their_types():
    """A hook, a parameter or a prior's that one kind has and another lacks is a field of its row or class."""
    found = {path: list(by_name(ast.parse(path.read_text()))) for path in SOURCES}
    assert {room(path)[1] for path, calls in found.items() if calls} == set(BY_NAME)


def test_attributes_asked_for_by_name_are_found():
    planted = ast.parse(
        "getattr(prior, 'exponent', 1)\nhasattr(market, name)\noperator.attrgetter('a')(row)\nrow.own()"
    )
    assert len(list(by_name(planted))) == 3


def test_markets_say_what_they_read():
    """Configurations, states and constants have types; what is left holds documents and parameters of any rule."""
    markets = [path.read_text() for path in SOURCES if room(path)[0] == "markets"]
    assert sum(len(re.findall(r"\bAny\b", text)) for text in markets) < 60


def test_files_are_small_rooms():
    assert {path: lines for path in SOURCES if (lines := len(path.read_text().splitlines())) > 400} == {}


def test_importing_the_environment_loads_no_learning_library():
    program = "import sys, econo_env; print(sorted({m.split('.')[0] for m in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(run.stdout))
    assert not loaded & {"torch", "stable_baselines3", "tensorboard", "pandas", "matplotlib", "plotly"}


def test_the_command_line_shows_help_without_a_learning_library():
    program = (
        "import sys\nfrom econo_env.training.cli import build\n"
        "from typer.testing import CliRunner\nCliRunner().invoke(build(), ['--help'])\n"
        "print(sorted({m.split('.')[0] for m in sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(run.stdout.splitlines()[-1]))
    assert not loaded & {"torch", "stable_baselines3", "tensorboard", "pandas", "matplotlib", "plotly"}


def test_no_global_randomness_in_the_packages():
    for path in SOURCES:
        text = path.read_text()
        assert "np.random.seed" not in text
        assert "random.seed(" not in text or "torch" in text, path

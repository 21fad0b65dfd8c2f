"""The rules of the house: imports run one way, files stay small, importing stays fast."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("econo_env", "policies", "training")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
FORBIDDEN = {"econo_env": {"policies", "training"}, "policies": {"training"}, "training": set()}
LAYERS = {  # inside econo_env: what a part must not import
    "engine": {"interfaces", "markets", "mechanisms", "telemetry"},
    "mechanisms": {"interfaces", "markets", "economy", "telemetry"},
    "valuations": {"interfaces", "markets", "economy", "mechanisms", "telemetry"},
    "economy": {"interfaces", "markets", "mechanisms", "telemetry"},
    "markets": {"interfaces"},
}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def test_imports_run_one_way():
    for path in SOURCES:
        parts = path.relative_to(ROOT).parts
        names = list(imported(path))
        assert not {name.split(".")[0] for name in names} & FORBIDDEN[parts[0]], path
        if parts[0] == "econo_env" and len(parts) > 2:
            inner = {name.split(".")[1] for name in names if name.startswith("econo_env.")}
            assert not inner & LAYERS.get(parts[1], set()), path


def test_files_are_small_rooms():
    assert {path: lines for path in SOURCES if (lines := len(path.read_text().splitlines())) > 400} == {}


def test_importing_the_environment_loads_no_learning_library():
    program = "import sys, econo_env; print(sorted({m.split('.')[0] for m in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(run.stdout))
    assert not loaded & {"torch", "stable_baselines3", "tensorboard", "pandas", "matplotlib", "plotly"}


def test_the_command_line_shows_help_without_a_learning_library():
    program = (
        "import sys\nfrom training.cli import build\n"
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

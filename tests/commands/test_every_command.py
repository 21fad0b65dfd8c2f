"""Every command, on outputs that fail, broken files and impossible sizes: one sentence, status 2, nothing lost."""

import errno
import json
import os
import sys
from io import StringIO
from pathlib import Path

import pytest
import yaml

import econo_env
from econo_env.training import cli, outputs
from econo_env.training.config import config_from
from econo_env.training.run import start_run
from tests.training.conftest import SMALL, contents

CHEAP = {**SMALL, "total_timesteps": 128}
COMMANDS = {  # words, and the options that name files or folders
    "scenarios": ((), ("--json",)),
    "clear": (("market.yaml",), ("--json",)),
    "describe": (("first_price_v0",), ("--json",)),
    "evaluate": (
        ("truthful", "--scenario", "first_price_v0", "--seeds", "0", "--markets", "8", "--no-regret"),
        ("--json",),
    ),
    "levels": (("rising.yaml", "--markets", "1"), ("--out", "--json")),
    "render": (("first_price_v0", "--cycles", "1"), ("--out", "--json")),
    "calibrate": (("bids.csv", "--bootstrap", "20"), ("--out", "--json", "--picture")),
    "report": (("run",), ("--out", "--json")),
    "train": (("training.yaml",), ("--out", "--json")),
    "resume": (("run", "total_timesteps=256"), ("--json",)),
    "play": (("first_price_v0", "--against", "truthful", "--seed", "0"), ("--json",)),
    "demo": ((), ("--out", "--json")),
    "audit": (("verify", "log.db"), ("--json",)),
    "export": (("log.db", "--to", "csv"), ("--out", "--json")),
    "sweep": (("first_price", "trials=1"), ("--out", "--json")),
    "study": (("evolution", "generations=20"), ("--json", "--picture")),
}
TYPED = "0.3\n"
FOLDERS = {("train", "--out"), ("demo", "--out"), ("sweep", "--out")}
OUTPUTS = [(command, option) for command, (_, options) in COMMANDS.items() for option in options]
SLOWER = ("calibrate", "report", "train", "resume", "demo", "sweep")
GROWING = {("export", "--out")}  # written bit by bit while the command runs
FAST = [(command, option) for command, option in OUTPUTS if command not in SLOWER and (command, option) not in GROWING]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run, made once."""
    from rich.console import Console

    folder = tmp_path_factory.mktemp("finished") / "run"
    start_run(config_from(CHEAP), folder, Console(file=StringIO()))
    return folder


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A log of an audited economy, made once."""
    from econo_env.audit import record_to
    from econo_env.engine.engine import Engine

    path = tmp_path_factory.mktemp("recorded") / "log.db"
    record_to(path, Engine(econo_env.load("first_price_v0", economy={"ledger": {}, "audit": {}}))).close()
    return path


@pytest.fixture
def place(tmp_path, monkeypatch, finished, recorded):
    """A folder with what the commands read, as the working directory."""
    import shutil

    monkeypatch.chdir(tmp_path)
    (tmp_path / "market.yaml").write_text("{mechanism: {name: second_price}, bids: [0.4, 0.9, 0.7]}\n")
    rising = [{"count": 2, "intelligence": "adaptive", "promotion": True}]
    econo_env.load("first_price_v0", max_cycles=8, population=rising).to_yaml(tmp_path / "rising.yaml")
    (tmp_path / "training.yaml").write_text(yaml.safe_dump(CHEAP))
    rows = [f"{auction},{0.3 + 0.1 * ((7 * auction + bidder) % 5)}" for auction in range(40) for bidder in range(2)]
    (tmp_path / "bids.csv").write_text("\n".join(["auction,bid", *rows]) + "\n")
    shutil.copy(recorded, tmp_path / "log.db")
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path


@pytest.fixture
def run(monkeypatch, capfd):
    """The command line in this process: status, standard output and error."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["econo-env", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", StringIO(TYPED))
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code or 0, *capfd.readouterr()

    return call


def refused(result, *said):
    status, out, err = result
    assert status == 2, err
    assert out == ""
    assert err.startswith("econo-env: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    for words in said:
        assert words in err
    return err


def unwritable():
    """A folder in which nobody, not even the superuser, may make a file."""
    if os.getuid() == 0:
        return Path("/sys")
    folder = Path("locked")
    folder.mkdir(mode=0o555)
    return folder


def bad_output(kind, suffix):
    if kind == "missing folder":
        return Path("nowhere") / f"x{suffix}"
    if kind == "a folder":
        path = Path(f"taken{suffix}")
        path.mkdir()
        return path
    if kind == "below a file":
        return Path("market.yaml") / f"x{suffix}"
    if kind == "read-only":
        path = Path(f"kept{suffix}")
        path.write_text("precious")
        path.chmod(0o444)
        return path
    if kind == "long name":
        return Path("x" * 300 + suffix)
    return unwritable() / f"x{suffix}"


def test_the_table_has_every_command():
    import pkgutil

    from econo_env.training import commands

    assert {module.name for module in pkgutil.iter_modules(commands.__path__)} == set(COMMANDS)


@pytest.mark.parametrize(
    "kind", ["missing folder", "a folder", "below a file", "read-only", "long name", "unwritable", "full"]
)
@pytest.mark.parametrize(("command", "option"), OUTPUTS)
def test_outputs_are_checked_before_any_work(command, option, kind, place, run, monkeypatch):
    if (command, option) in FOLDERS and kind in ("missing folder", "a folder", "read-only"):
        pytest.skip("a run's folder is made where it is missing, and refused where it is not empty")
    path = Path(f"x{'.gif' if command == 'render' else '.out'}")
    if kind == "full":

        def full(folder):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(outputs, "_probe", full)
    else:
        path = bad_output(kind, ".gif" if (command, option) == ("render", "--out") else ".out")
    before = contents(place)
    words = COMMANDS[command][0]
    said = ("No space left on device",) if kind == "full" else (option, str(path))
    refused(run(command, *words, option, path), *said)
    assert contents(place) == before, "nothing is written, nothing is left"


@pytest.mark.parametrize("command", ["clear", "calibrate", "train"])
def test_an_input_is_never_written_over(command, place, run):
    source = COMMANDS[command][0][0]
    before = contents(place)
    refused(run(command, *COMMANDS[command][0], "--json", source), "is also what is read")
    assert contents(place) == before


def test_two_outputs_are_two_files(place, run):
    refused(run("render", "first_price_v0", "--out", "x.gif", "--json", "./x.gif"), "is also written by --out")


@pytest.mark.parametrize(("command", "option"), FAST)
def test_what_cannot_be_written_at_the_end_is_kept_elsewhere(command, option, place, run, monkeypatch):
    words = COMMANDS[command][0]
    pictures = {
        ("render", "--out"): "gif",
        ("render", "--json"): "gif",
        ("levels", "--out"): "html",
        ("study", "--picture"): "png",
    }
    target = Path(f"good.{pictures.get((command, option), 'json')}")
    status, shown, _ = run(command, *words, option, target)
    assert status == 0
    write = outputs.write_file

    def failing(path, content):
        if Path(path).name.startswith("lost"):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, content) if "econo-env-" not in str(path) else Path(path).write_bytes(
            content.encode() if isinstance(content, str) else content
        )

    monkeypatch.setattr(outputs, "write_file", failing)
    monkeypatch.setattr(outputs, "keep_elsewhere", lambda name, content: keep(place, name, content))
    lost = target.with_name(f"lost{target.suffix}")
    status, out, err = run(command, *words, option, lost)
    assert status == 2
    assert "No space left on device" in err
    assert not lost.exists()
    kept = place / "kept" / lost.name
    assert str(kept) in err
    if target.suffix == ".json":
        assert without_time(json.loads(kept.read_text())) == without_time(json.loads(target.read_text()))
    else:
        assert kept.read_bytes() == target.read_bytes()
    assert len(out.splitlines()) == len(shown.splitlines()), "the result is shown all the same"


def keep(place, name, content):
    (place / "kept").mkdir()
    path = place / "kept" / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def without_time(document):
    if isinstance(document, dict):
        return {
            key: without_time(value) for key, value in document.items() if key not in ("time", "seconds", "command")
        }
    return document


def test_a_full_standard_output_keeps_the_text(place, run, monkeypatch):
    class Full:
        def write(self, text):
            raise OSError(errno.ENOSPC, "No space left on device")

        def flush(self):
            return None

    monkeypatch.setattr(sys, "stdout", Full())
    monkeypatch.setattr(sys, "argv", ["econo-env", "clear", "market.yaml", "--json", "out.json"])
    monkeypatch.setattr(outputs, "keep_elsewhere", lambda name, content: keep(place, name, content))
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    assert json.loads((place / "out.json").read_text())["winners"] == [1]
    assert "bidder_1 wins" in (place / "kept/output.txt").read_text()


BROKEN = {
    "corrupt": b"scenario: [",
    "truncated": b"scenario:\n  id: first_price_v0\n  mark",
    "binary": bytes(range(256)),
    "empty": b"",
    "a list": b"[1, 2]\n",
    "a number": b"scenario: 3\ntotal_timesteps: 5\n",
    "unknown key": b"scenario: first_price_v0\ntotal_timesteps: 64\nlerner: {}\n",
}
READERS = {
    "train": (("training.yaml",), "training.yaml"),
    "resume": (("run",), "run/config.yaml"),
    "evaluate": (("run",), "run/config.yaml"),
    "report": (("run",), "run/config.yaml"),
    "levels": (("rising.yaml", "--markets", "1"), "rising.yaml"),
    "render": (("run", "--ansi"), "run/config.yaml"),
    "clear": (("market.yaml",), "market.yaml"),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("command", READERS)
def test_a_broken_file_is_named(command, kind, place, run):
    words, broken = READERS[command]
    if kind == "unknown key" and command in ("evaluate", "render"):
        pytest.skip("they read the scenario alone")
    (place / broken).write_bytes(BROKEN[kind])
    before = contents(place)
    err = refused(run(command, *words))
    assert Path(broken).name in err or (command == "clear" and b"scenario: " in BROKEN[kind]), err
    assert contents(place) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("train", "training.yaml", "learner.num_markets=1000000000000"),
            "learner.num_markets=1,000,000,000,000 takes",
        ),
        (("train", "training.yaml", "learner.n_steps=1000000000000"), "learner.n_steps=1,000,000,000,000"),
        (
            ("train", "training.yaml", "learner.net_arch=[1000000, 1000000]"),
            "learner.net_arch=[1000000, 1000000] takes",
        ),
        (
            ("train", "training.yaml", "evaluation.num_markets=1000000000000"),
            "evaluation.num_markets=1,000,000,000,000",
        ),
        (("train", "training.yaml", "scenario.num_agents=1000000000"), "less than or equal to 10,000,000"),
        (("train", "training.yaml", "seeds=0-999999999999"), "at most 100,000 seeds"),
        (
            ("evaluate", "truthful", "--scenario", "first_price_v0", "--seeds", "0-999999999999"),
            "at most 100,000 seeds",
        ),
        (("render", "large.yaml"), "less than or equal to 10,000,000"),
    ],
)
def test_an_impossible_size_is_refused_before_anything_is_made(words, said, place, run):
    document = econo_env.load("first_price_v0").model_dump(mode="json")
    (place / "large.yaml").write_text(yaml.safe_dump({**document, "num_agents": 10**9}))
    before = contents(place)
    refused(run(*words), said)
    assert contents(place) == before
    assert not (place / "runs").exists()


def test_markets_that_do_not_fit_are_refused_in_python():
    with pytest.raises(ValueError, match=r"1,000,000,000,000 markets of 2 agents would need .* TiB of memory"):
        econo_env.vector_env("first_price_v0", num_markets=10**12)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("traim",), "Did you mean 'train'?"),
        (("train",), "Missing argument"),
        (("evaluate", "truthful", "--scenari", "x"), "--scenari"),
        (("render", "frist_price_v0"), "did you mean 'first_price_v0'?"),
        (("train", "frist_price_v0"), "did you mean 'first_price_v0'?"),
        (("evaluate", "truthfull", "--scenario", "first_price_v0"), "did you mean 'truthful'?"),
        (("resume", "run"), "has had all its 128 agent-steps, and nothing is changed"),
        (("resume", "run", "total_timesteps=100"), "has had 128 agent-steps already"),
    ],
)
def test_mistakes_of_usage(words, said, place, run):
    before = contents(place)
    refused(run(*words), said)
    assert contents(place) == before


def test_a_closed_pipe_ends_quietly(place, run, monkeypatch):
    class Closed:
        def write(self, text):
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

        def flush(self):
            return None

    monkeypatch.setattr(sys, "stdout", Closed())
    monkeypatch.setattr(sys, "argv", ["econo-env", "scenarios"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 141

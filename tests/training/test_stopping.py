"""Ctrl-C and SIGTERM at any moment, two writers in one folder, a disk that fills while a training runs."""

import errno
import json
import os
import signal
import threading
import time

import pytest
import yaml

from econo_env.training import session
from econo_env.training.checkpoints import checkpoints_in, read_checkpoint, steps_of_checkpoint
from econo_env.training.lock import LOCK_FILE, sole_writer
from econo_env.training.run import resume_run, start_run
from econo_env.training.stopping import Stopped, StopRequest
from econo_env.training.trainer import Trainer
from tests.training.conftest import SMALL, assert_same_bits, command, contents, final_state


def at(monkeypatch, owner, name, call, then):
    """Does something in the middle of a certain call of a function."""
    original, count = getattr(owner, name), [0]

    def watched(*arguments, **options):
        count[0] += 1
        if count[0] == call:
            then()
        return original(*arguments, **options)

    monkeypatch.setattr(owner, name, watched)


def raise_signal(number):
    return lambda: os.kill(os.getpid(), number)


MOMENTS = {
    "before anything": (Trainer, "header", 1),
    "the first look": (session, "looks", 1),
    "the first rollout, while it compiles": (Trainer, "iterate", 1),
    "a later rollout": (Trainer, "iterate", 5),
    "a later look": (session, "looks", 4),
    "while a checkpoint is written": (session, "write_checkpoint", 2),
    "the last iteration": (Trainer, "iterate", 8),
}


@pytest.mark.parametrize(
    ("moment", "number"), [*((moment, signal.SIGINT) for moment in MOMENTS), ("a later rollout", signal.SIGTERM)]
)
def test_stopped_at_any_moment_goes_on_to_the_same_bits(moment, number, small, quiet, tmp_path, monkeypatch):
    start_run(small(), tmp_path / "whole", quiet)
    owner, name, call = MOMENTS[moment]
    handlers = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    with monkeypatch.context() as patch:
        for one in (signal.SIGINT, signal.SIGTERM):  # as the command line sets them
            signal.signal(one, lambda number, frame: (_ for _ in ()).throw(Stopped(number)))
        try:
            at(patch, owner, name, call, raise_signal(number))
            with pytest.raises(Stopped) as stopped:
                start_run(small(), tmp_path / "cut", quiet)
        finally:
            for one, handler in zip((signal.SIGINT, signal.SIGTERM), handlers, strict=True):
                signal.signal(one, handler)
    assert stopped.value.status == 128 + number
    assert "econo-env resume" in str(stopped.value)
    assert not (tmp_path / "cut" / LOCK_FILE).exists()
    if moment != "before anything":
        last = json.loads((tmp_path / "cut/metrics.jsonl").read_text().splitlines()[-1])["timesteps"]
        assert steps_of_checkpoint(checkpoints_in(tmp_path / "cut/checkpoints")[-1]) == last, (
            "all that was done is kept"
        )
    resume_run(tmp_path / "cut", console=quiet)
    assert_same_bits(final_state(tmp_path / "whole"), final_state(tmp_path / "cut"))
    metrics = [json.loads(line) for line in (tmp_path / "cut/metrics.jsonl").read_text().splitlines()]
    assert [row["timesteps"] for row in metrics] == list(range(0, 513, 64))


def test_a_second_signal_stops_at_once(capfd):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background
    try:
        with StopRequest("stopping soon") as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.number == signal.SIGINT
            with pytest.raises(Stopped):
                os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert capfd.readouterr().err == "stopping soon\n"


def test_ignored_signals_stay_ignored():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with StopRequest("stopping soon") as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.number is None
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_the_process_ends_with_the_status_of_the_signal(number, status, tmp_path):
    settings = {**SMALL, "total_timesteps": 10**9, "checkpoints": {"every": 640, "keep": 2}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(settings))
    process = command("train", "c.yaml", "--out", "run", cwd=tmp_path, preexec_fn=signal_defaults)
    while not checkpoints_in(tmp_path / "run/checkpoints"):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == status, err
    assert out == ""
    assert "Traceback" not in err
    *_, last = err.splitlines()
    kept = checkpoints_in(tmp_path / "run/checkpoints")[-1]
    steps = sum(int(one["num_timesteps"]) for one in read_checkpoint(kept)["learners"].values())
    said = f"'run' is saved, seed 0 at {steps:,} agent-steps; `econo-env resume run` goes on from there"
    assert last == f"econo-env: stopped: {said}"
    assert not (tmp_path / "run" / LOCK_FILE).exists()


def signal_defaults():
    """A background process of a shell without job control ignores Ctrl-C; this one shall not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_two_writers_are_refused_and_the_run_is_untouched(small, quiet, tmp_path):
    start_run(small(), tmp_path / "run", quiet)
    with sole_writer(tmp_path / "run", print):
        before = contents(tmp_path / "run")
        for attempt in (
            lambda: resume_run(tmp_path / "run", ["total_timesteps=1024"], quiet),
            lambda: start_run(small(), tmp_path / "run", quiet),
        ):
            with pytest.raises(ValueError, match=rf"is being written by process {os.getpid()} on "):
                attempt()
        assert contents(tmp_path / "run") == before
    [summary] = resume_run(tmp_path / "run", ["total_timesteps=576"], quiet)
    assert summary["timesteps"] == 576


def test_a_writer_of_one_seed_holds_the_whole_run(small, quiet, tmp_path):
    start_run(small("seeds=0,1"), tmp_path / "run", quiet)
    before = contents(tmp_path / "run")
    with (
        sole_writer(tmp_path / "run/seed_1", print),
        pytest.raises(ValueError, match="seed_1' is being written by"),
    ):
        resume_run(tmp_path / "run", ["total_timesteps=1024"], quiet)
    assert contents(tmp_path / "run") == before


def test_the_lock_of_a_dead_process_is_taken_over(small, quiet, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK_FILE).write_text('{"pid": 1, "host": "elsewhere", "since": "2020-01-01T00:00:00+00:00"}\n')
    (tmp_path / "run/.econo-env-1-abc.draft").write_text("half a file")
    start_run(small(), tmp_path / "run", quiet)
    assert not (tmp_path / "run" / LOCK_FILE).exists()
    assert not list((tmp_path / "run").glob(".econo-env-*"))


def test_only_one_of_many_gets_the_lock(tmp_path):
    held, most, refusals = [0], [0], [0]

    def write():
        for _ in range(50):
            try:
                with sole_writer(tmp_path, print):
                    held[0] += 1
                    most[0] = max(most[0], held[0])
                    held[0] -= 1
            except ValueError:
                refusals[0] += 1

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert refusals[0] < 200


@pytest.mark.parametrize("where", ["metrics", "networks", "checkpoint"])
def test_a_disk_that_fills_loses_nothing(where, small, quiet, tmp_path, monkeypatch):
    start_run(small(), tmp_path / "whole", quiet)
    owner, name = {
        "metrics": (session.Logs, "write"),
        "networks": (Trainer, "write_policy"),
        "checkpoint": (session, "write_checkpoint"),
    }[where]

    def full():
        raise OSError(errno.ENOSPC, "No space left on device", "metrics.jsonl")

    with monkeypatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path))
        patch.setattr("tempfile.tempdir", str(tmp_path))
        at(patch, owner, name, 4, full)
        with pytest.raises(OSError, match="No space left on device") as raised:
            start_run(small(), tmp_path / "cut", quiet)
    [rescue] = tmp_path.glob("econo-env-run-*")
    assert str(rescue) in str(raised.value)
    for folder in (rescue, tmp_path / "cut"):  # both go on, from where they stand
        resume_run(folder, console=quiet)
        assert_same_bits(final_state(tmp_path / "whole"), final_state(folder))


@pytest.mark.parametrize("what", ["config.yaml", "provenance.json"])
def test_a_start_that_fails_leaves_nothing_that_blocks_the_next(what, small, quiet, tmp_path, monkeypatch):
    from econo_env.training import run_folder

    write = run_folder.write_file

    def failing(path, content):
        if path.name == what:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(run_folder, "write_file", failing)
        with pytest.raises(OSError, match="No space left"):
            start_run(small(), tmp_path / "run", quiet)
    assert not (tmp_path / "run").exists()
    start_run(small(), tmp_path / "run", quiet)


def test_a_run_that_learned_nothing_may_be_started_over_with_other_settings(small, quiet, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        at(patch, Trainer, "iterate", 1, lambda: (_ for _ in ()).throw(RuntimeError("killed")))
        with pytest.raises(RuntimeError):
            start_run(small(), tmp_path / "run", quiet)
    assert (tmp_path / "run/config.yaml").exists()
    [summary] = start_run(small("total_timesteps=128"), tmp_path / "run", quiet)
    assert summary["timesteps"] == 128
    (tmp_path / "run/notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty"):
        start_run(small(), tmp_path / "run", quiet)

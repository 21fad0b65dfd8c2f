"""A writer that is killed at any moment loses nothing that was acknowledged, and what is left is a whole log."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from econo_env.audit import AuditError, record_to, recover, resume, verify
from econo_env.audit.wal import unfinished_bytes
from tests.audit.logs import Outsider, a_log, engine_of, some_actions

ROOT = Path(__file__).parents[2]

KILLED = """
import json, os, signal, sqlite3, sys, time
import numpy as np
from econo_env.audit import record_to
from tests.audit.logs import engine_of, some_actions

folder, kind, first, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
engine = engine_of(markets=2)
record_to(":memory:", engine).close()  # compiled before anything is killed


class Fatal(sqlite3.Connection):
    left = None

    def execute(self, statement, *given):
        fatal = Fatal.left is not None and self.count(statement)
        if fatal == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = super().execute(statement, *given)
        if fatal == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    def count(self, statement):
        if statement.startswith("SELECT"):
            return None
        Fatal.left -= 1
        return {1: "before", 0: "after"}.get(Fatal.left)


def connect(path):
    return sqlite3.connect(path, timeout=0.0, isolation_level=None, factory=Fatal)


def child(number, told):
    generator = np.random.default_rng(number)
    if kind == "boundary":
        Fatal.left = number + 2
    with record_to(f"{folder}/{number}.db", engine, snapshot_every=3, connect=connect) as recorder:
        os.write(told, f"{recorder.head.tick} {recorder.head.hash}\\n".encode())
        for actions in some_actions(engine, 100_000, number):
            head = recorder.step(actions)
            os.write(told, f"{head.tick} {head.hash}\\n".encode())


results = {}
for number in range(first, last):
    heard, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(heard)
        try:
            child(number, told)
        finally:
            os._exit(1)
    os.close(told)
    with os.fdopen(heard) as lines:
        acknowledged = []
        if kind == "random":  # some before anything is there, the others between two ticks or within one
            generator = np.random.default_rng(10_000 + number)
            if number % 4:
                acknowledged = [lines.readline() for _ in range(int(generator.integers(1, 7)))]
            time.sleep(float(generator.exponential(0.003)))
            os.kill(pid, signal.SIGKILL)
        acknowledged = [line.strip() for line in (*acknowledged, *lines)]
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status
    results[number] = acknowledged
print(json.dumps(results))
"""


def killed(folder, kind, first, last):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), kind, str(first), str(last)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return {int(number): lines for number, lines in json.loads(done.stdout).items()}


def stands(path, acknowledged):
    """Whether everything acknowledged is there; one tick more may be, which was written and not yet told of."""
    if not acknowledged:
        try:
            return recover(path).ticks + 1
        except AuditError:  # no log yet: there is nothing to lose
            return 0
    tick, head = acknowledged[-1].split()
    found = recover(path)
    assert found.ticks in (int(tick), int(tick) + 1)
    assert verify(path).ticks == found.ticks
    heads = {number: hashes[-32:].hex() for number, _, _, hashes, _ in Outsider(path).rows()}
    for line in acknowledged:
        number, told = line.split()
        assert heads[int(number)] == told
    assert head == heads[int(tick)]
    return found.ticks + 1


def all_stand(folder, kind, first, last):
    ticks = [stands(folder / f"{number}.db", lines) for number, lines in killed(folder, kind, first, last).items()]
    assert len(ticks) == last - first
    return ticks


def test_nothing_acknowledged_is_lost_at_two_hundred_random_moments(tmp_path):
    ticks = all_stand(tmp_path, "random", 0, 200)
    assert min(ticks) == 0
    assert max(ticks) > 4


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_at_a_thousand_random_moments(tmp_path):
    for first in range(1000, 2000, 100):
        all_stand(tmp_path, "random", first, first + 100)
        for path in tmp_path.iterdir():
            path.unlink()


def test_nothing_acknowledged_is_lost_at_any_statement_that_writes(tmp_path):
    ticks = all_stand(tmp_path, "boundary", 0, 40)
    assert sorted(set(ticks)) == list(range(max(ticks) + 1))
    assert max(ticks) > 6


def test_a_writer_that_was_killed_is_gone_on_with_to_the_same_log(tmp_path):
    lines = killed(tmp_path, "random", 500, 508)
    whole = tmp_path / "whole.db"
    for number, told in lines.items():
        if not told:
            continue
        engine = engine_of(markets=2)
        with resume(tmp_path / f"{number}.db", engine) as recorder:
            tick = recorder.head.tick
            for given in list(some_actions(engine, tick + 5, number))[tick:]:
                head = recorder.step(given)
        whole.unlink(missing_ok=True)
        engine = engine_of(markets=2)
        with record_to(whole, engine, snapshot_every=3) as recorder:
            for given in some_actions(engine, tick + 5, number):
                recorder.step(given)
            assert recorder.head == head


def test_the_end_of_the_write_ahead_log_may_be_missing_or_rubbish_from_any_byte_on(tmp_path):
    """What a power cut leaves: of the file that was being written any beginning, and behind it anything."""
    engine, path, copy = engine_of(markets=2), tmp_path / "log.db", tmp_path / "copy.db"
    acknowledged = []
    with record_to(path, engine, snapshot_every=3) as recorder:
        for actions in some_actions(engine, 12):
            acknowledged.append((Path(f"{path}-wal").stat().st_size, recorder.head))
            recorder.step(actions)
        acknowledged.append((Path(f"{path}-wal").stat().st_size, recorder.head))
        whole, wal = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    generator, left_out = np.random.default_rng(0), 0
    first = acknowledged[0][0]
    edges = [size + step for size, _ in acknowledged for step in (-1, 0, 1) if first <= size + step <= len(wal)]
    for cut in [*edges, *generator.integers(first, len(wal), 40).tolist()]:
        for tail in (b"", generator.bytes(4096 + 24), bytes(9000)):
            copy.write_bytes(whole)
            Path(f"{copy}-shm").unlink(missing_ok=True)
            left = wal[:cut] + tail
            Path(f"{copy}-wal").write_bytes(left)
            # zeros may be what was missing: a whole file is not damaged
            expected = [head for size, head in acknowledged if left[:size] == wal[:size] and len(left) >= size][-1]
            unfinished = unfinished_bytes(copy)
            found = recover(copy)
            assert found.head == expected
            whole_ticks = max(size for size, _ in acknowledged if size <= cut)
            if cut - whole_ticks >= 24 and not tail:
                assert unfinished == cut - whole_ticks
                assert found.said == (f"an unfinished write of {unfinished} bytes at its end was left out",)
                left_out += 1
    assert left_out > 50


def test_a_log_that_ended_well_has_nothing_to_say(tmp_path):
    a_log(tmp_path / "log.db", 6)
    assert unfinished_bytes(tmp_path / "log.db") == 0
    assert recover(tmp_path / "log.db").said == ()
    shutil.copy(tmp_path / "log.db", tmp_path / "moved.db")
    assert recover(tmp_path / "moved.db").head == recover(tmp_path / "log.db").head

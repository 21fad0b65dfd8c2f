"""The log is the state: it folds to it, plays to it again, in another process too; what changes without it is found."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import econo_env
from econo_env.audit import (
    AuditError,
    IntegrityError,
    explain,
    export,
    read_header,
    record_to,
    recover,
    replay,
    rerun,
    resume,
    verify,
)
from econo_env.audit.books import state_hash
from econo_env.audit.recorder import Recorder
from econo_env.audit.store import IN_MEMORY, Store
from econo_env.economy.part import PARTS
from econo_env.engine.engine import Engine
from econo_env.engine.state import columns
from tests.audit.logs import ECONOMY, a_log, engine_of, some_actions

ROOT = Path(__file__).parents[2]
NAMES = ("second_price_v0", "english_v0", "combinatorial_v1", "procurement_first_price_v1", "uniform_price_v0")


def facts(engine, header):
    world = engine.world
    columns = [world._asdict()[fact.part]._asdict()[fact.column] for fact in header.facts]
    floats = [column.view(np.int64) if column.dtype == np.float64 else column.astype(np.int64) for column in columns]
    return np.concatenate(floats, axis=1)


@pytest.mark.parametrize("name", NAMES)
def test_balances_locks_and_evidence_are_folded_from_the_log_alone(name, tmp_path):
    engine = engine_of(name)
    a_log(tmp_path / "log.db", 30, engine=engine)
    books = replay(tmp_path / "log.db").books
    np.testing.assert_array_equal(books.balances, engine.world.ledger.balances)
    np.testing.assert_array_equal(books.minted, engine.world.ledger.minted)
    np.testing.assert_array_equal(books.facts, facts(engine, read_header(tmp_path / "log.db")))
    np.testing.assert_array_equal(books.episode, engine.state.episode)
    assert books.facts.any()
    assert (books.balances >= 0).all()


def test_another_process_comes_to_the_same_state_with_and_without_a_compiler(tmp_path):
    a_log(tmp_path / "log.db", 12)
    expected = replay(tmp_path / "log.db").state_hash
    program = (
        "import sys\nfrom econo_env.audit import replay, verify\n"
        "verify(sys.argv[1])\nprint(replay(sys.argv[1]).state_hash)"
    )
    for jit in ("0", "1"):
        told = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "log.db")],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={**os.environ, "NUMBA_DISABLE_JIT": jit},
        )
        assert told.stdout.strip() == expected


def test_played_again_by_the_rules_every_event_comes_out_as_it_was_written(tmp_path):
    a_log(tmp_path / "log.db", 30)
    again, folded = rerun(tmp_path / "log.db", engine_of()), replay(tmp_path / "log.db")
    assert (again.ticks, again.events, again.snapshots, again.state_hash) == (
        folded.ticks,
        folded.events,
        folded.snapshots,
        folded.state_hash,
    )
    with pytest.raises(AuditError, match=r"3 market\(s\) of second_price_v0.*the engine plays 4"):
        rerun(tmp_path / "log.db", engine_of(markets=4))
    with pytest.raises(AuditError, match="or other settings of it"):
        rerun(tmp_path / "log.db", engine_of(economy={"default": {"shock": 0.25}}))


@pytest.mark.parametrize("name", NAMES[:3])
def test_a_log_that_is_gone_on_with_is_that_of_one_that_never_stopped(name, tmp_path):
    whole, parts = tmp_path / "whole.db", tmp_path / "parts.db"
    heads = a_log(whole, 24, every=5, engine=engine_of(name))
    engine = engine_of(name)
    actions = list(some_actions(engine, 24))
    recorder = record_to(parts, engine, snapshot_every=5)
    done = 0
    for stop in (3, 4, 10, 24):
        for given in actions[done:stop]:
            recorder.step(given)
        recorder.close()
        done = stop
        recorder = resume(parts, engine_of(name))
        assert recorder.head == heads[done]
    recorder.close()
    assert verify(parts) == verify(whole)
    assert replay(parts).state_hash == replay(whole).state_hash


def test_a_snapshot_that_is_damaged_is_passed_over(tmp_path):
    path = tmp_path / "log.db"
    a_log(path, 25, every=10)
    expected = recover(path)
    assert expected.snapshot == 20
    for column in ("books", "engine"):
        with Store.write(path) as store:
            kept = bytes(store._connection.execute(f"SELECT {column} FROM snapshots WHERE number = 20").fetchone()[0])
            store._connection.execute(f"UPDATE snapshots SET {column} = ? WHERE number = 20", (b"\1" + kept[1:],))
            store._connection.execute("COMMIT")
        found = recover(path)
        assert found.snapshot == (10 if column == "books" else 20)
        assert found.state_hash == expected.state_hash
        with resume(path, engine_of()) as recorder:
            assert recorder.head == expected.head
        with Store.write(path) as store:
            store._connection.execute(f"UPDATE snapshots SET {column} = ? WHERE number = 20", (kept,))
            store._connection.execute("COMMIT")


CHANGES = {
    "free money": lambda world, k: world.ledger.balances[k].__setitem__(4, world.ledger.balances[k, 4] + 1),
    "the house": lambda world, k: world.ledger.balances[k].__setitem__(0, world.ledger.balances[k, 0] - 1),
    "a transfer": lambda world, k: world.ledger.balances[k].__setitem__(
        slice(4, 6), world.ledger.balances[k, 4:6] + [-1, 1]
    ),
    "what was minted": lambda world, k: world.ledger.minted.__setitem__(k, world.ledger.minted[k] + 5),
    "burned money": lambda world, k: world.ledger.balances[k].__setitem__(2, world.ledger.balances[k, 2] + 7),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("market", [0, 2])
def test_an_account_that_changes_without_an_event_halts_the_recorder(what, market, tmp_path):
    engine = engine_of()
    with record_to(tmp_path / "log.db", engine, snapshot_every=4) as recorder:
        actions = list(some_actions(engine, 8))
        for given in actions[:5]:
            head = recorder.step(given)
        CHANGES[what](engine.world, market)
        with pytest.raises(IntegrityError, match=rf"tick 6, market {market}: "):
            recorder.step(actions[5])
        with pytest.raises(IntegrityError, match="the recorder has halted"):
            recorder.step(actions[6])
        assert recorder.head == head
    assert recover(tmp_path / "log.db").head == head, "nothing of the false tick was written"


def test_a_journal_that_is_too_short_halts_the_recorder(tmp_path):
    engine = engine_of(economy={"audit": {"journal": 5}})
    said = r"room for 5 of \d+ transfers: give economy.audit.journal at least"
    with pytest.raises(IntegrityError, match=said):
        a_log(tmp_path / "log.db", 20, engine=engine)
    engine = engine_of(economy={"audit": {"journal": 2}}, num_agents=4)
    with pytest.raises(IntegrityError, match="room for 2 of 5 transfers"):
        record_to(tmp_path / "other.db", engine)
    assert verify(tmp_path / "log.db").ticks < 20


def test_levers_that_somebody_moves_are_in_the_log_and_moved_again(tmp_path):
    def engine():
        levers = {"mechanism.reserve": [0.0, 0.9], "economy.staking.requirement": [0.5, 1.0]}
        return engine_of("first_price_v0", levers=levers)

    def played(recorder, first, last):
        for tick, actions in enumerate(some_actions(recorder.engine, last)):
            if tick >= first:
                if tick % 3 == 0:
                    recorder.engine.levers["mechanism.reserve"][tick % 2 :] = 0.01 * tick
                if tick % 4 == 1:
                    recorder.engine.levers["economy.staking.requirement"][1] = 0.5 + 0.01 * tick
                recorder.step(actions)

    path = tmp_path / "log.db"
    with record_to(path, engine(), snapshot_every=6) as recorder:
        played(recorder, 0, 11)
    with resume(path, engine()) as recorder:
        played(recorder, 11, 20)
        np.testing.assert_array_equal(recorder.engine.levers["mechanism.reserve"], [0.18, 0.18, 0.18])
    assert rerun(path, engine()).state_hash == replay(path).state_hash
    with record_to(tmp_path / "whole.db", engine(), snapshot_every=6) as recorder:
        played(recorder, 0, 20)
    assert verify(tmp_path / "whole.db") == verify(path)
    export(path, tmp_path / "rows.jsonl", "jsonl")
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    moved = [row for row in rows if row["kind"] == "policy" and row["fact"] == "levers.mechanism.reserve"]
    assert {row["value"] for row in moved} == {10_000.0 * tick for tick in range(3, 19, 3)}
    said = explain(moved[-1]["op_id"], path)
    assert "what was moved before the tick" in said
    assert "a lever, stands at 180000 micro-credits" in said


def test_every_episode_ends_and_begins_in_the_log(tmp_path):
    engine = engine_of(markets=2)
    a_log(tmp_path / "log.db", 30, engine=engine)
    assert engine.state.episode.tolist() == [4, 4]
    assert replay(tmp_path / "log.db").books.episode.tolist() == [4, 4]


def test_what_cannot_be_recorded_is_refused_before_anything_is_written(tmp_path):
    path = tmp_path / "log.db"
    plain = econo_env.load("second_price_v0", economy={"ledger": {}})
    with pytest.raises(ValueError, match="keeps no journal: add `audit: "):
        record_to(path, Engine(plain))
    engine = engine_of()
    engine.autoreset = True
    with pytest.raises(ValueError, match="autoreset=False"):
        record_to(path, engine)
    engine.autoreset = False
    for every in (0, -1, 1.5):
        with pytest.raises(ValueError, match="snapshot_every"):
            record_to(path, engine, snapshot_every=every)
    with pytest.raises(AuditError, match="cannot be written"):
        record_to(tmp_path / "nowhere" / "log.db", engine)
    assert not path.exists()
    a_log(path, 1)
    with pytest.raises(AuditError, match="is there already"):
        record_to(path, engine)
    (tmp_path / "anchor").write_text("{}\n")
    with pytest.raises(AuditError, match="the anchor of another log"):
        record_to(tmp_path / "more.db", engine, anchor=tmp_path / "anchor")
    assert not (tmp_path / "more.db").exists()


def test_a_second_writer_is_refused_and_readers_are_not(tmp_path):
    path = tmp_path / "log.db"
    engine = engine_of()
    with record_to(path, engine) as recorder:
        head = recorder.step(next(some_actions(engine, 1)))
        assert verify(path).head == head
        for attempt in (lambda: resume(path, engine_of()), lambda: recover(path)):
            with pytest.raises(AuditError, match="another process is writing this log"):
                attempt()
        recorder.step(next(some_actions(engine, 1, 3)))
    with resume(path, engine_of()) as recorder:
        assert recorder.head.tick == 2


def test_a_writer_that_was_overtaken_between_two_locks_says_so(tmp_path):
    path = tmp_path / "log.db"
    engine = engine_of()
    actions = list(some_actions(engine, 3))
    with record_to(path, engine) as first:
        first.step(actions[0])
        first._store._connection.execute("ROLLBACK")  # as if it had just committed and not yet locked again
        with resume(path, engine_of()) as second:
            head = second.step(actions[1])
        first._store._connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(AuditError, match="another process wrote tick 2 after this one's 1"):
            first.step(actions[2])
    assert verify(path).head == head


def test_a_recorder_that_was_interrupted_takes_no_further_tick(tmp_path, monkeypatch):
    engine = engine_of()
    actions = list(some_actions(engine, 6))
    with record_to(tmp_path / "log.db", engine, snapshot_every=2) as recorder:
        head = recorder.step(actions[0])
        with pytest.raises(ValueError, match=r"actions of shape \(3, 9, 1\)"):
            recorder.step(np.zeros((3, 9, 1)))
        head = recorder.step(actions[1])

        def interrupted(*given):
            raise KeyboardInterrupt

        monkeypatch.setattr(Store, "append", interrupted)
        with pytest.raises(KeyboardInterrupt):
            recorder.step(actions[2])
        monkeypatch.undo()
        with pytest.raises(IntegrityError, match="the recorder has halted: KeyboardInterrupt"):
            recorder.step(actions[2])
    with resume(tmp_path / "log.db", engine_of()) as recorder:
        assert recorder.head == head
        for given in actions[2:]:
            head = recorder.step(given)
    assert head == a_log(tmp_path / "whole.db", 6, every=2)[-1]


def test_a_log_in_memory_is_hashed_alike(tmp_path):
    heads = a_log(tmp_path / "log.db", 6)
    assert a_log(IN_MEMORY, 6) == heads


FULL = """
import resource, signal, sys
from econo_env.audit import AuditError, record_to
from tests.audit.logs import engine_of, some_actions
engine = engine_of()
recorder = record_to(sys.argv[1], engine)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    for actions in some_actions(engine, 500):
        head = recorder.step(actions)
        print(head.tick, head.hash, flush=True)
except AuditError as error:
    sys.stderr.write(str(error))
"""


def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path):
    path = tmp_path / "log.db"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(200_000)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stderr.startswith(f"{path}: the disk is full or failed")
    assert done.stderr.endswith("what was acknowledged before is kept")
    tick, head = done.stdout.split("\n")[-2].split()
    found = recover(path)
    assert (found.ticks, found.head.hash) == (int(tick), head)
    assert found.ticks > 3


def test_the_header_names_what_the_log_is_of(tmp_path):
    a_log(tmp_path / "log.db", 2, seed=5)
    header = read_header(tmp_path / "log.db")
    assert header.scenario["economy"].keys() == ECONOMY.keys()
    assert (header.seed, header.num_markets, header.schema) == (5, 3, 1)
    assert json.loads(header.to_bytes()) == json.loads(json.dumps(json.loads(header.to_bytes()), sort_keys=True))
    assert type(header).from_bytes(header.to_bytes()) == header
    other = header.to_bytes().replace(b'"pledged"', b'"pawned"')
    with pytest.raises(AuditError, match=r"whose accounts are house, treasury, .*, pawned, .*; those of this version"):
        type(header).from_bytes(other)
    with pytest.raises(IntegrityError, match="header of the log is damaged"):
        type(header).from_bytes(b"{}")


def test_what_is_no_log_is_refused(tmp_path):
    (tmp_path / "text").write_text("no log")
    (tmp_path / "empty").write_text("")
    for name, said in (("text", "no log"), ("empty", "no log"), ("nowhere", "not there"), ("", "is a folder")):
        for use in (verify, replay, recover, read_header):
            with pytest.raises(AuditError, match=said):
                use(tmp_path / name)


def test_books_of_the_recorder_are_those_of_the_log(tmp_path):
    engine = engine_of()
    with record_to(tmp_path / "log.db", engine) as recorder:
        assert isinstance(recorder, Recorder)
        for actions in some_actions(engine, 9):
            recorder.step(actions)
        assert state_hash(recorder.books).hex() == replay(tmp_path / "log.db").state_hash


def test_what_an_agent_suffers_from_any_part_is_in_the_log_or_follows_from_what_is():
    """A new part must say which of its columns a log is to hold, or stand here with the reason why none."""
    without = {
        "staking": "locks and slashes are transfers",
        "incentives": "bonuses are transfers",
        "contracts": "grades and bans are conduct, which is written wherever a part judges",
        "lasting_contracts": "grades and bans are conduct, and what a contract pays and locks are transfers",
        "replication": "what several results are worth to the house moves no money",
        "pricing": "the reserve is a lever, which is written",
        "regimes": "levers are written, and values and who is there are of the market",
        "audit": "it is the journal",
    }
    named = {part.name for part in PARTS.rows().values() if not part.audited}
    assert named == set(without)
    for part in PARTS.rows().values():
        declared = columns(part.state)
        for name, words in part.audited.items():
            assert declared[name].axes in ((), ("agents",))
            assert (declared[name].dtype == np.bool_) <= ("{value}" not in words)


def test_a_task_is_told_from_bid_to_grade_and_reputation(tmp_path):
    scenario = econo_env.load("task_market_v0")
    scenario = scenario.replace(economy={**scenario.economy, "audit": {}})
    engine = Engine(scenario, 4)
    a_log(tmp_path / "log.db", 40, engine=engine)
    folded = replay(tmp_path / "log.db")
    np.testing.assert_array_equal(folded.books.balances, engine.world.ledger.balances)
    np.testing.assert_array_equal(folded.books.facts, facts(engine, read_header(tmp_path / "log.db")))
    assert rerun(tmp_path / "log.db", Engine(scenario, 4)).state_hash == folded.state_hash
    export(tmp_path / "log.db", tmp_path / "rows.jsonl", "jsonl")
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    graded = [row for row in rows if row["fact"] == "conduct.grade" and row["value"]]
    assert {row["value"] for row in graded} >= {1.0, 2.0, 3.0}
    row = next(row for row in graded if row["value"] == 3.0)
    said = explain(f"{row['op_id']}.{row['agent']}", tmp_path / "log.db")
    places = [said.index(part) for part in ("bid: ", "staking.lock: ", "award: ", "is graded 3", "evidence against it")]
    assert places == sorted(places)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [path for path in sorted((ROOT / "configs" / "scenarios").glob("*.yaml")) if "\n  ledger:" in path.read_text()],
)
def test_every_scenario_with_accounts_can_be_recorded_folded_and_played_again(path, tmp_path):
    scenario = econo_env.load(path)
    scenario = scenario.replace(economy={**scenario.economy, "audit": {}})
    engine = Engine(scenario, 4)
    heads = a_log(tmp_path / "log.db", 40, engine=engine)
    folded = replay(tmp_path / "log.db")
    np.testing.assert_array_equal(folded.books.balances, engine.world.ledger.balances)
    assert rerun(tmp_path / "log.db", Engine(scenario, 4)).state_hash == folded.state_hash
    assert folded.events == heads[-1].seq + 1

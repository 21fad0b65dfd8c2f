"""The commands `audit` and `export`: what they say and write, and one sentence with status 2 for what can be mended."""

import csv
import importlib.util
import json
import shutil
import sys
from pathlib import Path

import pytest

from econo_env.training import cli

SCENARIO = Path(__file__).parents[2] / "configs" / "scenarios" / "first_price_economy.yaml"


@pytest.fixture
def run(monkeypatch, capfd):
    def call(*words):
        monkeypatch.setattr(sys, "argv", ["econo-env", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code or 0, *capfd.readouterr()

    return call


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    words = ["audit", "record", SCENARIO, "--ticks", 40, "--seed", 3, "--snapshots", 15, "--out", folder / "log.db"]
    sys.argv, before = ["econo-env", *map(str, words), "--anchor", str(folder / "anchor")], sys.argv
    try:
        with pytest.raises(SystemExit) as stop:
            cli.main()
    finally:
        sys.argv = before
    assert not stop.value.code
    return folder


def test_a_log_is_verified_replayed_and_recovered(recorded, run, tmp_path):
    shutil.copytree(recorded, tmp_path / "copy")
    log, anchor = tmp_path / "copy" / "log.db", tmp_path / "copy" / "anchor"
    heads = set()
    for words, said in (
        (("verify", log, "--anchor", anchor), "the anchor vouches for 41 tick(s)"),
        (("verify", log), "no anchor was given"),
        (("replay", log), "lead to the state at each of 3 snapshot(s)"),
        (("replay", log, "--rules"), "played again by the rules, every event comes out as it was written"),
        (("recover", log, "--anchor", anchor), "events of 40 tick(s) stand"),
    ):
        status, out, err = run("audit", *words, "--json", tmp_path / "said.json")
        assert (status, err) == (0, "")
        assert said in out
        document = json.loads((tmp_path / "said.json").read_text())
        assert document["ticks"] == 40
        heads |= {(document["events"], document["head"]["hash"])} if "head" in document else set()
    assert len(heads) == 1


def test_an_operation_is_explained_from_bid_to_reputation(recorded, run, tmp_path):
    with (tmp_path / "rows.csv").open("w"):
        pass
    assert run("export", recorded / "log.db", "--to", "csv", "--out", tmp_path / "rows.csv")[0] == 0
    rows = list(csv.DictReader((tmp_path / "rows.csv").open()))
    paid = next(row for row in rows if row["kind"] == "ledger.post")
    status, out, _ = run("audit", "explain", paid["op_id"], recorded / "log.db", "--json", tmp_path / "said.json")
    assert status == 0
    winner = paid["source"].removesuffix(".free")
    assert winner.startswith("bidder_")
    chain = (
        "bid: ",
        "staking.lock: ",
        "award: ",
        "staking.bind: ",
        "ledger.post: ",
        "staking.release: ",
        "reputation: ",
    )
    places = [next(at for at, line in enumerate(out.splitlines()) if part in line) for part in chain]
    assert places == sorted(places)
    marked = [line for line in out.splitlines() if line.startswith("->")]
    assert len(marked) == 1
    assert marked[0].endswith(f"{int(paid['amount']) / 1e6:.6f} credits from {winner}.free to house")
    by_seq = run("audit", "explain", paid["seq"], recorded / "log.db")[1]
    assert by_seq == out
    alone = run("audit", "explain", f"{paid['op_id']}.{winner[-1]}", recorded / "log.db")[1]
    assert set(alone.splitlines()) >= set(marked)
    document = json.loads((tmp_path / "said.json").read_text())
    assert "\n".join(document["lines"]) + "\n" == out


def test_a_table_of_all_events_balances(recorded, run, tmp_path):
    csv_file, lines = tmp_path / "rows.csv", tmp_path / "rows.jsonl"
    assert run("export", recorded / "log.db", "--to", "csv", "--out", csv_file)[0] == 0
    assert run("export", recorded / "log.db", "--to", "jsonl", "--out", lines, "--json", tmp_path / "n.json")[0] == 0
    rows = list(csv.DictReader(csv_file.open()))
    same = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [{key: "" if value is None else str(value) for key, value in row.items()} for row in same] == rows
    assert json.loads((tmp_path / "n.json").read_text())["rows"] == len(rows)
    balances = {}
    last = max(int(row["episode"]) for row in rows)
    for row in rows:
        if row["amount"] and int(row["episode"]) == last:
            balances[row["source"]] = balances.get(row["source"], 0) - int(row["amount"])
            balances[row["target"]] = balances.get(row["target"], 0) + int(row["amount"])
            assert row["source"] == "new money" or balances[row["source"]] >= 0
    assert -balances.pop("new money") == sum(balances.values()) > 0
    assert not any(amount for name, amount in balances.items() if name.endswith(".escrow"))


def test_mistakes_end_in_one_sentence(recorded, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(recorded / "log.db", "log.db")
    Path("text").write_text("no log")
    missing = (
        () if importlib.util.find_spec("pyarrow") else ((("export", "log.db"), "pip install 'econo-env[parquet]'"),)
    )
    for words, said in (
        (("audit", "verify", "nowhere"), "nowhere is not there"),
        (("audit", "verify", "text"), "text is no log of an audited economy"),
        (("audit", "verify", "log.db", "--anchor", "text"), "no anchor of a tick"),
        (("audit", "explain", "0.0", "log.db"), "op '0.0': give MARKET.EPISODE.TICK.OP"),
        (("audit", "explain", "9.0.1.0", "log.db"), "no operation '9.0.1.0'"),
        (("audit", "explain", "0.0.0.1.99", "log.db"), "the market has agents 0 to"),
        (("audit", "record", "first_price_v0"), "has no accounts to audit"),
        (("audit", "record", SCENARIO, "--out", "log.db"), "is there already"),
        (("audit", "record", SCENARIO, "--out", tmp_path), "is a folder: give a file"),
        (("audit", "record", SCENARIO, "--out", "nowhere/new.db"), "--out 'nowhere/new.db': the folder"),
        (("audit", "record", SCENARIO, "--out", "new.db", "--anchor", "new.db"), "is also written by --out"),
        (("audit", "record", SCENARIO, "--out", "new.db", "--anchor", "text"), "the anchor of another log"),
        (("audit", "record", SCENARIO, "--out", "new.db", "--anchor", "nowhere/anchor"), "--anchor 'nowhere/anchor'"),
        (("audit", "forget", "log.db"), "No such command"),
        (("export", "log.db", "--to", "xml"), "choose one of csv, jsonl, parquet"),
        (("export", "text", "--to", "csv"), "no log of an audited economy"),
        *missing,
    ):
        status, out, err = run(*words)
        assert (status, out) == (2, ""), words
        assert said in err
        assert err.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"log.db", "text"}


def test_the_page_is_run_word_for_word(run, tmp_path, monkeypatch):
    text = (SCENARIO.parents[2] / "docs" / "audit.md").read_text()
    (tmp_path / "configs").symlink_to(SCENARIO.parents[1])
    monkeypatch.chdir(tmp_path)
    shell = text.split("```sh\n")[1].split("```")[0].replace("\\\n", " ")
    lines = [line.split() for line in shell.splitlines()]
    assert {line[2] for line in lines if line[1] == "audit"} == {"record", "verify", "replay", "explain", "recover"}
    for line in lines:
        status, out, err = run(*line[1:])
        assert (status, err) == (0, ""), line
        assert out
    exec(compile(text.split("```python\n")[1].split("```")[0], "docs/audit.md", "exec"), {})


def test_a_table_goes_to_parquet_where_pyarrow_is(recorded, run, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    assert run("export", recorded / "log.db", "--to", "parquet", "--out", tmp_path / "rows.parquet")[0] == 0
    assert run("export", recorded / "log.db", "--to", "jsonl", "--out", tmp_path / "rows.jsonl")[0] == 0
    same = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert parquet.read_table(tmp_path / "rows.parquet").to_pylist() == same

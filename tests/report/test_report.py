"""The page is complete in itself, says what was measured, and refuses what is no run with a sentence."""

import json
import re
import shutil

import numpy as np
import pytest

from econo_env.policies import make_policy
from econo_env.training.evaluation.play import play
from econo_env.training.report import build_page, gather, write_report
from econo_env.training.report.contents import ReportContents, read_rows
from econo_env.training.report.summary import shown
from tests.report.conftest import EFFORT

AUCTION = ("summary", "bids", "learning", "regret", "money", "metrics", "provenance")
TASKS = ("summary", "learning", "regret", "money", "economy", "metrics", "provenance")


@pytest.fixture(scope="module")
def auction(auction_run):
    return gather(auction_run, seed=7, effort=EFFORT)


@pytest.fixture(scope="module")
def tasks(task_run):
    return gather(task_run, seed=7, effort=EFFORT)


@pytest.fixture(scope="module")
def pages(auction, tasks):
    return {"auction": build_page(auction), "tasks": build_page(tasks)}


def sections(page):
    return re.findall(r'<section id="([a-z-]+)">', page)


@pytest.mark.parametrize(("market", "expected"), [("auction", AUCTION), ("tasks", TASKS)])
def test_a_page_has_its_sections_in_order(pages, market, expected):
    assert tuple(sections(pages[market])) == expected


@pytest.mark.parametrize("market", ["auction", "tasks"])
def test_a_page_needs_no_network(pages, market):
    page = pages[market]
    assert not re.search(r"<script[^>]*\ssrc=|<link\b|<img\b|@import|url\(\s*['\"]?http", page.split("<body>")[1])
    assert not re.search(r"<(script|link)[^>]*(src|href)=", page)
    assert "plotly.js v" in page
    assert page.count("Plotly.newPlot(") >= 4


def test_figures_of_the_table_are_those_of_the_evaluation(pages, auction):
    page = pages["auction"]
    kept = json.loads(re.search(r'id="evaluation">(.*?)</script>', page, re.DOTALL)[1])
    assert kept == json.loads(json.dumps(auction.document))
    table = page[page.index('<section id="metrics">') :]
    rows = re.findall(r"<tr><td>([a-z ]+)(?:<small>.*?</small>)?</td>(.*?)</tr>", table)
    found = {name.replace(" ", "_"): re.findall(r'data-exact="([^"]+)">([^<]*)', cells) for name, cells in rows}
    assert set(found) == set(auction.document["metrics"])
    for name, metric in auction.document["metrics"].items():
        if metric["mean"] is not None:
            assert float(found[name][0][0]) == metric["mean"]
            assert found[name][0][1] == shown(metric)
    equilibrium = auction.document["baselines"]["equilibrium"]["revenue"]["mean"]
    assert float(found["revenue"][-1][0]) == equilibrium


def test_every_training_seed_is_shown(pages, auction):
    assert list(auction.evaluations) == ["seed 3", "seed 5"]
    assert auction.document["metrics"]["revenue"] != auction.others[5]["metrics"]["revenue"]
    assert all(f"seed {seed}" in pages["auction"] for seed in (3, 5))
    assert {seed: bool(found) for seed, found in auction.moments.items()} == {3: True, 5: True}


def test_moments_end_with_the_judged_policy(auction):
    last = auction.moments[3][-1]
    assert last.timesteps == auction.curves[3][-1]["timesteps"]
    regret = auction.document["regret"][0]
    values = np.array(regret["types"])[:, 0]
    assert np.interp(values, last.types, last.reports) == pytest.approx(np.array(regret["own_reports"])[:, 0], abs=0.02)


def test_an_evaluation_file_makes_a_page_without_curves(auction, tmp_path):
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(auction.document))
    page = build_page(gather(path))
    assert tuple(sections(page)) == ("summary", "bids", "regret", "money", "metrics", "provenance")
    assert shown(auction.document["metrics"]["revenue"]) in page


@pytest.mark.parametrize(("policy", "called"), [("shading", "shading"), ("runs/mine", "learned")])
def test_a_rule_goes_by_its_own_name(auction, tmp_path, policy, called):
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(auction.document | {"policy": policy}))
    contents = gather(path)
    assert list(contents.evaluations) == [called]
    page = build_page(contents)
    assert bool(re.search(r'"name": ?"learned"', page)) is (called == "learned")
    assert called == "learned" or "learned" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_text_cannot_break_out_of_the_page(auction):
    strange = "</script><b>&"
    contents = ReportContents(auction.scenario, {**auction.document, "policy": strange})
    page = build_page(contents)
    assert strange not in page
    assert "&lt;/script&gt;&lt;b&gt;&amp;" in page


@pytest.mark.parametrize("policy", ["learned", "truthful"])
def test_surplus_of_a_task_market_is_what_agents_earned(tasks, task_run, policy):
    made = make_policy(task_run if policy == "learned" else policy, tasks.scenario)
    record = play(tasks.scenario, made, tasks.episode.seed, tasks.episode.markets)
    course = tasks.episode.courses[policy]
    assert course.surplus == pytest.approx(record.utility.sum() / record.rounds, rel=1e-9)
    assert course.flows.received.sum() - course.flows.paid.sum() + course.worth == pytest.approx(course.surplus)


def test_an_episode_of_a_task_market_starts_with_the_stake_and_only_bans_more(tasks):
    course = tasks.episode.courses["learned"]
    assert course.wealth[0] == pytest.approx([tasks.scenario.economy["ledger"].endowment] * 5)
    assert course.banned[0] == 0.0
    assert (np.diff(course.banned) >= 0).all()
    assert (course.grades.sum(axis=1) <= 1.0 + 1e-12).all()


def test_an_evaluation_of_a_rule_tells_of_its_economy(tasks, tmp_path):
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(tasks.document | {"policy": "truthful"}))
    contents = gather(path, seed=tasks.episode.seed)
    assert list(contents.episode.courses) == ["truthful"]
    assert contents.episode.courses["truthful"].surplus == tasks.episode.courses["truthful"].surplus
    assert "economy" in sections(build_page(contents))


def test_truthful_agents_of_a_task_market_are_never_banned(tasks):
    assert tasks.episode.courses["truthful"].banned[-1] == 0.0


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (shutil.rmtree, "there is no run"),
        (lambda run: (run / "config.yaml").unlink(), "no config.yaml"),
        (lambda run: [p.unlink() for p in run.glob("seed_*/policy.npz")], "no trained policy yet"),
        (lambda run: (run / "seed_3" / "policy.npz").write_bytes(b"half"), "no policy of a training run, or damaged"),
        (lambda run: (run / "config.yaml").write_text("scenario: {id: [}"), "not readable YAML"),
        (lambda run: (run / "config.yaml").write_text("scenario: first_price_v0"), "total_timesteps"),
    ],
    ids=["missing", "no config", "not trained", "half a policy", "no YAML", "incomplete"],
)
def test_a_damaged_run_is_refused_with_a_sentence(auction_run, tmp_path, damage, words):
    run = tmp_path / "run"
    shutil.copytree(auction_run, run)
    damage(run)
    with pytest.raises(ValueError, match=words):
        gather(run, effort=EFFORT)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"scenario": "first_', "is no JSON, or cut off"),
        ('{"scenario": "first_price_v0"}', "is no evaluation: it has no 'policy'"),
        ("[]", "is no evaluation"),
    ],
)
def test_a_file_that_is_no_evaluation_is_refused(tmp_path, text, words):
    path = tmp_path / "evaluation.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=words):
        gather(path)


def test_rows_after_a_half_written_line_are_left_out(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"timesteps": 1, "a": 2.0}\n{"timesteps": 2, "a"')
    assert read_rows(tmp_path) == [{"timesteps": 1, "a": 2.0}]


def test_a_damaged_checkpoint_is_one_moment_less(auction_run, tmp_path, auction):
    run = tmp_path / "run"
    shutil.copytree(auction_run, run)
    sorted((run / "seed_3" / "checkpoints").glob("*.ckpt"))[0].write_bytes(b"half")
    assert len(gather(run, seed=7, effort=EFFORT).moments[3]) == len(auction.moments[3]) - 1


def test_without_plotly_the_extra_is_named(auction, tmp_path, monkeypatch):
    import importlib

    def missing(name, *rest):
        if name.startswith("plotly"):
            raise ImportError(name)
        return real(name, *rest)

    real = importlib.import_module
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ValueError, match=r"pip install econo-env\[report\]"):
        write_report(auction, tmp_path / "report.html")


def test_a_missing_folder_is_named(auction, tmp_path):
    with pytest.raises(ValueError, match="make it first"):
        write_report(auction, tmp_path / "nowhere" / "report.html")

"""The command `econo-env calibrate`."""

import json

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from econo_env.catalogue import load
from econo_env.training.commands.calibrate import calibrate


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    pd.DataFrame(
        {
            "sale": np.repeat(np.arange(120), 2 + (np.arange(120) % 2)),
            "price": 50.0 * rng.lognormal(0.0, 0.3, 300),
        }
    ).to_csv("sales.csv", index=False)
    app = typer.Typer()
    app.command()(calibrate)
    return lambda *arguments: CliRunner().invoke(app, [*arguments, "--bootstrap", "20"])


COLUMNS = ("--auction-column", "sale", "--bid-column", "price")


def test_it_writes_scenario_picture_and_json(run, tmp_path):
    done = run("sales.csv", *COLUMNS, "--out", "m.yaml", "--picture", "p.png", "--json", "m.json")
    assert done.exit_code == 0, done.output
    scenario = load(tmp_path / "m.yaml")
    assert (scenario.id, scenario.num_agents, scenario.mechanism.name) == ("sales_v0", 3, "first_price")
    said = json.loads((tmp_path / "m.json").read_text())
    assert said["estimates"]["3"]["values"] == pytest.approx(scenario.values.quantiles, rel=1e-5)
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert "Quantiles of values" in done.output


def test_the_number_of_bidders_can_be_chosen(run, tmp_path):
    assert run("sales.csv", *COLUMNS, "--num-bidders", "2", "--out", "m.yaml").exit_code == 0
    assert load(tmp_path / "m.yaml").num_agents == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("sales.csv",), "column 'auction' is not in 'sales.csv', whose columns are 'sale', 'price'"),
        (("other.csv",), "no file 'other.csv'"),
        (("sales.csv", *COLUMNS, "--num-bidders", "7"), "no estimate for 7 bidders: choose one of 2, 3"),
        (("sales.csv", *COLUMNS, "--out", "no/m.yaml"), "the folder"),
        (("sales.csv", *COLUMNS, "--seed", "-1"), "seed = -1"),
        (("sales.csv", *COLUMNS, "--discrete", "price"), "column 'price' is named twice"),
    ],
)
def test_a_mistake_is_one_sentence(run, arguments, sentence):
    done = run(*arguments)
    assert isinstance(done.exception, ValueError)
    assert sentence in str(done.exception)


def test_a_tender_table_becomes_a_market_of_procurement(run, tmp_path):
    rng = np.random.default_rng(3)
    bids = (4.0 + 2.0 * rng.random((60, 3))) / 3.0 * 1000.0
    rows = [
        f'T-{i:03d};Firma {k};"{bid:,.2f}";{"ja" if bid == row.min() else "nein"}'.replace(",", "~").replace(".", ",")
        for i, row in enumerate(bids)
        for k, bid in enumerate(row)
    ]
    text = "Vergabe;Bieter;Angebot;Zuschlag\r\n" + "\r\n".join(rows).replace("~", ".") + "\r\n"
    (tmp_path / "tender.csv").write_bytes(text.encode("latin-1"))
    columns = ("--auction-column", "Vergabe", "--bid-column", "Angebot", "--bidder-column", "Bieter")
    sale = run("tender.csv", *columns, "--out", "m.yaml")
    assert sale.exit_code == 0
    assert "warning: column 'Zuschlag' marks the lowest bid as the winner's in 100% of 60 auctions" in sale.output
    done = run("tender.csv", *columns, "--procurement", "--out", "m.yaml", "--json", "m.json", "--picture", "m.png")
    assert done.exit_code == 0, done.output
    assert "warning" not in done.output
    for said in ("semicolon", "decimal comma, thousands separated by point", "lowest bid of each auction wins"):
        assert said in done.output
    scenario, document = load(tmp_path / "m.yaml"), json.loads((tmp_path / "m.json").read_text())
    assert (scenario.procurement.ceiling, scenario.bids) == (scenario.values.highest, "amount")
    assert document["symmetry"]["groups"] == 3
    assert document["price"]["3"]["price"]["mean"] > document["estimates"]["3"]["values"][0]


def test_a_reserve_on_the_command_line(run, tmp_path):
    rng = np.random.default_rng(3)
    values = rng.random((300, 3))
    bids = pd.DataFrame((2.0 * values + 0.25 / values**2) / 3.0).where(pd.DataFrame(values) >= 0.5)
    bids.add_prefix("bid ").dropna(how="all").to_csv(tmp_path / "wide.csv", index=False, sep="|")
    done = run("wide.csv", "--bid-columns", "bid*", "--reserve", "0.5", "--separator", "pipe", "--out", "m.yaml")
    assert done.exit_code == 0, done.output
    assert "3 potential bidders" in done.output
    assert "< 0." in done.output  # quantiles below the reserve are not shown as estimates
    assert load(tmp_path / "m.yaml").mechanism.reserve > 0.0


def test_the_help_says_who_is_taken_as_the_winner(run):
    said = " ".join(run("--help").output.split())
    assert "highest bid of each auction is taken to win" in said
    assert "--procurement" in said


@pytest.mark.parametrize("width", [80, 140])
def test_the_words_fit_the_terminal(width, tmp_path):
    from econo_env.valuations.calibration import EstimateOptions
    from econo_env.valuations.calibration import calibrate as estimate
    from econo_env.valuations.calibration.explain import report

    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"auction": np.repeat(np.arange(50), 3), "bid": rng.lognormal(0.0, 0.4, 150)})
    text = report(estimate(frame, options=EstimateOptions(bootstrap=20)), None, width)
    rows = [line for line in text.splitlines() if line.lstrip().startswith("3 ") and "bidders" not in line]
    assert rows
    assert all(len(line) <= width for line in rows)

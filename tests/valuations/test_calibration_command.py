"""The command `econo-env calibrate`."""

import json

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from econo_env.scenario import load
from training.commands.calibrate import calibrate


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

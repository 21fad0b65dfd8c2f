"""W&B, MLflow and trackio offline, by their own libraries, and a sweep by Optuna."""

import os
import sys
import tempfile
from pathlib import Path

os.environ["TRACKIO_DIR"] = tempfile.mkdtemp()

import mlflow
import optuna
import wandb
from referee import report

from econo_env.training.config import config_from
from econo_env.training.logs import read_metrics
from econo_env.training.run import resume_run, start_run
from econo_env.training.sweep import Sweep, run_sweep

SMALL = {
    "total_timesteps": 2048,
    "learner": {"num_markets": 16, "n_steps": 4, "batch_size": 32, "n_epochs": 2, "net_arch": [8]},
    "evaluation": {"every": 1024, "num_markets": 16},
    "checkpoints": {"every": 1024},
}


def trained(scenario, tracker, folder):
    """A run that goes to a tracker, with a resume; what its own file holds."""
    if scenario == "task_market_v0":
        learner = {**SMALL["learner"], "batch_size": 64, "n_steps": 16}
    else:
        learner = SMALL["learner"]
    settings = {"scenario": scenario, **SMALL, "learner": learner, "tracker": {"name": tracker, "offline": True}}
    start_run(config_from(settings), folder)
    resume_run(folder, ["total_timesteps=4096"])
    return read_metrics(folder)


def of_mlflow(folder):
    """What MLflow has kept of every number."""
    client = mlflow.MlflowClient(f"sqlite:///{folder.resolve() / 'mlruns.db'}")
    (run,) = client.search_runs([client.get_experiment_by_name("econo-env").experiment_id])
    assert run.info.status == "FINISHED"
    return {
        name: {m.step: m.value for m in client.get_metric_history(run.info.run_id, name)} for name in run.data.metrics
    }


def of_wandb(folder):
    """That W&B has kept a run that `wandb sync` can take, under one id."""
    runs = sorted((folder / "wandb").glob("offline-run-*"))
    assert len({run.name.rpartition("-")[2] for run in runs}) == 1
    assert all(list(run.glob("*.wandb")) for run in runs)
    assert wandb.run is None, "the run has been ended"


for scenario in sys.argv[1:]:
    home = Path(tempfile.mkdtemp())
    rows = trained(scenario, "mlflow", home / "mlflow")
    kept = of_mlflow(home / "mlflow")
    for row in rows:
        step = row.pop("timesteps")
        assert {name: kept[name][step] for name in row} == row, step
    trained(scenario, "wandb", home / "wandb")
    of_wandb(home / "wandb")
    trained(scenario, "trackio", home / "trackio")
    assert any(Path(os.environ["TRACKIO_DIR"]).rglob("*.db")), "trackio kept nothing"
    report("trackers", scenario, rows=len(rows))

space = {"learner.std.initial": {"low": 0.05, "high": 0.5}, "learner.n_epochs": {"choices": [1, 2]}}
sweep = Sweep(train="first_price_v0", space=space, trials=3, regret=False, metric="revenue", markets=64,
              changes=("total_timesteps=16384",))  # fmt: skip
folder = Path(tempfile.mkdtemp())
found = run_sweep(sweep, folder, print)
assert [one.figure for one in found] == sorted(one.figure for one in found)
again = run_sweep(sweep.model_copy(update={"trials": 4}), folder, print)
assert len(again) == 4, "it goes on where it stopped"
assert {one.number for one in found} < {one.number for one in again}
report("trackers", "optuna", version=optuna.__version__, best=round(again[0].figure, 4))

"""Sweeps: Optuna tries settings of a training, each in a run of its own, and the best by a figure is named.

A sweep file says what to train, which keys to try, and which figure is to be small or large; see `configs/sweeps`.
"""

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, Self

from pydantic import Field, model_validator
from rich.console import Console

from econo_env.documents import read_yaml
from econo_env.settings import Section, validated
from econo_env.training.changes import apply_change
from econo_env.training.config import read_config
from econo_env.training.evaluation import evaluate
from econo_env.training.run import resume_run, start_run
from econo_env.training.run_folder import CONFIG_FILE, SUMMARY_FILE

FOLDERS = (Path("configs/sweeps"), *(folder / "configs/sweeps" for folder in Path(__file__).resolve().parents[:2]))
"""Where `sweep NAME` looks for NAME.yaml."""
JOURNAL = "optuna.log"


class Tried(Section):
    """What one key may be: numbers from `low` to `high`, evenly or by `log`, whole ones with `whole`; or `choices`.

    Attributes:
        low: The least number.
        high: The largest.
        log: Orders of magnitude count alike.
        whole: Whole numbers only.
        choices: Values to choose from, in place of a range.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    whole: bool = False
    choices: tuple[Any, ...] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.choices is None) == (self.low is None or self.high is None):
            raise ValueError("give low and high, or choices")
        if self.choices is None and not (self.low or 0.0) < (self.high or 0.0):
            raise ValueError(f"low={self.low} must lie below high={self.high}")
        if self.log and (self.low or 0.0) <= 0.0:
            raise ValueError(f"low={self.low} must be above 0 where log is true")
        return self


class Sweep(Section):
    """A sweep file.

    Attributes:
        train: What to train: a training file, the name of one, or a scenario.
        changes: `key=value`, of its settings in every trial.
        space: What to try, by key.
        metric: A figure of `econo-env evaluate`.
        regret: Whether deviations are searched for, as figures of regret and loss need.
        direction: Whether it is to be small or large.
        trials: How many settings to try, those of an earlier start included.
        seeds: Of the evaluation.
        markets: Episodes for each of them.
        sampler_seed: Of the search.
    """

    train: str
    changes: tuple[str, ...] = ()
    space: dict[str, Tried] = Field(min_length=1)
    metric: str = "utility_loss"
    regret: bool = True
    direction: Literal["minimize", "maximize"] = "minimize"
    trials: int = Field(20, ge=1)
    seeds: tuple[int, ...] = Field((0, 1, 2), min_length=1)
    markets: int = Field(512, ge=1)
    sampler_seed: int = Field(0, ge=0)


class Trial(Protocol):
    """What is asked of a trial of Optuna."""

    number: int

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float:
        """A number."""
        ...

    def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> int:
        """A whole number."""
        ...

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """A choice."""
        ...


class Tested(NamedTuple):
    """One trial: its number, what was tried, by key, and the figure."""

    number: int
    settings: dict[str, Any]
    figure: float


def read_sweep(source: str | Path, changes: Iterable[str] = ()) -> Sweep:
    """A sweep from a YAML file or by the name of one in `configs/sweeps`, with `key=value` changes.

    Raises:
        ValueError: There is no such file, or a key or value is not allowed.
    """
    candidates = [Path(source), *(folder / f"{source}.yaml" for folder in FOLDERS)]
    path = next((path for path in candidates if path.is_file()), None)
    if path is None:
        names = sorted({path.stem for folder in FOLDERS for path in folder.glob("*.yaml")})
        raise ValueError(f"there is no sweep {str(source)!r}: give a file, or one of {', '.join(names)}")
    document = dict(read_yaml(path, "sweep file"))
    for change in changes:
        apply_change(document, change, {})
    return validated(Sweep, document, str(path))


def check_optuna() -> None:
    """Raises a ValueError if Optuna is not installed."""
    if importlib.util.find_spec("optuna") is None:
        raise ValueError("a sweep needs Optuna, which is not there: `pip install econo-env[sweep]`")


def run_sweep(sweep: Sweep, folder: Path, say: Callable[[str], None]) -> list[Tested]:
    """Tries settings until there are as many trials as the sweep says; a sweep that was broken off goes on.

    Args:
        sweep: What to try.
        folder: Of the sweep: Optuna's journal, and a run for each trial.
        say: Told of every trial.

    Returns:
        All trials that came to an end, the best first.

    Raises:
        ValueError: A setting is not allowed, or the figure is not among those of the evaluation.
    """
    check_optuna()
    optuna = importlib.import_module("optuna")
    journal = importlib.import_module("optuna.storages.journal")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    storage = optuna.storages.JournalStorage(journal.JournalFileBackend(str(folder / JOURNAL)))
    sampler = optuna.samplers.TPESampler(seed=sweep.sampler_seed)
    study = optuna.create_study(
        storage=storage, sampler=sampler, direction=sweep.direction, study_name="sweep", load_if_exists=True
    )

    def objective(trial: Any) -> float:
        figure = tried(sweep, trial, folder)
        say(f"trial {trial.number}: {sweep.metric} {figure:.6g}, {_written(trial.params)}")
        return figure

    ended = (optuna.trial.TrialState.COMPLETE,)
    left = sweep.trials - len(study.get_trials(deepcopy=False, states=ended))
    if left > 0:
        study.optimize(objective, n_trials=left)
    found = [Tested(t.number, dict(t.params), float(t.value)) for t in study.get_trials(deepcopy=False, states=ended)]
    return sorted(found, key=lambda one: one.figure if sweep.direction == "minimize" else -one.figure)


def tried(sweep: Sweep, trial: Trial, folder: Path) -> float:
    """Trains with the settings that a trial suggests, in a run of its own, and gives the figure."""
    chosen = {name: _suggested(trial, name, what) for name, what in sweep.space.items()}
    config = read_config(sweep.train, [*sweep.changes, *(f"{name}={value!r}" for name, value in chosen.items())])
    run, quiet = folder / f"trial_{trial.number}", Console(quiet=True)
    if not (run / CONFIG_FILE).exists():
        start_run(config, run, quiet)
    elif not (run / SUMMARY_FILE).exists():
        resume_run(run, (), quiet)
    found = evaluate(run, seeds=sweep.seeds, markets=sweep.markets, regret=sweep.regret, baselines=()).metrics
    if sweep.metric not in found:
        raise ValueError(
            f"metric={sweep.metric!r} is no figure of {config.scenario.id}: choose one of {', '.join(found)}"
        )
    return float(found[sweep.metric].mean)


def _suggested(trial: Trial, name: str, what: Tried) -> Any:
    if what.choices is not None:
        return trial.suggest_categorical(name, list(what.choices))
    assert what.low is not None
    assert what.high is not None
    if what.whole:
        return trial.suggest_int(name, round(what.low), round(what.high), log=what.log)
    return trial.suggest_float(name, what.low, what.high, log=what.log)


def _written(settings: Mapping[str, Any]) -> str:
    numbers = {name: f"{value:.4g}" if isinstance(value, float) else value for name, value in settings.items()}
    return ", ".join(f"{name}={value}" for name, value in numbers.items())

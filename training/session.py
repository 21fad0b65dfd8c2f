"""One seed's training in its folder: the loop, the looks, the checkpoints, and how it stops."""

import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from econo_env.files import write_file
from econo_env.policies.networks import POLICY_FILE
from econo_env.training.checkpoints import checkpoint_path, latest_checkpoint, remove_old, write_checkpoint
from econo_env.training.config import TrainingConfig
from econo_env.training.logs import Logs
from econo_env.training.populations.psro import PsroTrainer
from econo_env.training.probe import look
from econo_env.training.progress import TrainingProgress
from econo_env.training.run_folder import (
    CONFIG_FILE,
    SUMMARY_FILE,
    read_json,
    settings_text,
    where_it_stands,
    write_json,
)
from econo_env.training.stopping import Stopped, StopRequest
from econo_env.training.trackers import TRACKER_FILE, Tracking
from econo_env.training.trainer import Trainer, derived_seed

Summary = dict[str, Any]
AnyTrainer = Trainer | PsroTrainer


def trainer_of(config: TrainingConfig, seed: int) -> AnyTrainer:
    """The learners of one seed, by the configuration's algorithm."""
    return PsroTrainer(config, seed) if config.algorithm == "psro" else Trainer(config, seed)


def train_seed(config: TrainingConfig, folder: Path, seed: int, console: Console) -> Summary:
    """Trains one seed in a folder, from its newest sound checkpoint where there is one.

    The first Ctrl-C or SIGTERM ends it after the iteration that runs, with a checkpoint; a second one at once.

    Returns:
        The summary that `summary.json` holds.

    Raises:
        Stopped: A signal came; there is a checkpoint, unless it came twice.
        OSError: Something cannot be written; what was learned is then kept in a folder that the message names.
    """
    return _Session(config, folder, seed, console).train()


class _Session:
    def __init__(self, config: TrainingConfig, folder: Path, seed: int, console: Console) -> None:
        self.config, self.folder, self.seed, self.console = config, folder, seed, console
        self.trainer = trainer_of(config, seed)
        kept = latest_checkpoint(folder / "checkpoints", self.say)
        if kept is not None:
            self.trainer.restore(kept)
        self.start = self.trainer.timesteps
        self.from_step = None if kept is None else self.start
        self.saved = self.from_step
        self.looked: dict[str, float] = {}

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False, soft_wrap=True, markup=False)

    def train(self) -> Summary:
        self.say(self.trainer.header())
        if self.from_step is not None:
            self.say(f"goes on from {self.start:,} agent-steps")
        began = time.monotonic()
        promise = "stopping after this iteration, with a checkpoint; once more stops at once"
        try:
            with StopRequest(promise) as stop:
                self._learn(stop, began)
        except OSError as error:
            raise self._rescued(error) from None
        return self._finish(time.monotonic() - began)

    def _learn(self, stop: StopRequest, began: float) -> None:
        trainer, config = self.trainer, self.config
        with (
            Logs(self.folder, from_step=self.from_step, tracking=self._tracking()) as logs,
            TrainingProgress(config.total_timesteps, self.start, self.console) as progress,
        ):
            if self.from_step is None:
                self.looked, histograms = looks(trainer)
                logs.write(0, self.looked, histograms)
            while not trainer.finished and stop.number is None:
                before = trainer.timesteps
                scalars = trainer.iterate()
                now = trainer.timesteps
                rate = progress.rate(now)
                scalars |= {"time/agent_steps_per_second": rate, "time/seconds": time.monotonic() - began}
                histograms = {}
                if config.evaluation.is_due(before, now) or trainer.finished:
                    self.looked, histograms = looks(trainer)
                    scalars |= self.looked
                logs.write(now, scalars, histograms)
                if config.checkpoints.is_due(before, now) or trainer.finished:
                    self._save()
                progress.update(now, f"utility {self.looked['eval/utility']:.4f}" if self.looked else "")
            if stop.number is not None:
                if self.saved != trainer.timesteps:
                    self._save()
                raise Stopped(stop.number)

    def _tracking(self) -> Tracking | None:
        """The run in a tracker: the one that was begun, where the training goes on and the tracker is the same."""
        settings = self.config.tracker
        if settings is None:
            return None
        begun = read_json(self.folder / TRACKER_FILE) if self.from_step is not None else None
        run_id = begun["id"] if begun is not None and begun.get("name") == settings.name else None
        document = self.config.model_dump(mode="json") | {"seed": self.seed}
        name = f"{self.config.scenario.id}, seed {self.seed}"
        tracking = Tracking(settings, self.folder, name, document, run_id, self.say)
        write_json(self.folder / TRACKER_FILE, {"name": settings.name, "id": tracking.run_id})
        return tracking

    def _save(self) -> None:
        save(self.trainer, self.folder)
        self.saved = self.trainer.timesteps

    def _finish(self, seconds: float) -> Summary:
        trainer = self.trainer
        if not self.looked:
            self.looked, _ = looks(trainer)
        now = trainer.timesteps - self.start
        summary = {
            "scenario": self.config.scenario.id,
            "seed": self.seed,
            "sharing": self.config.sharing,
            "parameters": trainer.parameters() * len(trainer.learners),
            "timesteps": trainer.timesteps,
            "timesteps_now": now,
            "seconds": round(seconds, 3),
            "agent_steps_per_second": round(now / max(seconds, 1e-9)),
            "metrics": self.looked,
            "run": str(self.folder),
        }
        write_json(self.folder / SUMMARY_FILE, summary)
        utility = self.looked["eval/utility"]
        self.say(f"{self.folder}: {trainer.timesteps:,} agent-steps, utility {utility:.5f} credits an episode")
        return summary

    def _rescued(self, error: OSError) -> OSError:
        """Keeps what was learned in a run folder elsewhere, and says so."""
        saved = self.saved is not None
        stands = where_it_stands({self.seed: self.folder}, self.folder) if saved else "nothing is saved there"
        reason = f"{error.strerror or error}; {stands}"
        if self.trainer.timesteps > (self.saved or 0):
            try:
                rescue = Path(tempfile.mkdtemp(prefix="econo-env-run-"))
                write_file(rescue / CONFIG_FILE, settings_text(self.config, self.seed))
                save(self.trainer, rescue)
                reason += f"; all {self.trainer.timesteps:,} are kept for `econo-env resume {rescue}`"
            except OSError:
                reason += "; no temporary folder takes what came after that"
        return OSError(error.errno, reason, error.filename or str(self.folder))


def save(trainer: AnyTrainer, folder: Path) -> None:
    """Writes the networks and a checkpoint, and removes the oldest ones."""
    settings = settings_text(trainer.config, trainer.seed)
    trainer.write_policy(folder / POLICY_FILE)
    write_checkpoint(
        checkpoint_path(folder / "checkpoints", trainer.timesteps), {**trainer.state(), "settings": settings}
    )
    remove_old(folder / "checkpoints", trainer.config.checkpoints.keep)


def looks(trainer: AnyTrainer) -> tuple[dict[str, float], dict[str, Any]]:
    """Scalars and histograms: the deterministic policy as `eval/`, the exploring one that learns as `market/`."""
    config = trainer.config
    size = config.evaluation.num_markets
    seed = derived_seed(trainer.seed, 1_000_003)
    judged = look(config.scenario, trainer.policy(), seed, size)
    market = look(config.scenario, trainer.policy(deterministic=False), derived_seed(seed, trainer.timesteps), size)
    scalars = {"eval/utility": judged.utility} | {f"eval/{name}": value for name, value in judged.scalars.items()}
    scalars |= {f"market/{name}": value for name, value in market.scalars.items() if name not in market.histograms}
    return scalars, {f"market/{name}": values for name, values in market.histograms.items()}

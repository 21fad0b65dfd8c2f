"""The steps of the demo, one after the other, each leaving its files behind."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from econo_env.files import DRAFT, write_file
from econo_env.scenario import Scenario
from econo_env.training.demo.explain import (
    calibration_lines,
    closing_words,
    human_bids_lines,
    judgement_lines,
    revenue_lines,
)
from econo_env.training.demo.human_bids import HumanBids, compare_with_human_bids
from econo_env.training.demo.market import training_market
from econo_env.training.demo.revenue import Earned, revenues
from econo_env.training.lock import LOCK_FILE, sole_writer
from econo_env.training.report.contents import Effort, ReportContents, gather
from econo_env.valuations.calibration import TIMBER, Calibration, EstimateOptions, calibrate

Say = Callable[[str], None]
TRAINING = "timber"
"""The training file of the demo."""


@dataclass(frozen=True)
class DemoSettings:
    """How much the demo does.

    Attributes:
        seed: Of the calibration's bootstrap and of the training; evaluation and revenue count up from it.
        num_bidders: Bidders of the market.
        training_seconds: About how long to train; None takes the steps of the training file, the same on every machine.
        bootstrap: Bootstrap samples of the calibration.
        effort: How much the judgement measures.
        auctions: Auctions of each sample of bids and revenue.
        changes: Settings of the training to change, `key=value`.
    """

    seed: int = 0
    num_bidders: int = 3
    training_seconds: float | None = None
    bootstrap: int = 200
    effort: Effort = field(default_factory=lambda: Effort(markets=2048, moments=12))
    auctions: int = 20_000
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DemoResult:
    """What the demo found, and where its files stand."""

    calibration: Calibration
    scenario: Scenario
    contents: ReportContents
    human_bids: HumanBids
    earned: list[Earned]
    report: Path
    words: str
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """The figures for `--json`; the long tables stay in the run's files."""
        homogenisation = self.calibration.homogenisation
        return {
            "calibration": {
                "auctions": self.calibration.auctions_read,
                "bids": self.calibration.rows_read,
                "dropped": [asdict(entry) for entry in self.calibration.dropped],
                "r_squared": homogenisation.r_squared,
                "money_per_credit": homogenisation.amount_per_credit,
                "fit": asdict(self.calibration.estimate(self.scenario.num_agents).fit),
            },
            "evaluation": {key: self.contents.document[key] for key in ("policy", "seeds", "metrics", "baselines")},
            "people": {
                name: {
                    "bid_distance": self.human_bids.bid_distance[name],
                    "winning_bid_distance": self.human_bids.winning_distance[name],
                    "mean_bid_gap_credits": self.human_bids.bid_gap[name],
                    "money_on_table": other.money_on_table,
                    "money_on_table_of_people": self.human_bids.human_bids.money_on_table,
                }
                for name, other in self.human_bids.others.items()
            },
            "revenue": [entry.as_dict(homogenisation.amount_per_credit) for entry in self.earned],
            "report": str(self.report),
            "words": self.words,
            "seconds": round(self.seconds, 1),
            "provenance": self.contents.provenance,
        }


def run_demo(out: Path, settings: DemoSettings | None = None, say: Say = print) -> DemoResult:
    """Calibrates on the timber bids, trains bidders, judges them and the market, and writes the report.

    Args:
        out: Folder for everything; what an earlier demo left there is replaced.
        settings: How much to do.
        say: Called with each line of progress.

    Raises:
        ValueError: The folder holds something else, or an extra is not installed.
    """
    from econo_env.training.report.style import plotly

    if out.exists() and not out.is_dir():
        raise ValueError(f"--out {str(out)!r} is a file: give a folder")
    plotly()
    out.mkdir(parents=True, exist_ok=True)
    with sole_writer(out, say):
        _prepare(out)
        return _run(out, settings or DemoSettings(), say)


def _run(out: Path, settings: DemoSettings, say: Say) -> DemoResult:
    from econo_env.training.demo.section import real_bids_section
    from econo_env.training.report.build import write_report

    began = time.monotonic()
    step = _Steps(say)

    step("calibrating on the timber bids")
    found, scenario = _calibrated(out, settings)
    for line in calibration_lines(found, scenario.num_agents):
        say(line)

    step("training bidders in that market")
    run = _trained(out, scenario, settings, say)

    step("judging what they learned")
    contents = gather(run, seed=settings.seed, effort=settings.effort)
    for line in judgement_lines(contents):
        say(line)

    step("comparing with the bids people made, and with other rules")
    policies = _policies(run, scenario)
    human_bids = compare_with_human_bids(found, scenario, policies, seed=settings.seed, markets=settings.auctions)
    seeds = tuple(range(settings.seed, settings.seed + settings.effort.seeds))
    earned = revenues(found, scenario, policies["learned"], seeds=seeds, markets=settings.auctions)
    for line in (*human_bids_lines(human_bids), *revenue_lines(earned, found)):
        say(line)

    step("writing the report")
    words = closing_words(found, contents, human_bids, earned)
    shown = replace(contents, document={**contents.document, "policy": "bidders trained on timber"})
    extra = real_bids_section(found, scenario, policies["learned"], human_bids, earned, seeds, settings)
    report = write_report(
        shown, out / "report.html", title="Bidders trained on real timber auctions", extra=extra, opening=words
    )
    result = DemoResult(found, scenario, contents, human_bids, earned, report, words, time.monotonic() - began)
    write_file(out / "evaluation.json", json.dumps(contents.document, indent=2) + "\n")
    write_file(out / "demo.json", json.dumps(result.as_dict(), indent=2) + "\n")
    return result


class _Steps:
    """Numbers the steps and says how long each took."""

    COUNT = 5

    def __init__(self, say: Say) -> None:
        self._say, self._number, self._began = say, 0, time.monotonic()

    def __call__(self, what: str) -> None:
        self._number += 1
        self._say(f"[{self._number}/{self.COUNT}] {what} ({time.monotonic() - self._began:.0f} s so far)")


def _prepare(out: Path) -> None:
    """An empty folder; only what a demo wrote is removed."""
    import shutil

    known = {"bidders", "timber.yaml", "timber.png", "calibration.json", "report.html", "evaluation.json", "demo.json"}
    names = sorted(path.name for path in out.iterdir())
    strange = [name for name in names if name not in known and not name.startswith((DRAFT, LOCK_FILE))]
    if strange:
        raise ValueError(f"--out {str(out)!r} holds {strange[0]!r}, which no demo wrote: give another folder")
    if (out / "bidders").is_dir():
        with sole_writer(out / "bidders", lambda _: None):
            shutil.rmtree(out / "bidders")
    for path in out.iterdir():
        if path.is_file() and path.name != LOCK_FILE:
            path.unlink()


def _calibrated(out: Path, settings: DemoSettings) -> tuple[Calibration, Scenario]:
    from econo_env.valuations.calibration.plots import draw

    options = EstimateOptions(seed=settings.seed, bootstrap=settings.bootstrap, auction_effects=True)
    found = calibrate(TIMBER, options=options)
    scenario = training_market(found, settings.num_bidders)
    scenario.to_yaml(out / "timber.yaml")
    draw(found, out / "timber.png", settings.num_bidders)
    write_file(out / "calibration.json", found.to_json())
    return found, scenario


def _trained(out: Path, scenario: Scenario, settings: DemoSettings, say: Say) -> Path:
    from rich.console import Console

    from econo_env.training.config import TrainingConfig, read_config
    from econo_env.training.run import start_run

    config = read_config(TRAINING, [f"seeds=[{settings.seed}]", *settings.changes])
    config = TrainingConfig.model_validate({**config.model_dump(), "scenario": scenario.model_dump(mode="json")})
    if settings.training_seconds is not None:
        steps = _steps_in(config, settings.training_seconds)
        config = config.model_copy(update={"total_timesteps": steps})
        say(f"{settings.training_seconds:g} s of training are {steps:,} agent-steps on this machine")
    start_run(config, out / "bidders", Console(stderr=True))
    return out / "bidders"


def _steps_in(config: Any, seconds: float) -> int:
    """Agent-steps that this machine trains in the given time, from a few rollouts; at least one rollout."""
    from econo_env.training.trainer import Trainer

    trainer = Trainer(config, config.seeds[0])
    trainer.iterate()  # compiles and warms up
    began, before = time.monotonic(), trainer.timesteps
    while time.monotonic() - began < min(2.0, seconds / 4.0):
        trainer.iterate()
    rate = max(trainer.timesteps - before, before) / (time.monotonic() - began)
    return max(before, int(rate * seconds))


def _policies(run: Path, scenario: Scenario) -> dict[str, Any]:
    from econo_env.policies import make_policy
    from econo_env.policies.proactive import from_run

    return {
        "learned": from_run(scenario, run=run, name="learned"),
        "equilibrium": make_policy("equilibrium", scenario),
    }

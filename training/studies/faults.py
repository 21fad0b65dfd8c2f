"""Faults in a market of work: are victims made whole, do offenders gain, is an honest agent ever banned?"""

import numpy as np
from pydantic import Field

from econo_env.catalogue import load
from econo_env.policies import make_policy
from econo_env.training.evaluation.faults import Verdicts, inject
from econo_env.training.evaluation.play import play
from econo_env.training.evaluation.statistics import share_interval, t_interval
from econo_env.training.studies.base import Finding, Findings, Settings, Study, Told

_SOURCE = "economic fault tolerance"
_BAR = 0.995
_AT_ONCE = 1000  # episodes


class Faults(Settings):
    """Settings of the study.

    Attributes:
        scenario: A market of work with `contracts`.
        markets: Markets in which faults are injected, one offender a tick in a copy of each.
        ticks: Ticks of honest play into which every fault is injected.
        honest: Episodes of honest agents alone.
    """

    scenario: str = "task_market_v1"
    markets: int = Field(256, ge=1)
    ticks: int = Field(16, ge=1)
    honest: int = Field(30_000, ge=1)


def run(settings: Faults, told: Told) -> Findings:
    """Injects every fault, then plays honest episodes."""
    scenario = load(settings.scenario)
    told(0.0, "injecting faults")
    verdicts = inject(scenario, settings.seed, settings.markets, settings.ticks)
    honest, wronged, played = make_policy("truthful", scenario), 0, 0
    while played < settings.honest:
        told(0.5 + 0.5 * played / settings.honest, "honest episodes")
        record = play(scenario, honest, settings.seed + 1 + played // _AT_ONCE, min(_AT_ONCE, settings.honest - played))
        wronged += int(record.wronged.any(axis=1).sum())
        played += record.markets
    figures = [*_of_all(verdicts), *(_of_one(name, own) for name, own in verdicts.items() if own.gain)]
    bound = share_interval(wronged, played)
    figures.append(
        Finding(
            f"episodes of {played:,} with an honest agent banned", bound.mean, bound.low, bound.high, (0, 0), _SOURCE
        )
    )
    return Findings(
        f"{figures[0].value:.2%} of the faults that come to light are settled as they should be.", tuple(figures)
    )


def _of_all(verdicts: dict[str, Verdicts]) -> list[Finding]:
    """Shares over all faults: those that came to light, and all of them."""
    holds = np.concatenate([own.holds for own in verdicts.values()])
    found = np.concatenate([np.array(own.found) for own in verdicts.values()])
    gained = ~np.concatenate([np.array(own.no_gain) for own in verdicts.values()])
    return [
        _share(
            "faults that come to light: the house whole up to the lock, no gain, all sound", holds[found], (_BAR, 1.0)
        ),
        _share("all faults, forgeries that hold among them: the same", holds, None),
        _share("all faults: the offender gains", gained, (0.0, 1.0 - _BAR)),
        _share("all faults: hidden for good", ~found, None),
    ]


def _share(what: str, held: np.ndarray, known: tuple[float, float] | None) -> Finding:
    found = share_interval(int(held.sum()), len(held))
    return Finding(f"{what} ({len(held):,})", found.mean, found.low, found.high, known, _SOURCE if known else "")


def _of_one(name: str, own: Verdicts) -> Finding:
    gain = t_interval(own.gain)
    return Finding(f"{name}: gain of the offender, credits ({len(own.gain):,})", gain.mean, gain.low, gain.high)


STUDY = Study(
    name="faults",
    summary="Are victims of faults made whole, and do offenders gain?",
    settings=Faults,
    run=run,
)

"""Faults in work and in sales: are victims whole, do offenders gain, is an honest agent ever banned or misjudged?"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from econo_env.catalogue import load
from econo_env.economy.parts import evidence
from econo_env.scenario import Scenario
from econo_env.training.evaluation import sale_faults
from econo_env.training.evaluation.faults import Verdicts, inject
from econo_env.training.evaluation.honest_play import HonestPlay, measured, play_honestly
from econo_env.training.evaluation.statistics import share_interval, t_interval
from econo_env.training.studies.base import Curves, Finding, Findings, Settings, Study, Told

_SOURCE = "economic fault tolerance"
_BAR = 0.995
_BEYOND_BAYES = 0.005
SALES = ("first_price_v0", "vickrey_v0", "english_v0", "dutch_v0", "uniform_price_v0", "combinatorial_v1")
_LEFT = "Share of faults that are not settled as they should be"
_GAIN = "Gain of the offender, credits"
_REPORTS = ", with reports"


class Faults(Settings):
    """Settings of the study.

    Attributes:
        scenario: A market of work with `contracts`; it is played once more with reports, see `with_reports`.
        sales: Built-in sales, each with the economy of `with_default`.
        markets: Markets in which faults are injected, one offender a tick in a copy of each.
        ticks: Ticks, or sales, of honest play into which every fault is injected.
        honest: Episodes of honest agents among offenders.
        noise: Half the width of the error with which their work is measured.
    """

    scenario: str = "task_market_v1"
    sales: tuple[str, ...] = SALES
    markets: int = Field(256, ge=1)
    ticks: int = Field(16, ge=1)
    honest: int = Field(30_000, ge=1)
    noise: float = Field(0.1, gt=0.0, le=0.5)


def with_default(name: str) -> Scenario:
    """A sale whose winners may walk away from it, with a stake of the largest shock at least."""
    scenario = load(
        name,
        economy={
            "ledger": {"endowment": 20.0},
            "staking": {"requirement": 0.5, "least": 0.4},
            "default": {"shock": 0.4},
        },
    )
    return scenario if scenario.kind.one_sale else scenario.replace(max_cycles=16)


def with_reports(scenario: Scenario) -> Scenario:
    """The market in which a proof is looked at once, and others report what has passed to those who answer for it."""
    economy = scenario.model_dump(mode="json")["economy"]
    economy["contracts"] |= {"inspections": 1}
    economy |= {"enforcement": {"pledge": 4.0}, "bonding": {}, "evidence": {"damages": "promised"}}
    return scenario.replace(economy=economy)


def run(settings: Faults, told: Told) -> Findings:
    """Injects every fault, then plays honest episodes."""
    named: dict[str, Callable[[], Mapping[str, Verdicts]]] = {
        settings.scenario: lambda: inject(load(settings.scenario), settings.seed, settings.markets, settings.ticks)
    }
    if evidence.PART not in load(settings.scenario).parts():
        named[settings.scenario + _REPORTS] = lambda: inject(
            with_reports(load(settings.scenario)), settings.seed, settings.markets, settings.ticks
        )
    for name in settings.sales:
        named[name] = lambda name=name: sale_faults.inject(  # type: ignore[misc]  # bound here
            with_default(name), settings.seed, settings.markets, settings.ticks
        )
    found: dict[str, Mapping[str, Verdicts]] = {}
    for name, injects in named.items():
        told(0.7 * len(found) / len(named), f"injecting faults into {name}")
        found[name] = injects()

    def heard(episodes: int) -> None:
        told(0.7 + 0.3 * episodes / settings.honest, "honest episodes")

    scenario = measured(settings.noise)
    play = play_honestly(scenario, settings.seed + 1, settings.honest, told=heard)
    figures = [*_of_all(found)]
    figures += [_settled(name, verdicts) for name, verdicts in found.items()]
    figures += _of_the_honest(play)
    figures += [_of_one(f"{name}, {fault}", own) for name, each in found.items() for fault, own in each.items()]
    return Findings(
        f"{figures[0].value:.2%} of the faults are settled as they should be, those that stay hidden among them.",
        tuple(figures),
        _curves(found),
        {_LEFT: ("market", "share"), _GAIN: ("market", "credits")},
        tuple(_axis(name) for name in found),
        _halves(found),
    )


def _axis(name: str) -> str:
    """A name as it stands below a picture."""
    return name.partition("_v")[0].replace("_", "\n") + ("\nreports" if name.endswith(_REPORTS) else "")


def _each(verdicts: Mapping[str, Verdicts]) -> list[Verdicts]:
    return [own for own in verdicts.values() if own.gain]


def _joined(verdicts: Mapping[str, Verdicts]) -> NDArray[np.bool_]:
    return np.concatenate([own.holds for own in _each(verdicts)])


def _of_all(found: Mapping[str, Mapping[str, Verdicts]]) -> list[Finding]:
    """Shares over all faults in all markets."""
    each = [own for verdicts in found.values() for own in _each(verdicts)]
    whole, found_out = (np.concatenate([getter(own) for own in each]) for getter in (_whole, _found))
    gained = ~np.concatenate([np.array(own.no_gain) for own in each])
    holds = np.concatenate([own.holds for own in each])
    return [
        _share("all faults: the house whole up to the lock, no gain, all sound", holds, (_BAR, 1.0)),
        _share("faults that come to light: the same", holds[found_out], (_BAR, 1.0)),
        _share("all faults: the house is not whole", ~whole, (0.0, 1.0 - _BAR)),
        _share("all faults: the offender gains", gained, (0.0, 1.0 - _BAR)),
        _share("all faults: hidden for good", ~found_out, None),
        _share("all faults: hidden at first, and reported later", np.concatenate([_later(own) for own in each]), None),
    ]


def _whole(own: Verdicts) -> NDArray[np.bool_]:
    return np.array(own.whole)


def _later(own: Verdicts) -> NDArray[np.bool_]:
    return np.array(own.later) if own.later else np.zeros(len(own.found), dtype=np.bool_)


def _found(own: Verdicts) -> NDArray[np.bool_]:
    return np.array(own.found)


def _settled(name: str, verdicts: Mapping[str, Verdicts]) -> Finding:
    return _share(f"{name}: settled as they should be", _joined(verdicts), (_BAR, 1.0))


def _of_the_honest(play: HonestPlay) -> list[Finding]:
    """What became of honest agents: bans, and poor grades for good work beside what the measurement error makes."""
    bound = share_interval(play.banned, play.episodes)
    banned = f"episodes of {play.episodes:,} with an honest agent banned"
    caught = share_interval(play.offenders_banned, play.offenders)
    error = play.expected_good_graded_poor / max(1, play.good)
    bayes = play.expected_good_graded_poor / max(1e-300, play.expected_graded_poor)
    wrongly, after = play.good_graded_poor, play.good_graded_poor - play.upheld
    return [
        Finding(banned, bound.mean, bound.low, bound.high, (0, 0), _SOURCE),
        Finding(f"offenders banned ({play.offenders:,})", caught.mean, caught.low, caught.high),
        _counted("good work graded poor", wrongly, play.good, (0.0, error + _BEYOND_BAYES), "the measurement error"),
        _counted("the same after appeals", after, play.good, (0.0, error), "the measurement error"),
        _counted(
            "of work graded poor what was good",
            wrongly,
            play.graded_poor,
            (bayes - _BEYOND_BAYES, bayes + _BEYOND_BAYES),
            "Bayes' rule",
        ),
    ]


def _counted(what: str, hits: int, cases: int, known: tuple[float, float], source: str) -> Finding:
    found = share_interval(hits, cases)
    return Finding(f"{what} ({cases:,})", found.mean, found.low, found.high, known, source)


def _share(what: str, held: NDArray[np.bool_], known: tuple[float, float] | None) -> Finding:
    found = share_interval(int(held.sum()), len(held))
    return Finding(f"{what} ({len(held):,})", found.mean, found.low, found.high, known, _SOURCE if known else "")


def _of_one(name: str, own: Verdicts) -> Finding:
    if not own.gain:
        return Finding(f"{name}: it never changed anything", 0.0)
    gain = t_interval(own.gain)
    return Finding(f"{name}: gain of the offender, credits ({len(own.gain):,})", gain.mean, gain.low, gain.high)


def _gains(verdicts: Mapping[str, Verdicts]) -> NDArray[np.float64]:
    return np.concatenate([own.gain for own in _each(verdicts)])


def _curves(found: Mapping[str, Mapping[str, Verdicts]]) -> Curves:
    places, gains = np.arange(len(found)), [_gains(verdicts) for verdicts in found.values()]
    settled = [share_interval(int(holds.sum()), len(holds)) for holds in map(_joined, found.values())]
    return {
        _LEFT: {
            "found": (places, np.array([1.0 - one.mean for one in settled])),
            "at most (95 %)": (places, np.array([1.0 - one.low for one in settled])),
        },
        _GAIN: {
            "mean": (places, np.array([gain.mean() for gain in gains])),
            "largest": (places, np.array([gain.max() for gain in gains])),
        },
    }


def _halves(found: Mapping[str, Mapping[str, Verdicts]]) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Half the widths of the intervals of means; bounds and extremes have none."""
    none = np.zeros(len(found))
    means = [t_interval(_gains(verdicts)) for verdicts in found.values()]
    return {
        _LEFT: {"found": none, "at most (95 %)": none},
        _GAIN: {"mean": np.array([one.mean - one.low for one in means]), "largest": none},
    }


STUDY = Study(
    name="faults",
    summary="Are victims of faults made whole, do offenders gain, are honest agents ever banned?",
    settings=Faults,
    run=run,
)

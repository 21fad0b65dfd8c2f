"""Hawks and doves in a war of attrition: a population mixes V / C, and that it is selection which does it is tested.

Two bidders who both know a value V fight by `second_price_all_pay`: a hawk bids B, a dove nothing. Two hawks pay B each
and one has V, so a fight costs C = 2 B; a hawk takes V from a dove for nothing; two doves draw lots. That is the
game of Maynard Smith and Price (1973), its payoffs measured by play, its populations finite.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

import econo_env
from econo_env.games.normal_form import Floats
from econo_env.policies.emergent.bid_curve import BidCurve
from econo_env.policies.emergent.replicator import meeting, replicator_path, wright_fisher
from econo_env.policy import Actions, Mask, Observations
from econo_env.scenario import Scenario
from econo_env.training.emergence import ABLATED, NULL, Prediction, digest_of, judge
from econo_env.training.populations.empirical import EmpiricalGame
from econo_env.training.studies.base import Finding, Findings, Settings, Study, Told
from econo_env.training.studies.watched import Watched, delays, false_alarms

_VALUE = 1.0
_PUSHED = 0.9
_HAWK = 0.25  # what hawks bid of those within bounds
_SOURCE = "V / C (Maynard Smith and Price 1973)"


class HawkDoveSettings(Settings):
    """Settings; the value is 1.

    Attributes:
        costs: Of a fight, C = 2 B, ascending, each at most 4; the first at most 1, where all are hawks.
        population: How many live.
        generations: How many follow the first; the order parameter is of the last half.
        strength: Of selection.
        seeds: Populations.
        folder: Where the prediction is written down before the first run.
    """

    study: Literal["hawk_dove"] = "hawk_dove"
    costs: tuple[float, ...] = (0.8, 1.2, 1.6, 2.0, 2.4, 2.8, 3.2, 3.6, 4.0)
    population: int = Field(20_000, ge=100)
    generations: int = Field(300, ge=20)
    strength: float = Field(1.0, gt=0.0, le=10.0)
    seeds: int = Field(96, ge=20)
    folder: str = "runs/registered"

    def threshold(self) -> float:
        """Where the share V / C of hawks is halfway between 1 and its least: 2 V C / (V + C), C the largest cost."""
        last = self.costs[-1]
        return 2.0 * _VALUE * last / (_VALUE + last)


def arena() -> Scenario:
    """A war of attrition of two bidders with value 1."""
    values = {"name": "empirical", "quantiles": [_VALUE, _VALUE]}
    return econo_env.load("second_price_all_pay_v0", num_agents=2, values=values)


def measured(cost: float, seed: int) -> Floats:
    """What hawks and doves earn against each other, by play, (2, 2), hawks first."""
    scenario = arena()
    game = EmpiricalGame(scenario, [[0, 1]], seed, 256)
    game.add([[BidCurve(scenario, [0.5 * cost / _VALUE]), BidCurve(scenario, [0.0])]])
    return game.normal_form().payoffs[0]


class HawkDove:
    """Finite populations of hawks and doves; the order parameter is the share of hawks."""

    def __init__(self, settings: HawkDoveSettings) -> None:
        self.settings = settings

    def order(self, at: float, condition: str, seeds: int) -> Floats:
        """See `Experiment`: null deals payoffs out among all, the ablation has no selection."""
        path = self._path(at, seeds, condition)
        return np.asarray(path[self.settings.generations // 2 :].mean(axis=0))

    def replayed(self, at: float) -> tuple[bytes, bytes]:
        """See `Experiment`."""
        return digest_of([self._path(at, 8, "")]), digest_of([self._path(at, 8, "")])

    def intervened(self, at: float, seeds: int) -> Floats:
        """How the share of hawks changes in the generation after it was set to .9."""
        settings = self.settings
        path = wright_fisher(
            measured(at, settings.seed), _PUSHED, settings.population, 1, settings.strength, runs=seeds,
            seed=settings.seed + 1,
        )  # fmt: skip
        return np.asarray(path[1] - path[0])

    def delays(self) -> Mapping[str, int]:
        """See `Experiment`: members that play at random, that all fight, that answer with no number."""
        luck = np.random.default_rng(self.settings.seed)

        def scattered(actions: Actions) -> Actions:
            return luck.uniform(-0.9, 0.9, actions.shape).astype(np.float32)

        def fighting(actions: Actions) -> Actions:
            return np.full_like(actions, actions.max())

        def erring(actions: Actions) -> Actions:
            changed = actions.copy()
            changed[:, ::6] = np.nan
            return changed

        faults = {"members play at random": scattered, "everybody fights": fighting, "errors": erring}
        return delays(lambda: _watched(self.settings), faults)

    def false_alarms(self) -> float:
        """See `Experiment`."""
        return false_alarms(_watched(self.settings))

    def _path(self, at: float, runs: int, condition: str) -> Floats:
        settings = self.settings
        return wright_fisher(
            measured(at, settings.seed), 0.5, settings.population, settings.generations,
            0.0 if condition == ABLATED else settings.strength, runs=runs, seed=settings.seed,
            shuffled=condition == NULL,
        )  # fmt: skip


class _Mixed:
    """Half hawks and half doves."""

    def __init__(self, scenario: Scenario) -> None:
        self.name = "hawks and doves"
        self._hawk, self._dove = BidCurve(scenario, [_HAWK]), BidCurve(scenario, [0.0])

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Every second pair are hawks, the others doves."""
        actions = self._dove.act(observations, mask)
        fights = np.arange(mask.shape[1]) % 4 < 2
        actions[:, fights] = self._hawk.act(observations, mask)[:, fights]
        return actions


def _watched(settings: HawkDoveSettings) -> Watched:
    """All pairs of a batch as one population within bounds; the fallback are doves."""
    scenario = arena()
    return Watched(scenario, _Mixed(scenario), BidCurve(scenario, [0.0]), _in_character, settings.seed)


def _in_character(actions: Actions, mask: Mask) -> Floats:
    """The share of those who act that play hawk or dove."""
    own = actions[..., 0]
    known = (np.abs(own + 1.0) < 1e-6) | (np.abs(own + 1.0 - _HAWK) < 1e-6)
    return np.asarray((known & mask).sum(axis=-1) / np.maximum(mask.sum(axis=-1), 1))


def prediction_of(settings: HawkDoveSettings) -> Prediction:
    """What is claimed; the change after the push is the replicator's."""
    strong, x = settings.costs[-1], _PUSHED
    hawks = x * (_VALUE - strong) / 2.0 + (1.0 - x) * _VALUE
    doves = (1.0 - x) * _VALUE / 2.0
    grown = x * np.exp(settings.strength * hawks)
    after = grown / (grown + (1.0 - x) * np.exp(settings.strength * doves))
    return Prediction(
        study="hawk_dove",
        order_parameter="share of hawks",
        law=_SOURCE,
        threshold=settings.threshold(),
        tolerance=0.1,
        sweep=settings.costs,
        strong=strong,
        null="payoffs are dealt out among all who live",
        ablation="no selection",
        intervention="nine of ten are made hawks: their share in the next generation",
        change=float(after - x),
        change_tolerance=0.01,
        seeds=settings.seeds,
        settings=settings.model_dump(mode="json", exclude={"folder"}),
    )


def run(settings: HawkDoveSettings, told: Told) -> Findings:
    """Judges finite populations by the six obligations, and sets the share of hawks beside V / C."""
    prediction = prediction_of(settings)
    verdict = judge(prediction, HawkDove(settings), Path(settings.folder), told)
    found = verdict.findings(prediction, "cost of a fight over the value, C / V")
    at = np.array(settings.costs)
    law = np.minimum(1.0, _VALUE / at)
    resting = np.array([
        replicator_path(meeting(measured(cost, settings.seed)), [0.5, 0.5], [0.0, 2000.0])[-1, 0] for cost in at
    ])  # fmt: skip
    figures = (
        Finding("largest distance of replicators from V / C", float(np.abs(resting - law).max()), known=(0.0, 0.01),
                source=_SOURCE),
        Finding("largest distance of finite populations from V / C", float(np.abs(verdict.curve[1] - law).max()),
                known=(0.0, 0.02), source=_SOURCE),
        *found.figures,
    )  # fmt: skip
    title = prediction.order_parameter
    curves = {title: {**found.curves[title], "V / C": (at, law)}}
    return Findings(found.said, figures, curves, found.axes)


STUDY = Study("hawk_dove", "How many fight, and is it selection that decides?", HawkDoveSettings, run)

"""Price dispersion: all sellers ask one price where few buyers compare two offers, and prices disperse where more do.

Two sellers with the same cost ask a buyer who pays at most the cost and 1 more; margins p lie on a grid of step h. With
chance m the buyer has both offers and takes the lower one, by lot among equal ones, else it has one: a seller earns
p ((1 - m) + m P(it is taken)). If all ask one price, it does not pay to ask h less where h >= m p / 2, nor to ask 1
where p (1 - m / 2) >= 1 - m. No price does both once m exceeds 2 h / (1 - h) (and not nearly everybody compares): the
highest one is undercut from m = 2 h on, one step below it both hold up to 2 h / (1 - h). Then only mixtures are
equilibria: the model of Varian (1980) and Burdett and Judd (1983), with a smallest unit of money.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

import econo_env
from econo_env.engine.engine import Engine
from econo_env.games.normal_form import Floats
from econo_env.policies.emergent.replicator import finite_populations
from econo_env.policy import Actions, Mask, Observations
from econo_env.scenario import Scenario
from econo_env.training.emergence import ABLATED, NULL, Prediction, digest_of, judge
from econo_env.training.studies.base import Finding, Findings, Settings, Study, Told
from econo_env.training.studies.watched import Watched, delays, false_alarms

_SOURCE = "no one price from m = 2 h / (1 - h) on (Varian 1980, on a grid)"
_COST = 1.0
_PUSHED = 0.9
_STEP = 0.18
"""Of the sweep, as a share of the threshold: four steps to either side."""


class DispersionSettings(Settings):
    """Settings; the most that a buyer pays is the cost and 1 more.

    Attributes:
        prices: Margins on the grid: 1 / prices, 2 / prices, ..., 1.
        population: Sellers that live.
        generations: How many follow the first; the order parameter is of the last half.
        strength: Of selection.
        mutation: The chance that a seller asks any price.
        seeds: Populations.
        folder: Where the prediction is written down before the first run.
    """

    study: Literal["price_dispersion"] = "price_dispersion"
    prices: int = Field(10, ge=6, le=100)
    population: int = Field(20_000, ge=100)
    generations: int = Field(600, ge=20)
    strength: float = Field(4.0, gt=0.0, le=100.0)
    mutation: float = Field(1e-3, gt=0.0, le=0.1)
    seeds: int = Field(24, ge=20)
    folder: str = "runs/registered"

    @model_validator(mode="after")
    def _mutants_are_few(self) -> "DispersionSettings":
        if self.mutation * self.prices > 0.1:
            raise ValueError(
                f"mutation={self.mutation}, prices={self.prices}: mutants alone would disperse prices; at most "
                f"{0.1 / self.prices:g}"
            )
        return self

    @property
    def threshold(self) -> float:
        """2 h / (1 - h)."""
        return 2.0 / (self.prices - 1)

    def sweep(self) -> tuple[float, ...]:
        """Nine chances to compare."""
        return tuple(round(self.threshold * (1.0 + _STEP * place), 12) for place in range(-4, 5))

    def margins(self) -> Floats:
        """The grid, credits above cost."""
        return np.arange(1, self.prices + 1) / self.prices


def one_price_stands(prices: int, compares: float) -> list[int]:
    """The places on the grid at which all may ask one price: nobody gains by any other, by the game's own payoffs."""
    margins = np.arange(1, prices + 1) / prices
    earned = margins[:, None] * (1.0 - compares + compares * _taken(margins))
    return [at for at in range(prices) if (earned[:, at] <= earned[at, at] + 1e-12).all()]


def _taken(margins: Floats) -> Floats:
    """The chance that an offer is taken against another, the own one first."""
    return np.asarray((margins[:, None] < margins) + 0.5 * (margins[:, None] == margins))


def arena() -> Scenario:
    """Two sellers of cost 1 and a buyer who pays at most 2; action a asks 1 + a."""
    return econo_env.load(
        "procurement_first_price",
        num_agents=2,
        bids="amount",
        values={"name": "empirical", "quantiles": [_COST, _COST]},
        procurement={"ceiling": 2.0 * _COST},
        largest_bid=2.0,
    )


def measured(settings: DispersionSettings) -> tuple[Floats, Floats]:
    """What margins earn by play: alone, (prices,), and against each other, (prices, prices), the own one first."""
    count = settings.prices
    margins = settings.margins().astype(np.float32)
    own, other = (places.ravel() for places in np.indices((count, count + 1)))
    engine = Engine(arena(), len(own))
    engine.reset(settings.seed)
    asks = np.append(margins, np.float32(np.nan))  # who asks nothing
    engine.step(np.stack([asks[own], asks[other]], axis=1)[..., None])
    earned = engine.buffers.rewards.reshape(count, count + 1, 2)
    ours, theirs = earned[:, :count, 0], earned[:, :count, 1]
    # equal offers draw lots: both sides of one draw are what each earns on average
    return earned[:, count, 0].copy(), np.where(np.eye(count, dtype=np.bool_), 0.5 * (ours + theirs), ours)


def dispersion(shares: Floats) -> Floats:
    """The chance that two sellers ask different prices; shares (..., prices)."""
    return np.asarray(1.0 - (shares**2).sum(axis=-1))


class Dispersion:
    """Finite populations of sellers; the order parameter is the chance that two of them ask different prices."""

    def __init__(self, settings: DispersionSettings) -> None:
        self.settings = settings
        self._alone, self._against = measured(settings)

    def payoffs(self, at: float, condition: str) -> Floats:
        """What each price earns against each other one.

        Null: who compares takes one of the two offers by lot, as it does between equal ones. Ablation: nobody compares.
        """
        against = np.diag(self._against)[:, None] if condition == NULL else self._against
        compares = 0.0 if condition == ABLATED else at
        mixed = (1.0 - compares) * self._alone[:, None] + compares * against
        return np.asarray(np.broadcast_to(mixed, self._against.shape))

    def order(self, at: float, condition: str, seeds: int) -> Floats:
        """See `Experiment`."""
        path = self._path(at, condition, seeds, self.settings.generations)
        return np.asarray(dispersion(path[self.settings.generations // 2 :]).mean(axis=0))

    def replayed(self, at: float) -> tuple[bytes, bytes]:
        """See `Experiment`."""
        return tuple(digest_of([self._path(at, "", 8, self.settings.generations)]) for _ in range(2))  # type: ignore[return-value]

    def intervened(self, at: float, seeds: int) -> Floats:
        """How dispersion changes in the generation after nine of ten were made to ask the highest price."""
        path = self._path(at, "", seeds, 1, pushed(self.settings.prices))
        return np.asarray(dispersion(path[1]) - dispersion(path[0]))

    def delays(self) -> Mapping[str, int]:
        """See `Experiment`: sellers that ask at random, that sell at cost, that answer with no number."""
        luck = np.random.default_rng(self.settings.seed)

        def scattered(actions: Actions) -> Actions:
            return luck.uniform(0.05, 0.95, actions.shape).astype(np.float32)

        def at_cost(actions: Actions) -> Actions:
            return np.zeros_like(actions)

        def erring(actions: Actions) -> Actions:
            changed = actions.copy()
            changed[:, ::6] = np.nan
            return changed

        faults = {"sellers ask at random": scattered, "all sell at cost": at_cost, "errors": erring}
        return delays(self._watched, faults)

    def false_alarms(self) -> float:
        """See `Experiment`."""
        return false_alarms(self._watched())

    def _path(self, at: float, condition: str, runs: int, generations: int, start: Floats | None = None) -> Floats:
        settings = self.settings
        even = np.full(settings.prices, 1.0 / settings.prices)
        return finite_populations(
            self.payoffs(at, condition), even if start is None else start, settings.population, generations,
            settings.strength, settings.mutation, runs=runs, seed=settings.seed,
        )  # fmt: skip

    def _watched(self) -> Watched:
        highest = float(np.float32(1.0))
        sellers, fallback = _Asks([highest, 1.0 - 1.0 / self.settings.prices]), _Asks([highest])
        return Watched(arena(), sellers, fallback, self._in_character, self.settings.seed)

    def _in_character(self, actions: Actions, mask: Mask) -> Floats:
        """The share of those who act that ask a price of the grid."""
        off = np.abs(actions[..., :1] - np.append(self.settings.margins(), 0.0)).min(axis=-1)
        return np.asarray(((off < 1e-6) & mask).sum(axis=-1) / np.maximum(mask.sum(axis=-1), 1))


class _Asks:
    """Sellers that ask given margins, by turns from pair to pair."""

    def __init__(self, margins: list[float]) -> None:
        self.name, self._margins = "sellers", np.array(margins, dtype=np.float32)

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Their asks."""
        own = self._margins[np.arange(mask.shape[-1]) // 2 % len(self._margins)]
        return np.where(mask, own, np.float32(0.0))[..., None]


def pushed(prices: int) -> Floats:
    """Nine of ten ask the highest price, the others one step less."""
    shares = np.zeros(prices)
    shares[-1], shares[-2] = _PUSHED, 1.0 - _PUSHED
    return shares


def prediction_of(settings: DispersionSettings) -> Prediction:
    """What is claimed; the change after the push is that of infinitely many sellers, by the closed form of payoffs."""
    strong, margins, start = settings.sweep()[-1], settings.margins(), pushed(settings.prices)
    earned = margins * (1.0 - strong + strong * (_taken(margins) @ start))
    grown = start * np.exp(settings.strength * earned)
    after = (1.0 - settings.mutation) * grown / grown.sum() + settings.mutation / settings.prices
    return Prediction(
        study="price_dispersion",
        order_parameter="chance that two sellers ask different prices",
        law=_SOURCE,
        threshold=settings.threshold,
        tolerance=0.5 * _STEP * settings.threshold,
        sweep=settings.sweep(),
        strong=strong,
        null="who compares takes one of two offers by lot",
        ablation="nobody compares",
        intervention="nine of ten are made to ask the highest price: dispersion in the next generation",
        change=float(dispersion(after) - dispersion(start)),
        change_tolerance=0.01,
        seeds=settings.seeds,
        settings=settings.model_dump(mode="json", exclude={"folder"}),
    )


def run(settings: DispersionSettings, told: Told) -> Findings:
    """Judges populations of sellers by the six obligations."""
    prediction = prediction_of(settings)
    verdict = judge(prediction, Dispersion(settings), Path(settings.folder), told)
    found = verdict.findings(prediction, "chance that a buyer compares, m")
    below = [at for at in settings.sweep() if at < settings.threshold]
    stands = [len(one_price_stands(settings.prices, at)) > 0 for at in settings.sweep()]
    figures = (
        Finding("values of the sweep below the law at which one price stands", float(sum(stands[: len(below)])),
                known=(float(len(below)), float(len(below))), source=_SOURCE),
        *found.figures,
    )  # fmt: skip
    return Findings(found.said, figures, found.curves, found.axes)


STUDY = Study("price_dispersion", "When do sellers of one good ask different prices?", DispersionSettings, run)

"""Emergence that can be tested: six obligations on whoever claims that a population does what none of its members does.

1. The order parameter and the prediction are written down, with a digest, before anything is run.
2. A law says where the order parameter switches; a sweep finds the switch there.
3. A null model, with the same seeds, differs: a permutation test.
4. Without the claimed cause the order parameter is that of the null model.
5. A run is replayed to the bit, and an intervention on the replay changes the order parameter as predicted.
6. Bounds trip, and a fallback plays, within ten ticks of a fault (`econo_env.policies.emergent.bounds`).
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.files import write_file
from econo_env.training.evaluation.statistics import t_interval
from econo_env.training.studies.base import Finding, Findings, Told, mean_between

Floats = NDArray[np.float64]
CLAIMED, NULL, ABLATED = "claimed", "null", "ablated"
MOST_TICKS = 10
"""Within which bounds must trip."""
FEWEST_SEEDS = 20
_DRAWS = 9_999


@dataclass(frozen=True)
class Prediction:
    """What is claimed, and written down before it is looked for.

    Attributes:
        study: Whose claim it is.
        order_parameter: What is measured, in words; between 0 and 1.
        law: Where it switches and why, in words.
        threshold: Where the law has the switch.
        tolerance: How far from it the switch may be found.
        sweep: Values of the control parameter at which the order parameter is measured, ascending.
        strong: The value at which null model, ablation and intervention are looked at.
        null: The null model, in words.
        ablation: The claimed cause that is taken out, in words.
        intervention: What is done to the replay, in words.
        change: By how much it changes the order parameter.
        change_tolerance: How far from that the change may be.
        seeds: Runs of each condition.
        level: A permutation test must fall below it.
        margin: How far the ablated order parameter may be from the null model's, as a share of the effect.
        settings: Whatever else the runs depend on.
    """

    study: str
    order_parameter: str
    law: str
    threshold: float
    tolerance: float
    sweep: tuple[float, ...]
    strong: float
    null: str
    ablation: str
    intervention: str
    change: float
    change_tolerance: float
    seeds: int
    level: float = 1e-3
    margin: float = 0.2
    settings: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        """Checks that the claim can be tested.

        Raises:
            ValueError: Too few seeds, or a sweep that does not surround the threshold.
        """
        if self.seeds < FEWEST_SEEDS:
            raise ValueError(f"seeds={self.seeds}: at least {FEWEST_SEEDS}, or no test can tell")
        ascending = all(one < other for one, other in zip(self.sweep, self.sweep[1:], strict=False))
        if len(self.sweep) < 3 or not ascending or not self.sweep[0] < self.threshold < self.sweep[-1]:
            raise ValueError(f"sweep={self.sweep}: at least 3 ascending values around the threshold {self.threshold:g}")

    def text(self) -> str:
        """The claim as it is written down."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"

    def digest(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.text().encode()).hexdigest()


class Experiment(Protocol):
    """What a claim is tested on."""

    def order(self, at: float, condition: str, seeds: int) -> Floats:
        """The order parameter of each seed, (seeds,), at a value of the control parameter.

        Args:
            at: The value.
            condition: `CLAIMED`, `NULL` or `ABLATED`.
            seeds: Independent runs; the same ones in every condition.
        """
        ...

    def replayed(self, at: float) -> tuple[bytes, bytes]:
        """A digest of all that one run went through, and of its replay."""
        ...

    def intervened(self, at: float, seeds: int) -> Floats:
        """By how much an intervention on replays changes the order parameter, (seeds,)."""
        ...

    def delays(self) -> Mapping[str, int]:
        """Ticks from each kind of fault until the fallback plays; one that never does has a number above the bar."""
        ...

    def false_alarms(self) -> float:
        """Share of ticks without a fault in which the fallback plays."""
        ...


def register(prediction: Prediction, folder: Path) -> Path:
    """Writes a prediction down, in a file named by study and digest, before anything is run.

    Raises:
        ValueError: The folder holds another prediction of the same study: it is to be kept, not overwritten.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{prediction.study}-{prediction.digest()[:16]}.json"
    others = [other for other in folder.glob(f"{prediction.study}-*.json") if other != path]
    if others:
        raise ValueError(
            f"{str(folder)!r} holds another prediction of {prediction.study}, {others[0].name}: what is predicted is "
            "not changed after the fact; give another folder"
        )
    if not path.exists():
        write_file(path, prediction.text())
    return path


def is_as_registered(prediction: Prediction, path: Path) -> bool:
    """Whether a file still holds the prediction to the byte, under the name of its digest."""
    try:
        kept = path.read_bytes()
    except OSError:
        return False
    digest = hashlib.sha256(kept).hexdigest()
    return digest == prediction.digest() and digest[:16] in path.name


def switch_point(at: ArrayLike, order: ArrayLike) -> float:
    """Where the order parameter crosses the middle between its least and its largest value, by linear interpolation.

    NaN where it does not vary. Of several crossings it is the middle one.
    """
    x, y = np.asarray(at, dtype=np.float64), np.asarray(order, dtype=np.float64)
    if np.ptp(y) == 0.0:
        return math.nan
    height = y - 0.5 * (y.min() + y.max())
    crosses = np.flatnonzero(np.sign(height[:-1]) != np.sign(height[1:]))
    one = crosses[len(crosses) // 2]
    return float(x[one] - height[one] * (x[one + 1] - x[one]) / (height[one + 1] - height[one]))


def permutation_test(one: ArrayLike, other: ArrayLike, seed: int = 0) -> float:
    """The two-sided p of a difference in means, by 9,999 random relabellings (Phipson and Smyth 2010: never 0)."""
    first, second = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    whole, size = np.concatenate([first, second]), len(first)
    found = abs(first.mean() - second.mean())
    order = np.random.default_rng(seed).permuted(np.tile(np.arange(len(whole)), (_DRAWS, 1)), axis=1)
    mixed = whole[order]
    apart = np.abs(mixed[:, :size].mean(axis=1) - mixed[:, size:].mean(axis=1))
    return float((1 + np.sum(apart >= found - 1e-12)) / (1 + _DRAWS))


@dataclass(frozen=True)
class Obligation:
    """One of the six.

    Attributes:
        name: What is owed.
        met: Whether it is met.
        said: The figure that says so.
    """

    name: str
    met: bool
    said: str


@dataclass(frozen=True)
class Verdict:
    """What a claim of emergence is worth.

    Attributes:
        obligations: The six, in order.
        figures: What was measured.
        curve: The order parameter over the sweep: values, means.
        null_curve: The same of the null model.
    """

    obligations: tuple[Obligation, ...]
    figures: tuple[Finding, ...]
    curve: tuple[Floats, Floats]
    null_curve: tuple[Floats, Floats]

    @property
    def emerged(self) -> bool:
        """Whether all six are met."""
        return all(one.met for one in self.obligations)

    def findings(self, prediction: Prediction, axis: str) -> Findings:
        """The verdict as findings of a study; `axis` names the control parameter."""
        said = f"{sum(one.met for one in self.obligations)} of 6 obligations are met: " + "; ".join(
            f"{one.name} ({one.said})" for one in self.obligations
        )
        low, high = float(np.min(self.curve[1])), float(np.max(self.curve[1]))
        law = (np.array([prediction.threshold] * 2), np.array([min(low, 0.0), max(high, 1.0)]))
        lines = {"claimed": self.curve, "null model": self.null_curve, "threshold of the law": law}
        title = prediction.order_parameter
        return Findings(f"{said}.", self.figures, {title: lines}, {title: (axis, "order parameter")})


def judge(prediction: Prediction, experiment: Experiment, folder: Path, told: Told) -> Verdict:
    """Registers a prediction, then tests it: the six obligations, in order.

    Raises:
        ValueError: The folder holds another prediction of the study.
    """
    path = register(prediction, folder)
    strong, seeds = prediction.strong, prediction.seeds
    steps = 2 * len(prediction.sweep) + 4
    curves: dict[str, Floats] = {}
    for number, condition in enumerate((CLAIMED, NULL)):
        means = []
        for place, at in enumerate(prediction.sweep):
            told((number * len(prediction.sweep) + place) / steps, f"{condition} at {at:g}")
            means.append(float(experiment.order(at, condition, seeds).mean()))
        curves[condition] = np.array(means)
    told((steps - 4) / steps, "null model, ablation, replay, bounds")
    claimed, null, ablated = (experiment.order(strong, condition, seeds) for condition in (CLAIMED, NULL, ABLATED))
    once, again = experiment.replayed(strong)
    change, delays = experiment.intervened(strong, seeds), experiment.delays()
    switch = switch_point(prediction.sweep, curves[CLAIMED])
    p = permutation_test(claimed, null)
    effect = abs(float(claimed.mean() - null.mean()))
    gap = t_interval(ablated - null)
    widest = max(abs(gap.low), abs(gap.high)) if np.ptp(ablated - null) > 0.0 else abs(gap.mean)
    slowest, alarms = max(delays.values()), experiment.false_alarms()
    expected = prediction.threshold
    obligations = (
        Obligation("registered", is_as_registered(prediction, path), path.name),
        Obligation(
            "law", abs(switch - expected) <= prediction.tolerance, f"switch at {switch:.3f}, law {expected:.3f}"
        ),
        Obligation("null model", p < prediction.level, f"p = {p:.4f}, {seeds} seeds each"),
        Obligation("ablation", effect > 0.0 and widest <= prediction.margin * effect, f"apart by at most {widest:.3f}"),
        Obligation(
            "replay",
            once == again and abs(float(change.mean()) - prediction.change) <= prediction.change_tolerance,
            f"same bits, do changes it by {change.mean():.3f}, predicted {prediction.change:.3f}",
        ),
        Obligation("bounds", slowest <= MOST_TICKS and alarms <= 1e-3, f"fallback after at most {slowest} ticks"),
    )
    near, about = prediction.tolerance, prediction.change
    figures = (
        Finding("where it switches", switch, known=(expected - near, expected + near), source=prediction.law),
        mean_between("order parameter, claimed", claimed),
        mean_between(f"null model: {prediction.null}", null),
        mean_between(f"ablation: {prediction.ablation}", ablated),
        Finding("p of the permutation test against the null model", p, known=(0.0, prediction.level)),
        mean_between(
            f"intervention: {prediction.intervention}",
            change,
            (about - prediction.change_tolerance, about + prediction.change_tolerance),
            "registered",
        ),
        *(Finding(f"ticks until the fallback plays: {kind}", float(ticks), known=(0.0, float(MOST_TICKS)))
          for kind, ticks in delays.items()),
        Finding("share of ticks with a false alarm", alarms, known=(0.0, 1e-3)),
        Finding("obligations met", float(sum(one.met for one in obligations)), known=(6.0, 6.0)),
    )  # fmt: skip
    return Verdict(obligations, figures, (np.array(prediction.sweep), curves[CLAIMED]),
                   (np.array(prediction.sweep), curves[NULL]))  # fmt: skip


def digest_of(arrays: Sequence[NDArray[np.generic]]) -> bytes:
    """SHA-256 of arrays, for the comparison of runs."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ascontiguousarray(array).tobytes())
    return total.digest()

"""Spaces of one agent, and what `reset` is given."""

import operator
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from gymnasium.spaces import Box, MultiDiscrete
from numpy.typing import NDArray

from econo_env.catalogue import load
from econo_env.clearing.base import picture_of
from econo_env.engine.state import Float32s
from econo_env.market import market_of
from econo_env.scenario import Scenario
from econo_env.settings import UnknownKeyError


def load_for_keywords(scenario: str | Scenario, overrides: Mapping[str, Any]) -> Scenario:
    """The scenario with the fields that a caller gave as keywords.

    Raises:
        TypeError: A keyword is unknown. It says so in Python's own words: TorchRL's `GymEnv` offers every environment
            a `frameskip`, reads the refusal and goes on without.
        ValueError: The scenario or a field is out of range.
    """
    try:
        return load(scenario, **overrides)
    except UnknownKeyError as error:
        refused = ", ".join(repr(".".join(map(str, problem.path))) for problem in error.problems)
        raise TypeError(f"unexpected keyword argument {refused}: {error}") from None


def fits(rows: NDArray[Any], shape: tuple[int, ...]) -> bool:
    """Whether `rows` are real numbers of that shape, all in [-1, 1]; NaN is not."""
    if rows.shape != shape or rows.dtype.kind not in "fiu":
        return False
    if rows.dtype.kind == "f" and rows.size > 0:
        sizes = np.abs(rows)
        return bool(sizes.item(sizes.argmax()) <= 1.0)  # NaN counts as the largest, and is not below 1
    return bool(np.all((rows >= -1) & (rows <= 1)))  # the absolute value of the lowest integer is negative


def as_components(action: Any, components: int) -> NDArray[Any]:
    """An action as an array; one number stands for the only component. What is no array is empty."""
    try:
        given = np.asarray(action)
    except ValueError:
        return np.empty(0, dtype=object)
    return given[None] if given.ndim == 0 and components == 1 else given


class ActionBox(Box):
    """Box(-1, 1) that contains what the environments take, and whose `sample` takes an agent's action mask.

    A plain `Box` of float32 refuses float64, which NumPy makes by default, and one number for a single component.
    Samplers hand the mask that they find in an observation or an info to `sample`, which a plain `Box` refuses too.
    """

    def __init__(self, components: int) -> None:
        super().__init__(-1.0, 1.0, (components,), np.float32)

    def contains(self, x: Any) -> bool:
        """Whether `x` is one real number in [-1, 1] for each component, of any type."""
        return fits(as_components(x, self.shape[0]), self.shape)

    def sample(self, mask: NDArray[np.int8] | None = None, probability: Any = None) -> Float32s:
        """A uniform action; the no-op, all zeros, under a mask of 0."""
        drawn = cast(Float32s, super().sample(probability=probability))
        return drawn if mask is None or np.all(mask) else np.zeros_like(drawn)


class MaskedMultiDiscrete(MultiDiscrete):
    """MultiDiscrete whose `sample` also takes a flat mask, the components' masks one after the other."""

    def sample(self, mask: Any = None, probability: Any = None) -> NDArray[np.int64]:
        """A uniform choice for each component among those that the mask leaves open."""
        if isinstance(mask, np.ndarray):
            mask = tuple(np.split(mask.astype(np.int8), np.cumsum(self.nvec)[:-1]))
        return super().sample(mask=mask, probability=probability)


def observation_box(scenario: Scenario, *leading: int) -> Box:
    """Space of one agent's observation, float32 (features,), within what its features range over, [0, 1] by default.

    With `leading` axes it is that of many agents' observations.
    """
    seen = market_of(scenario).seen(scenario)
    low, high = np.array([one.low for one in seen], np.float32), np.array([one.high for one in seen], np.float32)
    shape = (*leading, len(seen))
    return Box(np.broadcast_to(low, shape), np.broadcast_to(high, shape), dtype=np.float32)


def whole_number(name: str, given: Any) -> int:
    """`given` as an integer.

    Raises:
        ValueError: It is none.
    """
    try:
        return operator.index(given)
    except TypeError:
        raise ValueError(f"{name}={given!r} must be a whole number") from None


def fresh_seed() -> int:
    """A seed from the operating system's entropy."""
    return int(np.random.SeedSequence().generate_state(1, np.uint64)[0])


def first_market_of(options: Mapping[str, Any] | None, *, starts_over: bool) -> int:
    """The option `first_market`, 0 by default; other options are for other environments and are left alone.

    Args:
        options: Options of `reset`.
        starts_over: Whether the reset begins a seed; the next episode of the same seed keeps its market.

    Raises:
        ValueError: It is no whole number of at least 0, or comes without a seed to begin.
    """
    if not options or "first_market" not in options:
        return 0
    number = whole_number("first_market", options["first_market"])
    if number < 0:
        raise ValueError(f"first_market={number} must be 0 or more")
    if not starts_over:
        raise ValueError(
            f"first_market={number} comes without a seed: the next episode stays in its market, so give both"
        )
    return number


def drawn(metadata: dict[str, Any], scenario: Scenario) -> dict[str, Any]:
    """The metadata of an environment, without render modes where the kind of market draws no picture."""
    return metadata if picture_of(scenario) is not None else {**metadata, "render_modes": []}


def check_render_mode(render_mode: str | None, known: Sequence[str]) -> None:
    """Raises a `ValueError` unless `render_mode` is one of those `known`, or None."""
    if render_mode is not None and not known:
        raise ValueError(f"render_mode={render_mode!r}: this kind of market draws no picture, leave it out")
    if render_mode is not None and render_mode not in known:
        raise ValueError(f"render_mode={render_mode!r} is unknown: choose one of {', '.join(known)}, or None")

"""Spaces of one agent, and the seeds of a face."""

import operator
from typing import Any, cast

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from econo_env.engine.state import Float32s
from econo_env.scenario import Scenario


class ActionBox(Box):
    """Box(-1, 1) whose `sample` takes an agent's action mask.

    Samplers hand the mask that they find in an observation or an info to `sample`, which a plain `Box` refuses.
    """

    def __init__(self, components: int) -> None:
        super().__init__(-1.0, 1.0, (components,), np.float32)

    def sample(self, mask: NDArray[np.int8] | None = None, probability: Any = None) -> Float32s:
        """A uniform action; the no-op, all zeros, under a mask of 0."""
        drawn = cast(Float32s, super().sample(probability=probability))
        return drawn if mask is None or np.all(mask) else np.zeros_like(drawn)


def observation_box(scenario: Scenario) -> Box:
    """Space of one agent's observation: Box(0, 1), float32 (features,)."""
    return Box(0.0, 1.0, (len(scenario.market_module().observation_names(scenario)),), np.float32)


def action_box(scenario: Scenario) -> ActionBox:
    """Space of one agent's action: Box(-1, 1), float32 (components,)."""
    return ActionBox(len(scenario.market_module().action_names(scenario)))


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

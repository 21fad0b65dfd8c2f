"""A population within bounds, all pairs of a batch together: how soon its fallback plays after a fault."""

from collections.abc import Callable, Mapping

import numpy as np

from econo_env.engine.engine import Engine
from econo_env.policies.emergent.bounds import Bounds, Coherence
from econo_env.policy import Actions, Mask, Named, Observations
from econo_env.scenario import Scenario
from econo_env.training.emergence import MOST_TICKS

Fault = Callable[[Actions], Actions]
"""What becomes of the actions of a population's members."""
_PAIRS, _WARM, _LONG = 32, 100, 500


class _Members:
    """A policy whose actions a fault may change."""

    def __init__(self, policy: Named) -> None:
        self.name, self._policy = policy.name, policy
        self.fault: Fault | None = None

    def reset(self, seed: int) -> None:
        """Starts the policy over."""
        self._policy.reset(seed)

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Their actions."""
        actions = self._policy.act(observations, mask)
        return actions if self.fault is None else self.fault(actions)


class Watched:
    """All pairs of a batch of two-agent markets as one population within bounds."""

    def __init__(self, scenario: Scenario, members: Named, fallback: Named, coherence: Coherence, seed: int) -> None:
        self.members = _Members(members)
        self._bounds = Bounds(self.members, fallback, coherence=coherence)
        self._engine = Engine(scenario, _PAIRS, autoreset=True)
        self._engine.reset(seed)
        self._bounds.reset(seed)

    def tick(self) -> bool:
        """One tick of every pair; whether the fallback plays from here on."""
        buffers = self._engine.buffers
        seen = buffers.observations.reshape(1, -1, buffers.observations.shape[-1])
        actions = self._bounds.act(seen, buffers.action_mask.reshape(1, -1))
        self._engine.step(actions.reshape(buffers.actions.shape))
        self._bounds.observe(buffers.rewards.reshape(1, -1), np.zeros(1, dtype=np.bool_))
        return bool(self._bounds.reasons()[0])


def delays(make: Callable[[], Watched], faults: Mapping[str, Fault]) -> dict[str, int]:
    """Ticks from each fault until the fallback plays, above the bar where it never does."""
    return {kind: _delay(make(), fault) for kind, fault in faults.items()}


def _delay(run: Watched, fault: Fault) -> int:
    for _ in range(_WARM):
        run.tick()
    run.members.fault = fault
    for ticks in range(1, 4 * MOST_TICKS):
        if run.tick():
            return ticks
    return 4 * MOST_TICKS


def false_alarms(run: Watched) -> float:
    """The share of ticks of a sound population in which the fallback plays."""
    return sum(run.tick() for _ in range(_LONG)) / _LONG

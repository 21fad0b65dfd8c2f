"""One coordination by hand: a request and agents in, what every step decided out; a view of the engine."""

from econo_env.coordination.played import coordinate
from econo_env.coordination.request import CoordinationAgent, CoordinationRequest
from econo_env.coordination.result import Coordination

__all__ = ["Coordination", "CoordinationAgent", "CoordinationRequest", "coordinate"]

"""What markets of rounds share: an episode that ends for everybody at once after its last round."""

from typing import Any

from econo_env.engine.compiled import compiled
from econo_env.engine.state import StepBuffers


@compiled
def finish(k: int, state: Any, params: Any, buffers: StepBuffers) -> None:
    """Ends the episode for everybody at once after the last round."""
    ended = state.tick[k] >= params.max_cycles
    buffers.ended[k] = ended
    for i in range(buffers.rewards.shape[1]):
        buffers.terminated[k, i] = ended and not params.truncates
        buffers.truncated[k, i] = ended and params.truncates

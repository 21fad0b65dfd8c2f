"""What markets of rounds share: an episode that ends for everybody at once after its last round."""

from typing import Any

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Exchange


@compiled
def finish(k: int, state: Any, terms: Any, exchange: Exchange) -> None:
    """Ends the episode for everybody at once after the last round."""
    ended = state.tick[k] >= terms.max_cycles
    exchange.ended[k] = ended
    for i in range(exchange.rewards.shape[1]):
        exchange.terminated[k, i] = ended and not terms.truncates
        exchange.truncated[k, i] = ended and terms.truncates

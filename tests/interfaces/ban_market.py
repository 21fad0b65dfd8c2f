"""A market for tests: the sealed bid, but seat 0 is banned in every episode, before others are truncated."""

from dataclasses import replace

from econo_env.engine.compiled import compiled
from econo_env.markets.sealed_bid import MARKET
from econo_env.markets.sealed_bid.scenario import SealedBidScenario

BAN_TICK = 2


class BanScenario(SealedBidScenario):
    """A sealed bid with a ban."""


@compiled
def finish(k, state, params, buffers):
    """As the sealed bid's, and seat 0 is out from the ban on; all that is left of it is a reward nobody may see."""
    ended = state.tick[k] >= params.max_cycles
    buffers.ended[k] = ended
    for i in range(state.values.shape[1]):
        banned = i == 0 and state.tick[k] >= BAN_TICK
        buffers.terminated[k, i] = i == 0 and state.tick[k] == BAN_TICK
        buffers.truncated[k, i] = ended and not banned
        buffers.action_mask[k, i] = not banned
        buffers.rewards[k, i] = 1.0 + i


BANNING = replace(
    MARKET, name="ban", config=BanScenario, built_in=list, kernels=replace(MARKET.kernels, finish=finish, flags=None)
)


def ban_scenario():
    return BanScenario(
        id="ban_v0", num_agents=3, max_cycles=5, mechanism={"name": "first_price"}, end_of_episode="truncation"
    )

"""What markets of rounds share: values drawn anew, value less payment, an episode that ends for all after its last."""

from econo_env.economy.award import forget_award
from econo_env.engine.compiled import compiled
from econo_env.engine.rng import DRAWS_AT_ONCE, VALUES, fill_with_draws
from econo_env.engine.state import Arrays, StepBuffers
from econo_env.markets.records import Draws, Horizon, Rounds, Values
from econo_env.money import CREDIT, to_credits
from econo_env.scenario import Scenario
from econo_env.valuations.drawing import draw_each, fill_uniformly, is_uniform


@compiled
def draw_private_values(k: int, state: Values, params: Draws) -> None:
    """Draws independent values from the agents' priors."""
    values, key, episode, tick = state.values[k], state.key[k], state.episode[k], state.tick[k]
    if is_uniform(params.quantiles):
        fill_uniformly(params.quantiles, key, episode, tick, VALUES, values)
        return
    for first in range(0, values.shape[0], DRAWS_AT_ONCE):
        last = min(first + DRAWS_AT_ONCE, values.shape[0])
        fill_with_draws(key, episode, tick, VALUES, values, first, last)
        draw_each(params.quantiles, params.prior_of, values, first, last)


@compiled
def start_clock(k: int, state: Rounds) -> None:
    """Starts the next episode: no round played, no price."""
    state.episode[k] += 1
    state.tick[k] = 0
    state.award.price[k] = 0


@compiled
def _forget(k: int, state: Rounds, buffers: StepBuffers) -> None:
    forget_award(k, state.award)
    for i in range(buffers.action_mask.shape[1]):
        buffers.action_mask[k, i] = True


@compiled
def forget(k: int, state: Rounds, params: object, buffers: StepBuffers) -> None:
    """Nothing has been handed on, everybody may act."""
    _forget(k, state, buffers)


@compiled
def begin(k: int, state: Rounds, buffers: StepBuffers) -> None:
    """Starts the next episode: no round played, nothing handed on, everybody may act."""
    start_clock(k, state)
    _forget(k, state, buffers)


@compiled
def observe(k: int, state: Values, params: Draws, buffers: StepBuffers) -> None:
    """Moves the clock and draws the values of the next round if there is one."""
    state.tick[k] += 1
    if state.tick[k] < params.max_cycles:
        draw_private_values(k, state, params)


@compiled
def settle(k: int, state: Values, params: object, buffers: StepBuffers) -> None:
    """Rewards everybody with the value of what it got, or gave, less what it pays, in credits."""
    for i in range(state.values.shape[1]):
        worth = state.award.units[k, i] * state.values[k, i]
        state.award.worth[k, i] = worth
        buffers.rewards[k, i] = (worth - state.award.pays[k, i]) * CREDIT


@compiled
def close(k: int, state: Rounds, params: Horizon, buffers: StepBuffers) -> None:
    """Ends the episode after the last round; goes with `flags`."""
    buffers.ended[k] = state.tick[k] >= params.max_cycles


@compiled
def flags(k: int, ended: bool, params: Horizon, buffers: StepBuffers) -> None:
    """The episode ends for everybody at once, or for nobody."""
    for i in range(buffers.rewards.shape[1]):
        buffers.terminated[k, i] = ended and not params.truncates
        buffers.truncated[k, i] = ended and params.truncates


@compiled
def finish(k: int, state: Rounds, params: Horizon, buffers: StepBuffers) -> None:
    """Ends the episode for everybody at once after the last round."""
    close(k, state, params, buffers)
    flags(k, buffers.ended[k], params, buffers)


def info(scenario: Scenario, state: Rounds) -> Arrays:
    """What the dict APIs tell in `infos` of the last round, arrays (markets, agents): `won` and `paid` (credits).

    What is received counts negative.
    """
    return {"won": state.award.units != 0, "paid": to_credits(state.award.pays)}

"""Requests that arrive, wait and are put on offer, and the start and end of an episode, for market `k`."""

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import ARRIVALS, uniform
from econo_env.engine.state import StepBuffers
from econo_env.markets.coordination.auctions import NO_BID
from econo_env.markets.coordination.state import Params, State
from econo_env.markets.task_market.episode import draw_reliability, offer_task
from econo_env.mechanisms.ranking import WEIGHT_UNIT

NOT_BEGUN = -1
"""The tick of a sale whose first one comes next."""


@compiled
def forget_award(k: int, state: State) -> None:
    """Nobody has won anything in this tick."""
    for i in range(state.owes.shape[1]):
        state.award.units[k, i] = 0
        state.award.pays[k, i] = 0
        state.award.worth[k, i] = 0.0
        state.owes[k, i] = 0
        state.leaving[k, i] = False
    if state.over[k]:
        state.surplus[k], state.best_surplus[k], state.first_best[k] = 0.0, 0.0, 0.0
    state.over[k] = False
    state.held[k] = False


@compiled
def forget_last_tick(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Clears what the last tick left."""
    forget_award(k, state)


@compiled
def open_auction(k: int, state: State, params: Params) -> None:
    """Puts the price where the auction of the request on offer begins."""
    state.sale_tick[k] = 0
    state.best[k] = 0
    state.price[k] = state.reserve[k]
    if params.clock and not params.rises:  # from where nobody can gain by a task, in whole steps above the reserve
        above = params.schedule.success * state.task_value[k] - state.reserve[k]
        steps = max(0, int((above + params.rule.increment - 1) / params.rule.increment))
        state.price[k] += steps * params.rule.increment


@compiled
def put_on_offer(k: int, state: State, params: Params) -> None:
    """Draws the types of the next request, and opens its auction; where none waits, there is nothing to bid for."""
    state.offered[k] = state.demand[k] > 0
    state.sale_tick[k], state.best[k] = 0, 0
    state.left[k] = params.rule.supply
    for i in range(state.standing.shape[1]):
        state.standing[k, i] = state.active[k, i]
    if not state.offered[k]:
        state.task_value[k], state.liability[k], state.foreseen[k] = 0, 0, 0
        return
    offer_task(k, state, params)
    state.foreseen[k] = 0 if params.naive_stake else params.sizes * state.liability[k]
    state.reserve[k] = max(params.rule.reserve, int(params.reserve_share * state.market_price[k]))
    open_auction(k, state, params)


@compiled
def hold(k: int, state: State) -> None:
    """The request on offer waits: nobody wins or leaves its auction in this tick."""
    state.held[k] = True


@compiled
def revoke(k: int, state: State, params: Params) -> None:
    """Nobody takes a task in this tick, and the auction of those of the request that are left starts over."""
    for i in range(state.owes.shape[1]):
        tasks = -state.award.units[k, i]
        if params.clock:
            state.left[k] += tasks
        if tasks > 0 or params.rises or not params.clock:  # who took one of a falling clock's earlier stays out
            state.standing[k, i] = state.active[k, i]
        state.award.units[k, i] = 0
        state.owes[k, i] = 0
    state.over[k] = False
    state.best_surplus[k], state.first_best[k] = 0.0, 0.0
    open_auction(k, state, params)
    state.sale_tick[k] = NOT_BEGUN


@compiled
def decided(k: int, state: State) -> bool:
    """The request on offer is over with this tick."""
    return bool(state.offered[k] and state.over[k])


@compiled
def let_act(k: int, state: State, buffers: StepBuffers) -> None:
    """Those may act who are in the auction of a request."""
    for i in range(state.standing.shape[1]):
        buffers.action_mask[k, i] = state.offered[k] and state.active[k, i] and state.standing[k, i] != 0


@compiled
def follow_price(k: int, state: State, params: Params) -> None:
    """Moves the market price towards what holders of tasks owe, where there are any."""
    paid = float(state.award.price[k])
    if paid > 0.0:
        known = state.market_price[k]
        state.market_price[k] = paid if known == 0.0 else known + params.price_weight * (paid - known)


@compiled
def observe(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Moves the clock, lets requests arrive, and goes on with the one on offer or puts the next there."""
    follow_price(k, state, params)
    state.tick[k] += 1
    if state.over[k]:
        state.demand[k] -= 1
        state.offered[k] = False
    if state.tick[k] < params.max_cycles:
        arrives = params.arrivals >= 1.0
        if not arrives and params.arrivals > 0.0:
            arrives = uniform(state.key[k], state.episode[k], state.tick[k], ARRIVALS, 0) < params.arrivals
        if arrives and state.demand[k] < params.most_waiting:
            state.demand[k] += 1
        if state.offered[k]:
            state.sale_tick[k] += not state.held[k]
        else:
            put_on_offer(k, state, params)
        let_act(k, state, buffers)


@compiled
def foresee(k: int, state: State) -> int:
    """The most that any bid for the request on offer can cost."""
    return int(state.foreseen[k])


@compiled
def weigh(k: int, i: int, weight: int, state: State) -> None:
    """Sets what agent i's bids weigh in the ranking."""
    state.weights[k, i] = weight


@compiled
def expel(k: int, i: int, state: State) -> None:
    """Agent i is banned, and out of the auction that goes on."""
    state.leaving[k, i] = state.active[k, i]
    state.active[k, i] = False
    state.standing[k, i] = 0


@compiled
def finish(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Ends the episode after its last tick for everybody at once, or when nobody is left.

    An agent banned with the last tick ends like the others; one banned before has ended already.
    """
    horizon, left = state.tick[k] >= params.max_cycles, 0
    for i in range(state.active.shape[1]):
        banned_now = state.leaving[k, i]
        here = state.active[k, i] or banned_now
        left += state.active[k, i]
        buffers.truncated[k, i] = horizon and params.truncates and here
        buffers.terminated[k, i] = here and not params.truncates if horizon else banned_now
    buffers.ended[k] = horizon or left == 0


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next episode: newcomers with new reliabilities, the first request."""
    state.episode[k] += 1
    state.tick[k] = 0
    state.award.price[k] = 0
    state.over[k] = True
    state.demand[k] = params.waiting
    state.market_price[k] = params.price_start
    forget_award(k, state)
    for i in range(state.active.shape[1]):
        state.active[k, i] = True
        state.entered[k, i] = False
        state.award.exposure[k, i] = 0
        state.bound[k, i] = 0
        state.weights[k, i] = WEIGHT_UNIT
        draw_reliability(k, i, state, params)
    for j in range(state.bids.shape[1]):
        state.bids[k, j] = NO_BID
        state.worths[k, j] = 0.0
    put_on_offer(k, state, params)
    let_act(k, state, buffers)

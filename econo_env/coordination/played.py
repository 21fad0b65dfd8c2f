"""One round of a coordination market, played in the engine and told step by step."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from econo_env.coordination.request import CoordinationAgent, CoordinationRequest, read, require_sayable, scenario_of
from econo_env.coordination.result import Bid, Contract, Coordination, CoordinationMarket, Standing
from econo_env.economy.contracts import payout
from econo_env.economy.ledger import FREE, balances_of
from econo_env.economy.parts.contracts import GRADES
from econo_env.economy.parts.staking import share_of
from econo_env.economy.reputation import lower_bound
from econo_env.engine.engine import Engine
from econo_env.engine.state import Float32s, Float64s
from econo_env.market import agents_of, market_of
from econo_env.markets.coordination.auctions import AUCTION_TYPES
from econo_env.markets.coordination.scenario import CoordinationScenario
from econo_env.markets.coordination.strategies import bid_actions
from econo_env.money import to_credits, to_money

_NEWCOMER = 0.05


def coordinate(
    request: CoordinationRequest | Mapping[str, Any],
    agents: Sequence[CoordinationAgent | Mapping[str, Any]],
    *,
    seed: int = 0,
) -> Coordination:
    """One coordination: market, eligible agents, bids, auction, contract, execution, consequences.

    It is a market of `econo_env.markets.coordination` with one request, played by the engine.

    Args:
        request: What is asked for, see `CoordinationRequest`.
        agents: Who applies, see `CoordinationAgent`; `bidder_0` is the first.
        seed: Of the luck of the work and of ties.

    Raises:
        ValueError: A key or value is not allowed; the message names it and the fix.
    """
    asked, known = read(request, agents)
    scenario = scenario_of(asked, known)
    require_sayable(scenario, known)
    engine = Engine(scenario)
    engine.reset(seed)
    _introduce(engine, known)
    engine.step(np.zeros_like(engine.buffers.actions))
    _give_types(engine, asked, known)
    actions = _actions(engine, known)
    state, constants = engine.state, scenario.program().params
    market, standings = _market(engine, asked), _standings(engine, asked, constants)
    prices: list[float] = []
    bids: tuple[Bid, ...] = ()
    contracts: list[Contract] = []
    over = False
    while not over:
        prices.append(float(to_credits(state.price[0])))
        before = engine.world.reputation.bound[0].copy()
        engine.step(actions)
        bids = bids or _bids(engine, standings)
        contracts += _contracts(engine, before, constants)
        over = bool(state.over[0])
    return Coordination(
        market=market,
        standings=standings,
        bids=bids,
        prices=tuple(prices) if AUCTION_TYPES[asked.auction_type].clock else (),
        contracts=tuple(contracts),
        welfare=float(to_credits(state.surplus[0])),
        best_welfare=float(to_credits(state.best_surplus[0])),
    )


def _introduce(engine: Engine, agents: Sequence[CoordinationAgent]) -> None:
    """Gives agents their money and their past."""
    ledger, reputation = engine.world.ledger, engine.world.reputation
    free, money = balances_of(ledger.balances, FREE), to_money([agent.stake for agent in agents])
    ledger.minted[0] += int((money - free[0]).sum())
    free[0] = money
    ledger.wealth[0] = money
    for i, agent in enumerate(agents):
        reputation.positive[0, i], reputation.negative[0, i] = agent.kept, agent.broken
        reputation.bound[0, i] = lower_bound(agent.kept, agent.broken, _NEWCOMER)


def _give_types(engine: Engine, request: CoordinationRequest, agents: Sequence[CoordinationAgent]) -> None:
    """Gives agents what they can do, now that the request is there."""
    market = market_of(engine.scenario)
    for i, agent in enumerate(agents):
        market.types.put(engine.scenario, engine, i, np.array([[agent.cost / request.value, agent.reliability]]))
    engine.show()


def _actions(engine: Engine, agents: Sequence[CoordinationAgent]) -> Float32s:
    """The agents' actions: true and honest where they say nothing else."""
    scenario, seen = engine.scenario, engine.buffers.observations
    assert isinstance(scenario, CoordinationScenario)
    actions = np.array(market_of(scenario).baselines.truthful(scenario, seen))
    places = {name: at for at, name in enumerate(market_of(scenario).actions(scenario))}
    efforts = [at for name, at in places.items() if name.startswith("effort")]
    for i, agent in enumerate(agents):
        if agent.bids:
            placed = bid_actions(scenario, seen[0, i], np.array(agent.bids))
            actions[0, i, : scenario.sizes] = placed[: scenario.sizes]
        if agent.reported_cost is not None and agent.cost > 0.0:
            actions[0, i, places["cost_report"]] = agent.reported_cost / agent.cost - 1.0
        if agent.reported_reliability is not None:
            lie = agent.reported_reliability - agent.reliability
            room = 1.0 - agent.reliability if lie > 0.0 else agent.reliability
            actions[0, i, places["reliability_report"]] = lie / room if room > 0.0 else 0.0
        if agent.effort is not None:
            actions[0, i, efforts] = 2.0 * agent.effort - 1.0
        actions[0, i, places["forgery"]] = 1.0 if agent.forges else -1.0
    return actions


def _market(engine: Engine, request: CoordinationRequest) -> CoordinationMarket:
    state = engine.state
    return CoordinationMarket(
        resource_type=request.resource_type,
        available_supply=request.available_supply,
        current_demand=int(state.demand[0]),
        market_price=float(to_credits(state.market_price[0])),
        reserve=float(to_credits(state.reserve[0])),
        auction_type=request.auction_type,
        liability=float(to_credits(state.liability[0])),
    )


def _standings(engine: Engine, request: CoordinationRequest, constants: Any) -> tuple[Standing, ...]:
    """Who may bid, and what keeps the others out."""
    world = engine.world
    needed = share_of(int(world.market.foreseen[0]), constants.staking)
    free = balances_of(world.ledger.balances, FREE)[0]
    made = []
    for i, name in enumerate(agents_of(engine.scenario)):
        why = []
        if world.reputation.bound[0, i] < request.reputation:
            why.append(f"its reputation {world.reputation.bound[0, i]:.3f} is below {request.reputation:g}")
        if free[i] < needed:
            why.append(f"its stake {to_credits(free[i]):g} is less than {to_credits(needed):g}")
        made.append(
            Standing(
                agent=name,
                eligible=bool(world.eligibility.eligible[0, i]),
                reputation=float(world.reputation.bound[0, i]),
                stake=float(to_credits(free[i])),
                why=" and ".join(why),
            )
        )
    return tuple(made)


def _bids(engine: Engine, standings: Sequence[Standing]) -> tuple[Bid, ...]:
    """What those who may bid did so in the last tick, and what contracts are worth to them."""
    amounts = engine.state.bids[0].reshape(engine.num_agents, -1)
    worths = to_credits(engine.state.worths[0]).reshape(engine.num_agents, -1)
    return tuple(
        Bid(
            agent=one.agent,
            amounts=tuple(float(to_credits(amount)) if amount >= 0 else None for amount in amounts[i]),
            worths=tuple(worths[i].tolist()),
        )
        for i, one in enumerate(standings)
        if one.eligible
    )


def _contracts(engine: Engine, before: Float64s, constants: Any) -> list[Contract]:
    """The contracts of the last tick, as the world has them."""
    world, names = engine.world, agents_of(engine.scenario)
    market, contracts, work = world.market, world.contracts, world.contracts.work
    made = []
    for i in np.flatnonzero(market.award.units[0]):
        value, owes = int(work.value[0, i]), int(work.owes[0, i])
        exposed = int(market.award.exposure[0, i])
        bond = min(exposed, share_of(exposed, constants.staking), int(world.staking.locked[0, i]))
        schedule = constants.contracts.schedule
        made.append(
            Contract(
                agent=names[i],
                tasks=-int(market.award.units[0, i]),
                owes=float(to_credits(owes)),
                bond=float(to_credits(bond)),
                pays={
                    name: float(to_credits(payout(grade, value, owes, bond, schedule)))
                    for grade, name in enumerate(GRADES)
                    if grade
                },
                effort=float(work.effort[0, i]),
                forged=bool(work.forges[0, i]),
                quality=float(contracts.quality[0, i]),
                grade=GRADES[world.conduct.grade[0, i]],
                paid=float(to_credits(-market.award.pays[0, i])),
                slashed=float(to_credits(max(0, market.award.pays[0, i]))),
                cost=float(to_credits(-market.award.worth[0, i])),
                reputation=(float(before[i]), float(world.reputation.bound[0, i])),
                banned=bool(world.conduct.banned[0, i]),
            )
        )
    return made

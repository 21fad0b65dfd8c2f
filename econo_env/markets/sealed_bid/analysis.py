"""What judges ask of a sealed-bid market: true values, welfare, and the outcome of a bidder's own bid."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.engine import Engine
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Float64s, Int64s
from econo_env.equilibrium.games import ExpectedOutcome
from econo_env.games.bid_curves import BidClearing, BidCurves
from econo_env.games.bidding import Bidding
from econo_env.games.welfare import PRIMARY, Welfare
from econo_env.market import rule_of
from econo_env.markets.outcome_curves import outcome_curves, ranked, units_won
from econo_env.markets.private_value import put
from econo_env.markets.sealed_bid.config import Participation
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.markets.sealed_bid.state import NO_BID, State, params
from econo_env.mechanisms.parameters import units_of
from econo_env.money import to_credits, to_money
from econo_env.valuations.information import PrivateValues
from econo_env.valuations.utility import RiskNeutral
from econo_env.valuations.virtual_values import optimal_reserve


def bidding(scenario: SealedBidScenario) -> Bidding:
    """What bidders bid for."""
    return Bidding(
        units=units_of(scenario.mechanism),
        weights=scenario.weights,
        entry_costs=scenario.entry_costs,
        all_there=scenario.participation == Participation(),
    )


def types_at(scenario: SealedBidScenario, agent: int, uniforms: Float64s) -> Float64s:
    """The agent's values or signals at the given probabilities, shape (..., 1), as the engine draws them."""
    return scenario.information.signal_table(scenario.priors()[agent]).quantile(uniforms)


def types_hang_together(scenario: SealedBidScenario) -> bool:
    """Whether one bidder's value or signal tells of the others'."""
    return not scenario.information.independent


def set_types_given(
    scenario: SealedBidScenario, engine: Engine, agent: int, types: Float64s, uniforms: Float64s
) -> None:
    """Gives the agent signals in credits, (markets, 1), and everybody else draws given those, by (markets, agents, 1).

    A common value is drawn along with them.
    """
    information = scenario.information
    signals, common = information.signals_given(types[:, 0], agent, scenario.priors(), uniforms[..., 0])
    for bidder in range(scenario.num_agents):
        put(scenario, engine, bidder, signals[:, [bidder]])
    engine.state.common[:] = to_money(common)


def gains_from_trade(scenario: SealedBidScenario, state: State, values: Float64s) -> Float64s:
    """What a unit of the last round is worth if each bidder wins it, credits (markets, agents).

    The private value, or the realised one where values are interdependent or shocks follow the sale; in procurement the
    ceiling minus the cost. Bidders who were not there cannot win it: 0.
    """
    known = _gains_at_sale(scenario, state, values)
    if scenario.default is None:
        return known
    worth = to_credits(state.worth)
    worth = scenario.ceiling - worth if scenario.procurement is not None else worth
    return worth if scenario.participation.probability == 1.0 else np.where(state.present, worth, 0.0)


def _gains_at_sale(scenario: SealedBidScenario, state: State, values: Float64s) -> Float64s:
    """The same before what winners learn after the sale."""
    worth = values if scenario.information.private else to_credits(state.worth)
    if scenario.procurement is not None:
        worth = np.maximum(scenario.ceiling - values, 0.0)
    return worth if scenario.participation.probability == 1.0 else np.where(state.present, worth, 0.0)


def realised_welfare(
    scenario: SealedBidScenario, state: State, values: Float64s, weights: float | Float64s = 1.0
) -> Float64s:
    """The sum of weighted gains from trade of the last round less what bidders spent to enter, shape (markets,)."""
    spent = np.where(state.bids == NO_BID, 0.0, scenario.participation.entry_cost)
    net = gains_from_trade(scenario, state, values) * np.abs(state.award.units) - spent
    return np.asarray((net * weights).sum(axis=1))


def optimal_welfare(
    scenario: SealedBidScenario, state: State, values: Float64s, weights: float | Float64s = 1.0
) -> Float64s:
    """The largest sum of weighted gains from trade over the units for sale, shape (markets,).

    Only those who are served enter, and only if that is worth what it costs. Where winners learn more after the sale,
    the most that can be expected: units go to those who are best by what is known at the sale, and back to the seller
    where they turn out to be worth less than nothing.
    """
    units = min(units_of(scenario.mechanism), scenario.num_agents)
    cost = scenario.participation.entry_cost
    known = _gains_at_sale(scenario, state, values)
    if scenario.default is None:
        net = np.maximum(known - cost, 0.0) * weights
        return np.asarray(np.sort(net, axis=1)[:, -units:].sum(axis=1))
    shock = scenario.default.shock
    expected = np.where(known >= shock, known, np.maximum(known + shock, 0.0) ** 2 / (4.0 * shock))
    best = np.argsort(known * weights, axis=1)[:, -units:]
    kept = np.maximum(gains_from_trade(scenario, state, values), 0.0) - cost
    served = np.where(expected > cost, kept, 0.0) * weights
    return np.asarray(np.take_along_axis(served, best, axis=1).sum(axis=1))


def revenue_at_best_reserve(scenario: SealedBidScenario, values: Float64s) -> Float64s | None:
    """What truthful bidders with these values (markets, agents) pay at the optimal reserve, credits (markets,).

    The units go to the highest values above the reserve, at the next value or the reserve. None where bidders differ
    in prior or weight, or there is more to the scenario than independent private values.
    """
    if not scenario.is_plain or scenario.weights is not None or len(set(scenario.priors())) > 1:
        return None
    reserve = optimal_reserve(scenario.priors()[0])
    units = min(units_of(scenario.mechanism), scenario.num_agents)
    ranked = np.sort(values, axis=1)[:, ::-1]
    following = ranked[:, units] if units < scenario.num_agents else np.zeros(len(values))
    return np.asarray(np.maximum(following, reserve) * (ranked[:, :units] >= reserve).sum(axis=1))


def welfare(scenario: SealedBidScenario, state: State, types: Float64s) -> Welfare:
    """Sum of the winners' true values, of sales that stand, less entry costs; with weights also weighted by them.

    Revenue includes the stakes of winners who walked away. A reserve does not enter the optimum: a sale that it
    prevents is welfare lost, for the seller's own value is 0. In procurement the buyer's worth of the contract is the
    ceiling, and its revenue is what it keeps of that.
    """
    values = types[..., 0]
    measures: dict[str, float | Float64s] = {PRIMARY: 1.0}
    if scenario.weights is not None:
        measures["weighted_value"] = np.asarray(scenario.weights)
    realised = {name: realised_welfare(scenario, state, values, weights) for name, weights in measures.items()}
    revenue = to_credits(state.award.pays.sum(axis=1))
    if scenario.procurement is not None:
        revenue = revenue + scenario.ceiling * np.abs(state.award.units).sum(axis=1)
    return Welfare(
        realised=realised,
        optimal={name: optimal_welfare(scenario, state, values, weights) for name, weights in measures.items()},
        revenue=revenue,
        created=realised[PRIMARY] if scenario.is_plain else _created(scenario, state, values, revenue),
        revenue_at_best_reserve=revenue_at_best_reserve(scenario, values),
    )


def _created(scenario: SealedBidScenario, state: State, values: Float64s, revenue: Float64s) -> Float64s:
    """Revenue and what bidders feel: entry costs are lost, and utility models other than money count as they feel."""
    told = scenario.information.private and scenario.default is None
    gain = (values if told else to_credits(state.worth)) * np.abs(state.award.units)
    cost = to_credits(state.award.pays) + np.where(state.bids == NO_BID, 0.0, scenario.participation.entry_cost)
    utility = scenario.utility.of(-gain if scenario.procurement else gain, cost)
    return np.asarray(revenue + utility.sum(axis=1))


def highest_bid(scenario: SealedBidScenario, values: Float64s) -> Float64s:
    """The bid of action 1 at each value, in credits."""
    scale = np.full_like(values, scenario.highest_value) if scenario.bids == "amount" else values
    return scenario.largest_bid * scale


def offers_bid_curves(scenario: SealedBidScenario) -> bool:
    """Whether a reward is value times units won minus payment for the bid as it is placed, so that curves tell it."""
    return scenario.is_plain


class Reverse(NamedTuple):
    """What procurement has beside the rule."""

    weights: Int64s
    ceiling: int  # micro-credits


@compiled
def _ranked_asks(
    rule: Rule,
    asks: Int64s,
    lottery: Lottery,
    params: object,
    beside: Reverse,
    order: Int64s,
    won: Int64s,
    paid: Int64s,
) -> None:
    """Clears a round of procurement: who wins has -1 units, and pays less the ceiling; asks of 0 are shown for none."""
    for j in range(asks.shape[0]):
        order[j] = beside.ceiling - asks[j] if 0 < asks[j] <= beside.ceiling else NO_BID
    rule(order, beside.weights, lottery, params, won, paid)
    for j in range(asks.shape[0]):
        paid[j] -= beside.ceiling * won[j]
        won[j] = -won[j]


def clearing(scenario: SealedBidScenario) -> BidClearing:
    """One round, as the rule has it; in a contest the expected units."""
    row, constants = scenario.row(), params(scenario)
    if scenario.procurement is not None:
        beside = Reverse(constants.weights, int(to_money(scenario.ceiling)))
        return BidClearing(row.rule, _ranked_asks, units_won, constants.rule, beside)
    return BidClearing(row.rule, ranked, row.own_chance or units_won, constants.rule, constants.weights)


def expected_outcome(scenario: SealedBidScenario) -> ExpectedOutcome | None:
    """Expected units and costs of own bids (credits) by each rival's chance to stand below if it is there.

    None where the rule does not tell it so, or a bidder cares for more than value won minus what it costs.
    """
    rule = scenario.row().expected_outcome
    plain = isinstance(scenario.utility, RiskNeutral) and isinstance(scenario.information, PrivateValues)
    plain = plain and scenario.default is None and scenario.seller == type(scenario.seller)()
    if rule is None or not plain or scenario.procurement is not None:
        return None
    there = scenario.participation.probability

    def expected(bids: Float64s, below: Sequence[Float64s]) -> tuple[Float64s, Float64s]:
        units, payments = rule(bids, [1.0 - there * (1.0 - share) for share in below], scenario.mechanism)
        return units, payments + scenario.entry_costs

    return expected


def bid_curves(scenario: SealedBidScenario, state: State, agent: int, bids: Float64s) -> BidCurves:
    """Expected units and payment of each own bid in credits against the rivals' bids of the last round.

    Raises:
        ValueError: The reward is something else than value won minus payment; see `offers_bid_curves`.
    """
    if not offers_bid_curves(scenario):
        raise ValueError(f"{scenario.id}: the outcome of a bid does not tell its reward here: use method='action_grid'")
    constants = params(scenario)
    return outcome_curves(rule_of(scenario), (constants.rule, constants.weights), state, agent, bids)

"""What a two-sided market tells strategies, judges and telemetry: offers as actions, equilibria, gains from trade."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.agents import grouped, named
from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Arrays, Float32s, Float64s, Int64s
from econo_env.equilibrium import Solution, solved
from econo_env.games.bid_curves import BidClearing, BidCurves
from econo_env.games.bidding import Bidding
from econo_env.games.welfare import Welfare
from econo_env.market import rule_of
from econo_env.markets.actions import AS_SEEN, actions_for
from econo_env.markets.analysis import of_a_round, ratio, welfare_of
from econo_env.markets.double_auction.kernels import State, params
from econo_env.markets.double_auction.scenario import DoubleAuctionScenario, TwoSidedScenario
from econo_env.markets.outcome_curves import averaged, sum_outcomes, units, units_won
from econo_env.markets.wording import none_known
from econo_env.mechanisms.parameters import posted_price_of, tick_of
from econo_env.money import LARGEST_CREDITS, to_credits, to_money
from econo_env.valuations.bid_function import MIDDLE
from econo_env.valuations.places import places_of
from econo_env.valuations.priors import Uniform


def private_values(scenario: TwoSidedScenario, observations: ArrayLike) -> Float64s:
    """The own values and costs in credits, shape (...), from observations of shape (..., features)."""
    return np.asarray(observations, dtype=np.float64)[..., 0] * scenario.highest_value


def _sells(observations: ArrayLike) -> NDArray[np.bool_]:
    return np.asarray(observations)[..., 2] > 0.5


def bid_actions(scenario: TwoSidedScenario, observations: ArrayLike, bids: ArrayLike) -> Float32s:
    """Actions, shape (..., 1), that make the given offers.

    Args:
        scenario: Configuration; its `bids` says what an action means.
        observations: Shape (..., features).
        bids: Bids and asks in credits, shape (...). What an action cannot say becomes the nearest that it can.
    """
    amounts, sells = np.asarray(bids, dtype=np.float64), _sells(observations)
    highest, prices = scenario.highest_value, _price_reached(scenario, amounts, sells)
    if scenario.bids == "amount":
        bought = actions_for(amounts, highest / 2.0, reach=prices)
        sold = actions_for(amounts, highest / 2.0, up=True, reach=prices)
        return np.where(sells, sold, bought)[..., None]
    values = private_values(scenario, observations)
    # an ask is what it leaves of the highest price, which is (1 + a) times what the cost leaves of it
    own, offer, reach = (np.where(sells, highest - one, one) for one in (values, amounts, prices))
    error = AS_SEEN * values / np.where(own > 0.0, own, 1.0)
    return actions_for(offer, own, reach=reach, error=np.minimum(error, 0.5))[..., None]


def _price_reached(scenario: TwoSidedScenario, offers: Float64s, sells: NDArray[np.bool_]) -> Float64s:
    """The price in credits that each offer reaches: the one posted, or that of the last tick up to a bid or an ask."""
    posted = posted_price_of(scenario.mechanism)
    if posted is not None:
        return np.full(offers.shape, posted)
    tick = tick_of(scenario.mechanism)
    if tick is None:
        return np.where(sells, np.inf, 0.0)  # no price stands before the offers
    money, step = to_money(np.clip(offers, 0.0, LARGEST_CREDITS)), int(to_money(tick))
    return to_credits(np.where(sells, -(-money // step), money // step) * step)


def scaled_actions(scenario: TwoSidedScenario, observations: ArrayLike, factor: ArrayLike) -> Float32s:
    """Actions, shape (..., 1), of a trader as eager as `factor`, a number or one an agent, from 0 to 2.

    Buyers bid `factor` times the value; sellers ask as much more than the cost, of the room up to the highest price:
    highest - factor (highest - cost). Below 1 nobody trades at a loss; a uniform factor from 0 to 1 is the
    zero-intelligence trader with a budget of Gode and Sunder (1993).
    """
    values, highest = private_values(scenario, observations), scenario.highest_value
    share = np.asarray(factor, dtype=np.float64)
    if scenario.bids == "share_of_value":
        shares = np.broadcast_to(np.clip(share - 1.0, -1.0, 1.0), values.shape)
        return shares.astype(np.float32)[..., None]
    asks = np.maximum(0.0, highest - share * (highest - values))
    return bid_actions(scenario, observations, np.where(_sells(observations), asks, share * values))


def truthful_actions(scenario: TwoSidedScenario, observations: ArrayLike) -> Float32s:
    """Actions, shape (..., 1), that offer the own value or cost."""
    return scaled_actions(scenario, observations, 1.0)


def equilibrium_bids(
    scenario: DoubleAuctionScenario, values: ArrayLike, sells: ArrayLike, luck: ArrayLike = MIDDLE
) -> Float64s:
    """The offers of the Bayes-Nash equilibrium in closed form or found numerically, in credits.

    Args:
        scenario: Configuration.
        values: Values and costs in credits, any shape.
        sells: Whether the trader sells, same shape.
        luck: Draws uniform in [0, 1), same shape or one, for offers that are mixed.

    Raises:
        ValueError: None is known in closed form, as for rules under which truth is dominant and for one buyer and one
            seller with the same uniform prior, nor found numerically.
    """
    row, section = scenario.row(), scenario.mechanism
    types = np.asarray(values, dtype=np.float64)
    if row.truth_is_dominant(section):
        return types
    solution = numerical_solution(scenario)
    if solution is not None:
        return solution.bids(types, np.asarray(sells).astype(np.int64), luck)
    places = places_of(scenario.priors()[0])
    ends = places.lowest + places.highest
    mirrored = section.model_copy(update={"k": 1.0 - row.params(section).k})
    bids = row.closed_form(places, 2, section)(types)
    asks = ends - row.closed_form(places, 2, mirrored)(ends - types)
    return np.where(np.asarray(sells), asks, bids)


def numerical_solution(scenario: DoubleAuctionScenario) -> Solution | None:
    """The equilibrium found numerically where truth is not dominant and no closed form is known; None elsewhere.

    Raises:
        ValueError: Traders of a side differ, or the search did not come near enough to an equilibrium.
    """
    row, priors = scenario.row(), scenario.priors()
    bilateral = scenario.num_buyers == scenario.num_sellers == 1 and len(set(priors)) == 1
    closed = row.equilibrium is not None and bilateral and isinstance(priors[0], Uniform)
    if closed or row.truth_is_dominant(scenario.mechanism):
        return None
    if len(roles(scenario)) != 2:
        found = f"an equilibrium of {row.name!r} is found for buyers with one prior and sellers with one"
        raise none_known(scenario, found)
    return solved(scenario)


def equilibrium_actions(scenario: DoubleAuctionScenario, observations: ArrayLike, luck: ArrayLike = MIDDLE) -> Float32s:
    """Actions, shape (..., 1), of the equilibrium; see `equilibrium_bids`."""
    values = private_values(scenario, observations)
    bids = equilibrium_bids(scenario, values, _sells(observations), luck)
    return bid_actions(scenario, observations, bids)


def agents(scenario: TwoSidedScenario) -> tuple[str, ...]:
    """`buyer_0`, ..., then `seller_0`, ..."""
    return trader_names(scenario.num_buyers, scenario.num_sellers)


def trader_names(num_buyers: int, num_sellers: int) -> tuple[str, ...]:
    """What traders are called: buyers first, each side counted from 0."""
    return named(["buyer"] * num_buyers + ["seller"] * num_sellers)


def roles(scenario: TwoSidedScenario) -> tuple[tuple[int, ...], ...]:
    """Agents of the same side and prior, group by group, in order of first appearance."""
    return grouped((seat >= scenario.num_buyers, prior) for seat, prior in enumerate(scenario.priors()))


def best_gains(scenario: TwoSidedScenario, values: Float64s) -> Float64s:
    """The largest gains from trade, shape (markets,), in the unit of the values.

    Args:
        scenario: The configuration.
        values: Values and costs, shape (markets, agents), or where they trade several units (markets, agents, units).
    """
    m, markets = scenario.num_buyers, len(values)
    demand = -np.sort(-values[:, :m].reshape(markets, -1), axis=1)
    supply = np.sort(values[:, m:].reshape(markets, -1), axis=1)
    pairs = min(demand.shape[1], supply.shape[1])
    return np.asarray(np.maximum(demand[:, :pairs] - supply[:, :pairs], 0).sum(axis=1), dtype=np.float64)


def series(scenario: DoubleAuctionScenario, state: State) -> Arrays:
    """What telemetry shows of the last round: see `of_a_round`; values are those of that round.

    Beside them `trades` and `price`, the mean of what buyers paid; a deficit is a revenue below 0.
    """
    values, bought = to_credits(state.values), state.award.units > 0
    trades, paid = bought.sum(axis=1), to_credits(np.where(bought, state.award.pays, 0).sum(axis=1))
    gains, best = (state.award.units * values).sum(axis=1), best_gains(scenario, values)
    told = of_a_round(state.award, state.bids, values, gains, best, no_welfare=np.nan)
    return told | {"trades": trades.astype(np.float64), "price": ratio(paid, trades, np.nan)}


def bidding(scenario: DoubleAuctionScenario) -> Bidding:
    """What traders offer: one unit each, at up to the highest price, which a seller may ask."""
    return Bidding(highest_bid=float(scenario.highest_value))


def welfare(scenario: DoubleAuctionScenario, state: State, types: Float64s) -> Welfare:
    """Gains from trade: the buyers' true values less the sellers' true costs; revenue goes to the market maker."""
    values = types[..., 0]
    gains = np.asarray((values * state.award.units).sum(axis=1), dtype=np.float64)
    return welfare_of(state.award, gains, best_gains(scenario, values))


def highest_bid(scenario: DoubleAuctionScenario, values: Float64s) -> Float64s:
    """The highest offer worth a search at each value, in credits: nobody can have a higher value or cost."""
    return np.full_like(values, scenario.highest_value)


@compiled
def _clear_sides(
    rule: Rule, offers: Int64s, lottery: Lottery, params: object, buyers: int, order: Int64s, won: Int64s, paid: Int64s
) -> None:
    """Clears a round of offers, those of the buyers first."""
    rule(offers[:buyers], offers[buyers:], lottery, params, order, won, paid)


def clearing(scenario: DoubleAuctionScenario) -> BidClearing:
    """One round of offers, those of the buyers first."""
    constants = params(scenario)
    return BidClearing(scenario.row().rule, _clear_sides, units_won, constants.rule, constants.num_buyers)


def bid_curves(scenario: DoubleAuctionScenario, state: State, agent: int, bids: Float64s) -> BidCurves:
    """Expected units and payment of each own offer in credits against the others' offers of the last round.

    A seller's units and payment are negative, so that utility is value times units less payment for both sides. Every
    offer meets the same others and the same tie lottery, in the rule that the engine compiles.
    """
    constants = params(scenario)
    compiled_rules, given = (rule_of(scenario), _clear_sides, units), (constants.rule, constants.num_buyers)
    return averaged(sum_outcomes, compiled_rules, given, state, agent, bids, rows=4)

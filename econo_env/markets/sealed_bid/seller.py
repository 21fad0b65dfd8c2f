"""The seller's own bid, for market `k` of a batch: a secret reserve, or a shill bid after seeing the bids.

The functions take the scenario's `Frictions` or `SellerParams` first, or None: the compiler then drops their body.
"""

from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import RESERVE, Lottery, uniform
from econo_env.markets.sealed_bid.state import NO_BID, NO_CEILING, Frictions, Params, SellerTerms, State
from econo_env.mechanisms.shill import best_shill_bid, clear_with_seller
from econo_env.valuations.drawing import draw_from_table


@compiled
def let_seller_bid(
    frictions: Frictions | None, k: int, state: State, params: Params, lottery: Lottery, rule: Rule
) -> None:
    """Replaces the outcome of the bids by the one with the seller's bid among them, where it places one."""
    if frictions is None:
        return
    _let_bid(frictions.seller, frictions.ceiling, k, state, params, lottery, rule)


@compiled
def _let_bid(
    seller: SellerTerms | None, ceiling: int, k: int, state: State, params: Params, lottery: Lottery, rule: Rule
) -> None:
    if seller is None:
        return
    offers, granted, charged = state.offers[k], state.granted[k], state.charged[k]
    bidders = state.bids.shape[1]
    for i in range(bidders):
        offers[i] = state.bids[k, i]
    if seller.sees_bids:
        best_shill_bid(rule, offers, seller.weights, lottery, params.rule, granted, charged)
    else:
        offers[bidders] = _secret_reserve(seller, ceiling, lottery)
    state.seller_bid[k] = offers[bidders]
    if offers[bidders] == NO_BID:
        return
    clear_with_seller(rule, offers, seller.weights, lottery, params.rule, granted, charged)
    for i in range(bidders):
        state.award.units[k, i] = granted[i]
        state.award.pays[k, i] = charged[i]
    if ceiling != NO_CEILING:
        state.seller_bid[k] = ceiling - offers[bidders]


@compiled
def _secret_reserve(seller: SellerTerms, ceiling: int, lottery: Lottery) -> int:
    """This round's secret reserve as the rule ranks it, micro-credits."""
    reserve = draw_from_table(seller.reserves, 0, uniform(lottery.key, lottery.episode, lottery.tick, RESERVE, 0))
    if ceiling == NO_CEILING:
        return reserve
    return ceiling - reserve if reserve <= ceiling else NO_BID

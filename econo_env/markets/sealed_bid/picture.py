"""One round of a sealed-bid market as people see it."""

import numpy as np

from econo_env.markets.sealed_bid.layout import State, type_name
from econo_env.markets.sealed_bid.outcome import gains_from_trade, optimal_welfare
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.money import to_credits
from econo_env.telemetry.picture import Column, Picture, credits_written


def picture(scenario: SealedBidScenario, before: State, after: State, k: int) -> Picture:
    """Values, bids and payments of market `k` in the round between the two states."""
    played = bool(np.any(after.bids[k] >= 0))
    known, reverse = type_name(scenario), scenario.procurement is not None
    values = to_credits(before.values[k])
    bids = np.where(after.bids[k] >= 0, to_credits(after.bids[k]), np.nan)
    paid = to_credits(after.payments[k])
    won = after.allocation[k] > 0
    realised = to_credits(after.worth[k]) if known == "signal" or scenario.default is not None else values
    realised = -realised if reverse else realised
    surplus = after.allocation[k] * realised - paid + 0.0  # no minus zero
    columns = [Column(known, values), Column("bid", bids)]
    levels: dict[str, float] = {}
    facts: list[str] = []
    if played:
        columns += [Column("received", 0.0 - paid) if reverse else Column("paid", paid), Column("surplus", surplus)]
        revenue, gain = credits_written(np.array([paid.sum(), surplus.sum()]))
        if reverse:
            revenue = credits_written(-paid.sum(keepdims=True))[0]
        facts = [f"the buyer pays {revenue}" if reverse else f"revenue {revenue}", f"bidders' surplus {gain}"]
        if known == "signal" or scenario.default is not None:
            sign, what = (-1.0, "cost") if reverse else (1.0, "worth")
            facts += [f"{what} {amount} to the winner" for amount in credits_written(sign * realised[won])]
            left = np.flatnonzero(after.defaulted[k])
            named = zip(left, credits_written(sign * realised[left]), strict=True)
            facts += [f"bidder {i} walks away: {what} {amount}" for i, amount in named]
        units = int(after.allocation[k].sum())
        round_of_k = State._make(column[k : k + 1] for column in after)
        worth = gains_from_trade(scenario, round_of_k, values[None])
        best = float(optimal_welfare(scenario, round_of_k, values[None])[0])
        if best > 0.0:
            facts.append(f"efficiency {float((after.allocation[k] * worth[0]).sum()) / best:.0%}")
        if units:
            prices = np.abs(paid[won])
            levels["price" if prices.min() == prices.max() else "highest price"] = float(prices.max())
        else:
            facts.append("no sale")
    reserve = float(getattr(scenario.mechanism, "reserve", 0.0))
    if reserve > 0.0:
        levels["reserve"] = reserve
    if played and scenario.seller.bids and after.seller_bid[k] >= 0:
        levels["seller's bid"] = float(to_credits(after.seller_bid[k]))
    if reverse:
        levels["ceiling"] = scenario.ceiling
    captions = (columns[2].name, "surplus") if played else ()
    return Picture(columns, won, (known, "bid"), captions, levels, facts)

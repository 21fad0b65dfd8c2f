"""One round of a sealed-bid market as people see it."""

import numpy as np

from econo_env.clearing.document import Floats
from econo_env.clearing.picture import Column, Picture, credits_written, told
from econo_env.clearing.sealed_bid.explain import explained
from econo_env.engine.state import each_array
from econo_env.market import agents_of
from econo_env.markets.sealed_bid.analysis import optimal_welfare, realised_welfare
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.markets.sealed_bid.state import State, type_name
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.rounds import SealedRound
from econo_env.money import to_credits


def picture(scenario: SealedBidScenario, before: State, after: State, k: int) -> Picture:
    """Values, bids and payments of market `k` in the round between the two states."""
    known, reverse = type_name(scenario), scenario.procurement is not None
    values = to_credits(before.values[k])
    bids = np.where(after.bids[k] >= 0, to_credits(after.bids[k]), np.nan)
    won = np.abs(after.award.units)[k] != 0
    columns = [Column(known, values), Column("bid", bids)]
    captions: tuple[str, ...] = ()
    facts: list[str] = []
    story: list[str] = []
    if np.any(after.bids[k] >= 0):
        paid = to_credits(after.award.pays[k])
        realised = _realised(scenario, before, after, k)
        surplus = np.abs(after.award.units)[k] * realised - paid + 0.0  # no minus zero
        captions = ("received" if reverse else "paid", "surplus")
        columns += [Column(captions[0], 0.0 - paid if reverse else paid), Column(captions[1], surplus)]
        facts = _facts(scenario, after, k, values, realised, surplus)
        cleared = _cleared(scenario, after, k, bids, paid)
        row = scenario.row()
        story = explained(row, cleared, told(won))
        if row.chances is not None:
            columns.append(Column("chance", row.chances(cleared, scenario.mechanism), "share"))
            captions = ("chance", *captions)
    return Picture(
        columns,
        won,
        (known, "bid"),
        captions,
        _levels(scenario, after, k),
        facts,
        story=story,
        track={"price": float(_prices(scenario, after, k).max())} if won.any() else {},
        rule=f"Procurement by {scenario.mechanism.name}: the lowest bid wins and is paid, as in a sale of what it "
        "leaves of the ceiling."
        if reverse
        else "",
    )


def _learned_after(scenario: SealedBidScenario) -> bool:
    """Whether what winning is worth differs from what was known when bidding."""
    return type_name(scenario) == "signal" or scenario.default is not None


def _realised(scenario: SealedBidScenario, before: State, after: State, k: int) -> Floats:
    """What winning is worth to each bidder, credits (agents,); in procurement minus the cost."""
    worth = to_credits((after.worth if _learned_after(scenario) else before.values)[k])
    return -worth if scenario.procurement is not None else worth


def _facts(
    scenario: SealedBidScenario, after: State, k: int, values: Floats, realised: Floats, surplus: Floats
) -> list[str]:
    """Revenue, surplus, what the winner learned, efficiency."""
    reverse, won = scenario.procurement is not None, np.abs(after.award.units)[k] != 0
    revenue, gain = credits_written(np.array([to_credits(after.award.pays[k]).sum(), surplus.sum()]))
    if reverse:
        revenue = credits_written(-to_credits(after.award.pays[k]).sum(keepdims=True))[0]
    facts = [f"the buyer pays {revenue}" if reverse else f"revenue {revenue}", f"bidders' surplus {gain}"]
    if _learned_after(scenario):
        sign, what = (-1.0, "cost") if reverse else (1.0, "worth")
        facts += [f"{what} {amount} to the winner" for amount in credits_written(sign * realised[won])]
        left = np.flatnonzero(after.defaulted[k])
        named = zip(left, credits_written(sign * realised[left]), strict=True)
        facts += [f"{agents_of(scenario)[i]} walks away: {what} {amount}" for i, amount in named]
    round_of_k = each_array(after, lambda column: column[k : k + 1])
    best = float(optimal_welfare(scenario, round_of_k, values[None])[0])
    if best > 0.0:
        facts.append(f"efficiency {float(realised_welfare(scenario, round_of_k, values[None])[0]) / best:.0%}")
    return facts if won.any() else [*facts, "no sale"]


def _cleared(scenario: SealedBidScenario, after: State, k: int, bids: Floats, paid: Floats) -> SealedRound:
    """The round as the rule saw it, entry fees aside."""
    fees = np.where(after.bids[k] >= 0, scenario.participation.entry_fee, 0.0)
    weights = np.array(scenario.weights or (1.0,) * scenario.num_agents)
    sellers = after.seller_bid[k] if scenario.seller.bids else -1
    return SealedRound(
        scenario.mechanism,
        scenario.ceiling if scenario.procurement is not None else None,
        bids,
        weights,
        np.abs(after.award.units)[k],
        paid - fees,
        None if sellers < 0 else float(to_credits(sellers)),
        after.defaulted[k] != 0 if scenario.default is not None else None,
        names=agents_of(scenario),
    )


def _prices(scenario: SealedBidScenario, after: State, k: int) -> Floats:
    """What each winner pays, or in procurement is paid, credits (winners,)."""
    paid = to_credits(after.award.pays[k])[np.abs(after.award.units)[k] != 0]
    return np.asarray(0.0 - paid if scenario.procurement is not None else paid)


def _levels(scenario: SealedBidScenario, after: State, k: int) -> dict[str, float]:
    """Prices drawn across the bars."""
    levels: dict[str, float] = {}
    won = np.abs(after.award.units)[k] != 0
    if won.any():
        prices = _prices(scenario, after, k)
        levels["price" if prices.min() == prices.max() else "highest price"] = float(prices.max())
    if reserve_of(scenario.mechanism) > 0.0:
        levels["reserve"] = reserve_of(scenario.mechanism)
    if scenario.seller.bids and np.any(after.bids[k] >= 0) and after.seller_bid[k] >= 0:
        levels["seller's bid"] = float(to_credits(after.seller_bid[k]))
    if scenario.procurement is not None:
        levels["ceiling"] = scenario.ceiling
    return levels

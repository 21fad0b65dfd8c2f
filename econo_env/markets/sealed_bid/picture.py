"""One round of a sealed-bid market as people see it."""

import numpy as np

from econo_env.markets.sealed_bid.layout import State, type_name
from econo_env.markets.sealed_bid.outcome import gains_from_trade
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.markets.sealed_bid.words import SealedRound, chances, explained
from econo_env.money import to_credits
from econo_env.telemetry.picture import Column, Picture, credits_written, told


def picture(scenario: SealedBidScenario, before: State, after: State, k: int) -> Picture:
    """Values, bids and payments of market `k` in the round between the two states."""
    played = bool(np.any(after.bids[k] >= 0))
    known, reverse = type_name(scenario), scenario.procurement is not None
    values = to_credits(before.values[k])
    bids = np.where(after.bids[k] >= 0, to_credits(after.bids[k]), np.nan)
    paid = to_credits(after.payments[k])
    won = after.allocation[k] > 0
    realised = -values if reverse else to_credits(after.worth[k]) if known == "signal" else values
    surplus = after.allocation[k] * realised - paid + 0.0  # no minus zero
    columns = [Column(known, values), Column("bid", bids)]
    levels: dict[str, float] = {}
    facts: list[str] = []
    story: list[str] = []
    captions: list[str] = []
    if played:
        columns += [Column("received", 0.0 - paid) if reverse else Column("paid", paid), Column("surplus", surplus)]
        revenue, gain = credits_written(np.array([paid.sum(), surplus.sum()]))
        if reverse:
            revenue = credits_written(-paid.sum(keepdims=True))[0]
        facts = [f"the buyer pays {revenue}" if reverse else f"revenue {revenue}", f"bidders' surplus {gain}"]
        if known == "signal":
            facts += [f"worth {amount} to the winner" for amount in credits_written(realised[won])]
        units = int(after.allocation[k].sum())
        round_of_k = State._make(column[k : k + 1] for column in after)
        worth = gains_from_trade(scenario, round_of_k, values[None])
        best = float(np.sort(worth[0])[::-1][:units].sum())
        if best > 0.0:
            facts.append(f"efficiency {float((after.allocation[k] * worth[0]).sum()) / best:.0%}")
        fees = np.where(after.bids[k] >= 0, scenario.participation.entry_fee, 0.0)
        weights = np.array(scenario.weights or (1.0,) * scenario.num_agents)
        ceiling = scenario.ceiling if reverse else None
        cleared = SealedRound(scenario.mechanism, bids, weights, after.allocation[k], paid - fees, ceiling)
        story, captions = explained(cleared, told(won)), [columns[2].name, "surplus"]
        if hasattr(scenario.mechanism, "power"):
            columns.append(Column("chance", chances(cleared), "share"))
            captions.insert(0, "chance")
        if units:
            prices = np.abs(paid[won])
            levels["price" if prices.min() == prices.max() else "highest price"] = float(prices.max())
        else:
            facts.append("no sale")
    reserve = float(getattr(scenario.mechanism, "reserve", 0.0))
    if reserve > 0.0:
        levels["reserve"] = reserve
    if reverse:
        levels["ceiling"] = scenario.ceiling
    track = {"price": float(np.abs(paid[won]).max())} if won.any() else {}
    name = scenario.mechanism.name
    rule = (
        f"Procurement by {name}: the lowest bid wins and is paid, as in a sale of what it leaves of the ceiling."
        if reverse
        else ""
    )
    return Picture(columns, won, (known, "bid"), captions, levels, facts, story=story, track=track, rule=rule)

"""One round of a multi-unit market as people see it."""

import numpy as np

from econo_env.clearing.document import Floats
from econo_env.clearing.multi_unit.explain import explained
from econo_env.clearing.picture import Chart, Column, Curve, Picture, credits_written, told
from econo_env.market import agents_of
from econo_env.markets.multi_unit.kernels import State
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.markets.multi_unit.strategies import best_worth, gains_from_trade, worth
from econo_env.markets.sealed_bid.state import type_name
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.rounds import UnitRound
from econo_env.money import to_credits

_DRAWN_UNITS = 2
"""Units whose bids are drawn as bars: two values and two bids an agent are as many as stay readable."""


def picture(scenario: MultiUnitScenario, before: State, after: State, k: int) -> Picture:
    """Marginal values, bids, units and payments of market `k` in the round between the two states."""
    row, played = scenario.row(), bool(np.any(after.bids[k] >= 0))
    values = to_credits(before.values[k])
    bids = np.where(after.bids[k] >= 0, to_credits(after.bids[k]), np.nan)
    won, paid = np.abs(after.award.units[k]), to_credits(after.award.pays[k])
    reverse, known = scenario.procurement is not None, type_name(scenario)
    ceiling = scenario.ceiling if reverse else None
    cleared = UnitRound(scenario.mechanism, ceiling, bids, won, paid, names=agents_of(scenario))
    surplus = worth(-values if reverse else values, won) - paid + 0.0  # no minus zero
    drawn = min(_DRAWN_UNITS, scenario.demand)
    columns = [Column(f"{known} {unit + 1}", values[:, unit]) for unit in range(scenario.demand)]
    columns += [Column(f"bid {unit + 1}", bids[:, unit]) for unit in range(scenario.demand)]
    bars = [f"{known} {unit}" for unit in range(drawn, 0, -1)] + [f"bid {unit}" for unit in range(drawn, 0, -1)]
    levels: dict[str, float] = {}
    received, counted = ("received", 0.0 - paid) if reverse else ("paid", paid)
    facts = [f"{scenario.units} units"]
    if played:
        columns += [Column("units", won.astype(str), "text"), Column(received, counted)]
        columns.append(Column("surplus", surplus))
        revenue, gain = credits_written(np.array([counted.sum(), surplus.sum()]))
        facts += [f"the buyer pays {revenue}" if reverse else f"revenue {revenue}", f"bidders' surplus {gain}"]
        gains = gains_from_trade(scenario, values)
        best = float(best_worth(gains[None], scenario.units)[0])
        if best > 0.0:
            facts.append(f"efficiency {float(worth(gains, won).sum()) / best:.0%}")
        losing = cleared.losing
        if np.isfinite(losing).any():
            levels["best losing bid"] = float(np.nanmin(losing) if reverse else np.nanmax(losing))
        if not won.any():
            facts.append("no sale")
    if reserve_of(scenario.mechanism) > 0.0:
        levels["reserve"] = reserve_of(scenario.mechanism)
    if reverse:
        levels["ceiling"] = scenario.ceiling
    captions = ("units", received, "surplus") if played else ()
    if not played:
        return Picture(columns, won > 0, bars, captions, levels, facts, chart=_curves(scenario, values))
    return Picture(
        columns,
        won > 0,
        bars,
        captions,
        levels,
        facts,
        story=explained(row, cleared, told(won > 0)),
        chart=_curves(scenario, bids),
        marked={f"bid {unit + 1}": won > unit for unit in range(drawn)},
        track={"price a unit": float(counted[won > 0].sum() / won.sum())} if won.any() else {},
        rule=f"Procurement by {row.name}: the lowest bids win and are paid, as in a sale of what they leave of the "
        "ceiling."
        if reverse
        else "",
    )


def _curves(scenario: MultiUnitScenario, amounts: Floats) -> Chart:
    """Marginal bids (or what is known before them), the best first, against the units for sale or wanted."""
    reverse, units = scenario.procurement is not None, float(scenario.units)
    reserve = reserve_of(scenario.mechanism)
    kept = np.sort(amounts[~np.isnan(amounts)])
    sorted_bids = kept if reverse else kept[::-1]
    bids = Curve("supply" if reverse else "demand", np.arange(1.0, len(kept) + 1.0).tolist(), sorted_bids.tolist())
    if reverse:
        limit = scenario.ceiling - reserve
        wanted = Curve("demand", [0.0, units, units], [limit, limit, 0.0], steps=False)
        return Chart("bids, the lowest first", "units", [bids, wanted])
    supply = Curve("supply", [0.0, units, units], [reserve, reserve, float(kept.max(initial=reserve))], steps=False)
    return Chart("bids, the highest first", "units", [bids, supply])

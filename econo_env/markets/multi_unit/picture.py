"""One round of a multi-unit market as people see it."""

import numpy as np

from econo_env.markets.form import Floats
from econo_env.markets.multi_unit.layout import State
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.markets.multi_unit.strategies import best_worth, worth
from econo_env.markets.multi_unit.words import explained, losing_bids
from econo_env.money import to_credits
from econo_env.telemetry.picture import Chart, Column, Curve, Picture, credits_written, told

_DRAWN_UNITS = 2
"""Units whose bids are drawn as bars: two values and two bids an agent are as many as stay readable."""


def picture(scenario: MultiUnitScenario, before: State, after: State, k: int) -> Picture:
    """Marginal values, bids, units and payments of market `k` in the round between the two states."""
    played = bool(np.any(after.bids[k] >= 0))
    values = to_credits(before.values[k])
    bids = np.where(after.bids[k] >= 0, to_credits(after.bids[k]), np.nan)
    won, paid = after.allocation[k], to_credits(after.payments[k])
    surplus = worth(values, won) - paid
    drawn = min(_DRAWN_UNITS, scenario.demand)
    columns = [Column(f"value {unit + 1}", values[:, unit]) for unit in range(scenario.demand)]
    columns += [Column(f"bid {unit + 1}", bids[:, unit]) for unit in range(scenario.demand)]
    bars = [f"value {unit}" for unit in range(drawn, 0, -1)] + [f"bid {unit}" for unit in range(drawn, 0, -1)]
    levels: dict[str, float] = {}
    facts = [f"{scenario.units} units"]
    if played:
        columns += [Column("units", won.astype(str), "text"), Column("paid", paid), Column("surplus", surplus)]
        revenue, gain = credits_written(np.array([paid.sum(), surplus.sum()]))
        facts += [f"revenue {revenue}", f"bidders' surplus {gain}"]
        best = float(best_worth(values[None], scenario.units)[0])
        if best > 0.0:
            facts.append(f"efficiency {float(worth(values, won).sum()) / best:.0%}")
        losing = losing_bids(bids, won)
        if np.isfinite(losing).any():
            levels["best losing bid"] = float(np.nanmax(losing))
        if not won.any():
            facts.append("no sale")
    section = scenario.mechanism
    reserve = float(getattr(section, "reserve", 0.0))
    if reserve > 0.0:
        levels["reserve"] = reserve
    captions = ("units", "paid", "surplus") if played else ()
    if not played:
        return Picture(columns, won > 0, bars, captions, levels, facts, chart=_demand(scenario, values, reserve))
    return Picture(
        columns,
        won > 0,
        bars,
        captions,
        levels,
        facts,
        story=explained(section, bids, won, paid, told(won > 0)),
        chart=_demand(scenario, bids, reserve),
        marked={f"bid {unit + 1}": won > unit for unit in range(drawn)},
        track={"revenue a unit": float(paid.sum() / won.sum())} if won.any() else {},
    )


def _demand(scenario: MultiUnitScenario, amounts: Floats, reserve: float) -> Chart:
    """Marginal bids (or values, before the bids), the highest first, against the units for sale."""
    falling = np.sort(amounts[~np.isnan(amounts)])[::-1]
    units, top = float(scenario.units), float(falling.max(initial=reserve))
    demand = Curve("demand", np.arange(1.0, len(falling) + 1.0).tolist(), falling.tolist())
    supply = Curve("supply", [0.0, units, units], [reserve, reserve, top], steps=False)
    return Chart("bids, the highest first", "units", [demand, supply])

"""What it costs to force halts of clocks and of sequential sales: python -m tests.economy.breakers.measure_sales

Bids are those of the equilibrium without an economy, the clocks' steps aside, so whatever halts is forced. One agent
attacks, or in the English clock two together, for one alone raises no price there. As in `measure`, an attack is
chosen on one seed and measured on another, and intervals are 95 %, over markets.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import econo_env
from econo_env.engine.engine import Engine
from tests.economy.breakers.measure import Bids, interval, play

Floats = NDArray[np.float64]
FILES = Path(__file__).parents[3] / "configs" / "scenarios"


def english(engine: Engine, tick: int) -> Floats:
    """The own value."""
    return np.asarray(engine.state.values / 1e6)


def dutch(engine: Engine, tick: int) -> Floats:
    """For values from U[0.5, 1]: v - (v - 0.5) / n."""
    values: Floats = engine.state.values / 1e6
    return values - (values - 0.5) / engine.num_agents


def sequential(engine: Engine, tick: int) -> Floats:
    """Second price, K units, N bidders, values from U[0, 1]: (N - K) / (N - k) of the value in round k (Krishna)."""
    agents, units = engine.num_agents, engine.scenario.max_cycles
    values: Floats = engine.state.values / 1e6
    return values * (agents - units) / (agents - min(tick + 1, units))


@dataclass(frozen=True)
class Attack:
    """The first agents bid `bid` credits in `ticks` ticks from `first` on, as far as twice the own value goes."""

    agents: int
    bid: float
    first: int
    ticks: int

    def among(self, others: Bids) -> Bids:
        """Its bids, where everybody else bids as the others do."""

        def made(engine: Engine, tick: int) -> Floats:
            bids = others(engine, tick)
            if self.first <= tick < self.first + self.ticks:
                most = 2 * engine.state.values[:, : self.agents] / 1e6
                bids[:, : self.agents] = np.minimum(self.bid, most)
            return bids

        return made


@dataclass(frozen=True)
class Sale:
    """A scenario, what is bid in it, how many attack together, and from which tick on."""

    name: str
    bids: Callable[[Engine, int], Floats]
    attackers: int
    starts: tuple[int, ...]

    def attacks(self) -> list[Attack]:
        """Low and high bids, for a short time, for longer, and to the end."""
        bids = (0.0, 0.3, 0.6, 0.9, 1.0, 1.2, 1.6, 2.0)
        return [Attack(self.attackers, bid, at, ticks) for bid in bids for at in self.starts for ticks in (2, 6, 60)]


SALES = (Sale("english", english, 2, (0,)), Sale("dutch", dutch, 1, (0,)), Sale("sequential", sequential, 1, (0, 4)))


def forced(sale: Sale, charge: float, markets: int) -> list[tuple[str, Attack, Floats, Floats, Floats, Floats]]:
    """The attack that gains most, and the cheapest of those that force halts.

    Returns:
        Of each its name, the attack, and over markets: what the attackers gain together, halts forced, what the others
        gain together, and the change of welfare.
    """
    scenario = econo_env.load(FILES / f"breakers_{sale.name}.yaml", **{"economy.breakers.charge": charge})
    calm, rows = play(scenario, sale.bids, 1, markets // 2), []
    for attack in sale.attacks():
        found = play(scenario, attack.among(sale.bids), 1, markets // 2)
        gain = (found.earned - calm.earned)[:, : sale.attackers].sum(axis=1).mean()
        rows.append((float(gain), float((found.halts - calm.halts).mean()), attack))
    halting = [row for row in rows if row[1] >= 0.3]
    chosen = [("the best of all", max(rows, key=lambda row: row[0])[2])]
    if halting:
        chosen.append(("the cheapest that forces halts", max(halting, key=lambda row: row[0] / row[1])[2]))
    calm, told = play(scenario, sale.bids, 2, markets), []
    for name, attack in chosen:
        found = play(scenario, attack.among(sale.bids), 2, markets)
        gained = found.earned - calm.earned
        own, others = gained[:, : sale.attackers].sum(axis=1), gained[:, sale.attackers :].sum(axis=1)
        told.append((name, attack, own, found.halts - calm.halts, others, found.welfare - calm.welfare))
    return told


def main() -> None:
    """Prints every measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markets", type=int, default=2000)
    markets = parser.parse_args().markets
    for sale in SALES:
        for charge in (0.0, 0.02):
            calm = play(econo_env.load(FILES / f"breakers_{sale.name}.yaml"), sale.bids, 3, markets)
            print(f"{sale.name}, charge {charge:g}: in {markets} calm episodes {calm.halts.sum():.0f} halts, ", end="")
            print(f"{calm.rejected.sum():.0f} sales voided; welfare {calm.welfare.mean():.3f}")
            for name, attack, own, halts, others, welfare in forced(sale, charge, markets):
                number = halts.mean()
                a_halt = f", {-own.mean() / number:.3f} a halt" if number > 0.01 else ""
                print(f"  {name}, {attack}: gain {interval(own)}, halts {number:.2f}{a_halt}")
                print(f"    others together {interval(others)}; welfare {interval(welfare)}")


if __name__ == "__main__":
    main()

"""What breakers cost and prevent, measured: python -m tests.economy.breakers.measure [--markets 2000]

Bids are those of the symmetric equilibrium of `configs/scenarios/first_price_breakers.yaml` without its economy: its
breakers are quiet under them, so whatever halts is forced. Intervals are 95 %, over markets; an attack is chosen on one
seed and measured on another.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import econo_env
from econo_env.economy.breakers.halts import ENDED, HALTED, OPEN
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.scenario import Scenario

Floats = NDArray[np.float64]
ROOT = Path(__file__).parents[3]
FIRST_PRICE = ROOT / "configs" / "scenarios" / "first_price_breakers.yaml"
ORDER_BOOK = ROOT / "configs" / "scenarios" / "order_book_breakers.yaml"
Bids = Callable[[Engine, int], Floats]
"""The bids of everybody in a tick, credits (markets, agents): (engine, tick)."""


def equilibrium(engine: Engine, tick: int) -> Floats:
    """For values from U[0.8, 1]: v - (v - 0.8) / n."""
    values: Floats = engine.state.values / 1e6
    return values - (values - 0.8) / engine.num_agents


@dataclass
class Played:
    """Sums over an episode.

    Attributes:
        earned: Credits, (markets, agents).
        halted: Ticks in which nobody could act, (markets,).
        halts: Halts that began, (markets,).
        rejected: Ticks whose trade was rejected, (markets,).
        welfare: Worth of what was sold, credits, (markets,).
        prices: Reference price of each tick, micro-credits, (ticks, markets).
        limits: Lowest and highest price of each tick, (ticks, 2, markets).
        reasons: Halts that began, by reason.
        noticed: The first tick in which a trade was rejected or a halt began, (markets,).
    """

    earned: Floats
    halted: Floats
    halts: Floats
    rejected: Floats
    welfare: Floats
    prices: NDArray[np.int64]
    limits: NDArray[np.int64]
    reasons: NDArray[np.int64]
    noticed: Floats


def play(scenario: Scenario, bids: Bids, seed: int, markets: int) -> Played:
    """One episode in each market."""
    engine, ticks = Engine(scenario, markets), scenario.max_cycles
    engine.reset(seed)
    guarded = "breakers" in (scenario.economy or {})
    zero = np.zeros(markets)
    told = Played(
        np.zeros((markets, scenario.num_agents)),
        zero.copy(),
        zero.copy(),
        zero.copy(),
        zero.copy(),
        np.zeros((ticks, markets), np.int64),
        np.zeros((ticks, 2, markets), np.int64),
        np.zeros(6, np.int64),
        np.full(markets, np.inf),
    )
    values: Any = engine.state.values
    for tick in range(ticks):
        made = bids(engine, tick)
        actions = (made / (values / 1e6) - 1.0) if values.ndim == 2 else made
        before = engine.world.breakers.mode.copy() if guarded else np.zeros(markets, np.int64)
        if guarded:
            told.limits[tick] = engine.world.breakers.low, engine.world.breakers.high
        engine.step(np.clip(actions, -1.0, 1.0)[..., None].astype(np.float32))
        told.earned += engine.buffers.rewards
        told.welfare += engine.state.award.worth.sum(axis=1) / 1e6
        told.prices[tick] = engine.state.award.price
        if guarded:
            breakers = engine.world.breakers
            began = np.isin(breakers.mode, (HALTED, ENDED)) & (before == OPEN)
            told.halts += began
            told.halted += np.isin(before, (HALTED, ENDED))
            told.rejected += ~breakers.in_band
            told.reasons += np.bincount(breakers.reason[began], minlength=6)
            told.noticed = np.where((~breakers.in_band | began) & np.isinf(told.noticed), tick, told.noticed)
    return told


def interval(sample: Floats) -> str:
    """Mean and 95 % interval."""
    half = 1.96 * sample.std(ddof=1) / np.sqrt(len(sample))
    return f"{sample.mean():+.4f} ± {half:.4f}"


@dataclass(frozen=True)
class Attack:
    """Agent 0 bids `bid` when its value is below `below`, credits, in `ticks` ticks from `first` on; else as others."""

    bid: float
    below: float
    first: int
    ticks: int

    def __call__(self, engine: Engine, tick: int) -> Floats:
        made = equilibrium(engine, tick)
        attacks = (engine.state.values[:, 0] / 1e6 < self.below) & (self.first <= tick < self.first + self.ticks)
        made[:, 0] = np.where(attacks, np.minimum(self.bid, 2 * engine.state.values[:, 0] / 1e6), made[:, 0])
        return made


ATTACKS = [
    Attack(bid, below, first, ticks)
    for bid in (0.0, 0.7, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.6)
    for below in (0.85, 0.92, 1.01)
    for first in (0, 10)
    for ticks in (3, 6, 54)
]


def forced_halts(markets: int, charge: float) -> None:
    """The best attack of all, and the best of those that force halts: gain, halts forced, what others lose."""
    scenario = econo_env.load(FIRST_PRICE).replace(**{"economy.breakers.charge": charge})
    rows = []
    calm = play(scenario, equilibrium, 1, markets // 4)
    for attack in ATTACKS:
        found = play(scenario, attack, 1, markets // 4)
        rows.append(
            (float((found.earned - calm.earned)[:, 0].mean()), float((found.halts - calm.halts).mean()), attack)
        )
    best = max(rows, key=lambda row: row[0])[2]
    forcing = [row for row in rows if row[1] >= 0.5]
    cheapest = max(forcing, key=lambda row: row[0] / row[1])[2]
    print(f"charge {charge:g}: {len(ATTACKS)} attacks, {len(forcing)} of them force halts")
    calm = play(scenario, equilibrium, 2, markets)
    for name, attack in (("best of all", best), ("cheapest that forces halts", cheapest)):
        found = play(scenario, attack, 2, markets)
        gained, forced = (found.earned - calm.earned)[:, 0], (found.halts - calm.halts).mean()
        others = (found.earned - calm.earned)[:, 1:].sum(axis=1)
        a_halt = f", {-gained.mean() / forced:.3f} a halt" if forced > 0.01 else ""
        print(f"  {name}: {attack}\n    gain an episode {interval(gained)}, halts forced {forced:.2f}{a_halt}")
        print(f"    others together {interval(others)}; welfare {interval(found.welfare - calm.welfare)}")


def rising(aware: bool) -> Bids:
    """Bids that rise by 2 % a tick from tick 20 to 40; who is aware of the band bids its end rather than beyond."""

    def made(engine: Engine, tick: int) -> Floats:
        wanted = equilibrium(engine, tick) * 1.02 ** np.clip(tick - 20, 0, 20)
        if aware:
            wanted = np.minimum(wanted, engine.world.breakers.high[:, None] / 1e6)
        return wanted

    return made


def magnet(markets: int) -> None:
    """Trades in the 5 % of the band nearest its ends, what follows them, and what the tick after such a price does."""
    document = {"move": 0.05, "window": 8, "limit": 3, "halt": 5, "collar": 0.1}
    ledger = {"endowment": 99.0}
    guarded = econo_env.load(FIRST_PRICE).replace(economy={"ledger": ledger, "breakers": document})
    free = econo_env.load(FIRST_PRICE).replace(economy={"ledger": ledger})
    cases = (
        ("aware of it", guarded, rising(True)),
        ("not aware", guarded, rising(False)),
        ("control", free, rising(False)),
    )
    for name, scenario, bids in cases:
        told = play(scenario, bids, 3, markets)
        prices, moves, near, traded, after = told.prices.astype(np.float64), [], 0, 0, 0
        for tick in range(20, 42):
            window = prices[tick - 8 : tick]
            reference = window.sum(axis=0) / np.maximum((window > 0).sum(axis=0), 1)
            distance = np.abs(prices[tick] / np.maximum(reference, 1.0) - 1.0)
            at = (prices[tick] > 0) & (distance >= 0.95 * 0.05) & (distance <= 1.0001 * 0.05)
            goes_on = at & (prices[tick + 1] > 0)
            near, traded, after = (
                near + int(at.sum()),
                traded + int((prices[tick] > 0).sum()),
                after + int(goes_on.sum()),
            )
            moves.append(np.abs(prices[tick + 1] / np.maximum(prices[tick], 1) - 1.0)[goes_on])
        print(
            f"  {name}: {traded / (22 * markets):.3f} trades a tick, {near / traded:.2%} of them there; the tick after "
            f"those trades {after / max(near, 1):.3f}, its price {np.concatenate(moves).mean():.4f} away; "
            f"{told.halts.mean():.2f} halts"
        )


def calm_ticks(markets: int) -> None:
    """Halts under equilibrium play; 95 % upper bound where there is none (rule of three)."""
    scenario, ticks, halts, rejected, reasons = econo_env.load(FIRST_PRICE), 0, 0.0, 0.0, np.zeros(6, np.int64)
    for seed in range(10, 30):
        told = play(scenario, equilibrium, seed, 4 * markets)
        ticks += 4 * markets * scenario.max_cycles
        halts, rejected = halts + told.halts.sum(), rejected + told.rejected.sum()
        reasons += told.reasons
    bound = 3.0 / ticks if halts == 0 else (halts + 1.96 * np.sqrt(halts + 1) + 2) / ticks
    print(f"  {ticks:,} calm ticks: {halts:.0f} halts (by reason {reasons.tolist()}), at most {bound:.1e} a tick")
    print(f"  {rejected:.0f} trades rejected")


def shocks(markets: int) -> None:
    """Every bid falls at tick 20 by a share of itself, for good: when it is noticed, and what the halts cost."""
    for reopening in ("clip", "widen", "follow"):
        for fall in (0.2, 0.3, 0.4):
            scenario = econo_env.load(FIRST_PRICE).replace(
                **{"economy.breakers.reopening": reopening, "economy.breakers.levels": None}
            )

            def falling(engine: Engine, tick: int, fall: float = fall) -> Floats:
                return equilibrium(engine, tick) * (1.0 if tick < 20 else 1.0 - fall)

            told = play(scenario, falling, 4, markets)
            free = play(scenario.replace(economy={"ledger": {"endowment": 20.0}}), falling, 4, markets)
            at_once = float((told.noticed == 20).mean())
            within = float((told.noticed <= 21).mean())
            print(
                f"  {reopening:6} -{fall:.0%}: noticed in its tick {at_once:.3f}, in that or the next {within:.3f}; "
                f"{told.halts.mean():.2f} halts of {told.halted.mean():.1f} ticks in all; "
                f"welfare {told.welfare.mean() / free.welfare.mean() - 1:+.1%}"
            )


def mistakes(markets: int) -> None:
    """Agent 0 bids twice its value in 5 % of ticks: what it loses and what is sold, with and without breakers."""
    guarded = econo_env.load(FIRST_PRICE)
    free = guarded.replace(economy={"ledger": {"endowment": 20.0}})

    def slips(engine: Engine, tick: int) -> Floats:
        made = equilibrium(engine, tick)
        slip = np.random.default_rng((7, tick)).random(engine.num_markets) < 0.05
        made[:, 0] = np.where(slip, 2 * engine.state.values[:, 0] / 1e6, made[:, 0])
        return made

    for name, scenario in (("with breakers", guarded), ("without", free)):
        told = play(scenario, slips, 5, markets)
        print(
            f"  {name}: agent 0 earns {interval(told.earned[:, 0])}, the others {interval(told.earned[:, 1:].sum(1))}; "
            f"welfare {interval(told.welfare)}; {told.halts.mean():.2f} halts"
        )


def limits(engine: Engine, tick: int) -> Floats:
    """Random limits within the own value, as actions."""
    draws = np.random.default_rng((8, tick)).uniform(0.0, 0.4, (engine.num_markets, engine.num_agents))
    buyers = np.arange(engine.num_agents) < engine.num_agents // 2
    return np.where(buyers, -draws, draws)


def with_first(action: float, ticks: int) -> Bids:
    """The same, but for agent 0 in the first ticks."""

    def made(engine: Engine, tick: int) -> Floats:
        actions = limits(engine, tick)
        if tick < ticks:
            actions[:, 0] = action
        return actions

    return made


def order_book(markets: int) -> None:
    """A buyer that bids as much as it can, or never buys, in a book of random limits within values."""
    scenario = econo_env.load(ORDER_BOOK)
    calm = play(scenario, limits, 6, markets)
    without = {name: section for name, section in (scenario.economy or {}).items() if name != "breakers"}
    free = play(scenario.replace(economy=without), limits, 6, markets)
    print(
        f"  random limits: {calm.halts.mean():.2f} halts of {calm.halted.mean():.1f} ticks in all; "
        f"welfare {calm.welfare.mean() / free.welfare.mean() - 1:+.1%}"
    )
    for action, ticks in ((1.0, 64), (1.0, 16), (0.5, 64), (-1.0, 64)):
        told = play(scenario, with_first(action, ticks), 6, markets)
        gained, forced = (told.earned - calm.earned)[:, 0], told.halts - calm.halts
        print(f"  action {action:+.1f} for {ticks} ticks: gain {interval(gained)}, halts forced {interval(forced)}")


def requests_won(scenario: Scenario, fall: float, markets: int) -> tuple[Floats, Floats]:
    """Surplus of an episode in each market, credits, and its voided ticks; all bids fall at a third of it."""
    engine, truthful = Engine(scenario, markets), market_of(scenario).baselines.scaled
    assert truthful is not None
    engine.reset(3)
    surplus, voided = np.zeros(markets), np.zeros(markets)
    for tick in range(scenario.max_cycles):
        factor = 1.0 - (fall if tick >= scenario.max_cycles // 3 else 0.0)
        engine.step(truthful(scenario, engine.buffers.observations, factor))
        surplus += np.where(engine.state.over, engine.state.surplus, 0.0) / 1e6
        if "breakers" in engine.world._fields:
            voided += engine.world.breakers.voided
    return surplus, voided


def requests(markets: int) -> None:
    """Falls of all bids in a coordination market, where halted and voided requests wait."""
    for arrivals in (0.4, 1.0):
        scenario = coordination(arrivals)
        without = {name: section for name, section in (scenario.economy or {}).items() if name != "breakers"}
        for fall in (0.0, 0.3, 0.5):
            guarded, voided = requests_won(scenario, fall, markets)
            free, _ = requests_won(scenario.replace(economy=without), fall, markets)
            print(
                f"  arrivals {arrivals}, fall {fall:.0%}: {voided.mean():.2f} ticks voided; welfare "
                f"{(guarded - free).mean() / free.mean():+.1%}, {interval(guarded - free)} of {free.mean():.2f}"
            )


def coordination(arrivals: float) -> Scenario:
    """Requests of one task by Vickrey, values alike, with the breakers of the first-price market."""
    economy = econo_env.load("coordination_market_v0").model_dump(mode="json")["economy"]
    economy |= {"lottery": None, "eligibility": {"open_share": 1.0}, "breakers": REQUESTS}
    return econo_env.load(
        "coordination_market_v0",
        economy={name: section for name, section in economy.items() if section is not None},
        **{
            "current_demand.arrivals": arrivals,
            "current_demand.most": 64,
            "auction.reserve": 0.05,
            "tasks.value": {"name": "uniform", "low": 0.9, "high": 1.1},
            "agents.reliability": {"name": "uniform", "low": 0.8, "high": 1.0},
            "agents.cost": {"name": "uniform", "low": 0.0, "high": 0.1},
        },
    )


REQUESTS = {"move": 0.25, "window": 8, "limit": 3, "halt": 5, "collar": 0.25}


def main() -> None:
    """Prints every measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markets", type=int, default=2000)
    markets = parser.parse_args().markets
    print("Forced halts")
    for charge in (0.0, 0.05):
        forced_halts(markets, charge)
    print("A rise of 2 % a tick (move 0.05)")
    magnet(markets)
    print("False halts")
    calm_ticks(markets)
    print("Falls of all bids")
    shocks(markets)
    print("Slips")
    mistakes(markets)
    print("Order book")
    order_book(markets)
    print("Requests that wait")
    requests(markets)


if __name__ == "__main__":
    main()

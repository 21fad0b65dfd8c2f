"""Episodes of a market with an economy as they went: money, stake, reputation, grades and halts, tick by tick.

Whatever the market and the parts of its economy are, every transfer is in the journal (`econo_env.economy.parts.audit`)
with what made it, every grade in `world.conduct`: from these two everything here is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.catalogue import from_mapping
from econo_env.economy.breakers.halts import ENDED, HALTED
from econo_env.economy.contracts import BYZANTINE, EXCELLENT, POOR, SATISFACTORY
from econo_env.economy.ledger import AGENT_ACCOUNTS, FREE, balances_of
from econo_env.economy.parts import audit, breakers, ledger, reputation
from econo_env.engine.engine import Engine
from econo_env.money import to_credits
from econo_env.player import Player
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.report.flows import FlowCounter, Flows

Floats = NDArray[np.float64]
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
GRADES = {BYZANTINE: "byzantine", POOR: "poor", SATISFACTORY: "satisfactory", EXCELLENT: "excellent"}
_ROOMY = 4  # times the usual room of a journal, so that no transfer of a tick is left out


@dataclass(frozen=True)
class Course:
    """One policy's episode, over many markets.

    Attributes:
        wealth: Quantiles of an agent's credits, free and locked, shape (ticks + 1, quantiles), banned ones included.
        stake: The most that an agent had locked at one time within a tick, credits, mean over agents, shape (ticks,).
        reputation: Quantiles of the lower confidence bound over agents not banned, shape (ticks + 1, quantiles); None
            without reputation.
        grades: Awards a market that ended with each of `GRADES`, shape (ticks, 4); None where nobody judges.
        barred: Share of agents that may not act in the coming tick, shape (ticks + 1,).
        banned: Share of agents banned by then, same shape.
        halted: Share of markets in which trading is halted in a tick, shape (ticks,); None without breakers.
        voided: Share of markets whose trades of a tick were voided, same shape; None without breakers.
        flows: Where the money went.
        worth: Credits a market-tick that the goods were worth to their winners, less what work cost.
        surplus: Credits a market-tick that agents earned, the sum of their rewards.
    """

    wealth: Floats
    stake: Floats
    reputation: Floats | None
    grades: Floats | None
    barred: Floats
    banned: Floats
    halted: Floats | None
    voided: Floats | None
    flows: Flows
    worth: float
    surplus: float


@dataclass(frozen=True)
class Episode:
    """Courses of several policies under the same luck.

    Attributes:
        markets: Markets played.
        seed: Of their luck.
        agents: Agents in each.
        courses: By policy, the one that the report is about first.
        threshold: The lower bound of a reputation that opens ticks that are not open; None where nothing asks for it.
    """

    markets: int
    seed: int
    agents: int
    courses: dict[str, Course]
    threshold: float | None


def keeps_accounts(scenario: Scenario) -> bool:
    """Whether there is anything to tell: an economy in which agents have accounts."""
    return ledger.PART in scenario.parts()


def with_journal(scenario: Scenario) -> Scenario:
    """The same market with a journal of its transfers, which changes nothing else in it."""
    document = scenario.model_dump(mode="json")
    room = _ROOMY * audit.room(scenario, audit.AuditSection())
    return from_mapping(document | {"economy": document["economy"] | {audit.PART.name: {"journal": room}}})


def play_episode(scenario: Scenario, policies: Mapping[str, Policy], seed: int, markets: int) -> Episode:
    """Plays one episode in every market with each policy, on the same seed.

    Args:
        scenario: With accounts, see `keeps_accounts`.
        policies: By name, the one that the report is about first.
        seed: Of the luck.
        markets: How many episodes.
    """
    journaled = with_journal(scenario)
    courses = {name: _course(journaled, policy, seed, markets) for name, policy in policies.items()}
    eligibility = (scenario.economy or {}).get("eligibility")
    threshold = None if eligibility is None else dict(eligibility)["threshold"]
    return Episode(markets, seed, scenario.num_agents, courses, threshold)


class _Watch:
    """Series of an episode in progress, a row a tick."""

    def __init__(self, scenario: Scenario, engine: Engine) -> None:
        parts = scenario.parts()
        self._engine, self._world = engine, engine.world
        self._judged = any(part.judges for part in parts)
        self._reputed, self._guarded = reputation.PART in parts, breakers.PART in parts
        self.wealth: list[Floats] = []
        self.reputation: list[Floats] = []
        self.barred: list[float] = []
        self.banned: list[float] = []
        self.grades: list[list[float]] = []
        self.halted: list[float] = []
        self.voided: list[float] = []

    def state(self) -> None:
        """Notes how things stand between two ticks."""
        world = self._world
        owned = sum(to_credits(balances_of(world.ledger.balances, kind)) for kind in range(AGENT_ACCOUNTS))
        banned = world.conduct.banned if self._judged else np.zeros_like(self._engine.buffers.action_mask)
        self.wealth.append(np.asarray(np.quantile(owned, QUANTILES)))
        self.barred.append(float(1.0 - self._engine.buffers.action_mask.mean()))
        self.banned.append(float(banned.mean()))
        if self._reputed:
            there = world.reputation.bound[~banned]
            self.reputation.append(np.quantile(there, QUANTILES) if there.size else np.full(len(QUANTILES), np.nan))

    def halts(self, live: NDArray[np.bool_]) -> None:
        """Notes which of the markets in play are halted in the coming tick."""
        if self._guarded:
            self.halted.append(float(np.isin(self._world.breakers.mode[live], (HALTED, ENDED)).mean()))

    def graded(self, live: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Notes how the awards of the last tick came out; everybody's grade, (markets, agents)."""
        if self._guarded:
            self.voided.append(float(self._world.breakers.voided[live].mean()))
        if not self._judged:
            return np.zeros(self._engine.buffers.rewards.shape, dtype=np.int64)
        grade: NDArray[np.int64] = self._world.conduct.grade
        self.grades.append([float((grade[live] == code).sum()) / len(live) for code in GRADES])
        return grade


def _course(scenario: Scenario, policy: Policy, seed: int, markets: int) -> Course:
    engine = Engine(scenario, markets)
    engine.reset(seed)
    player = Player(policy)
    player.reset(seed)
    world, buffers = engine.world, engine.buffers
    watch, counter = _Watch(scenario, engine), FlowCounter(scenario)
    watch.state()
    stake: list[float] = []
    worth, surplus, ticks = 0.0, 0.0, 0
    while not buffers.ended.all():
        live = ~buffers.ended
        watch.halts(live)
        locked = _locked(world)
        engine.step(player.act(buffers.observations, buffers.action_mask))
        player.observe(buffers.rewards, buffers.ended)
        peak = counter.read(world, watch.graded(live), live, locked)
        stake.append(float(to_credits(peak[live]).mean()))
        worth += float(to_credits(world.market.award.worth[live]).sum())
        surplus += float(buffers.rewards[live].sum())
        ticks += int(live.sum())
        watch.state()
    return Course(
        wealth=np.array(watch.wealth),
        stake=np.array(stake),
        reputation=np.array(watch.reputation) if watch.reputation else None,
        grades=np.array(watch.grades) if watch.grades else None,
        barred=np.array(watch.barred),
        banned=np.array(watch.banned),
        halted=np.array(watch.halted) if watch.halted else None,
        voided=np.array(watch.voided) if watch.voided else None,
        flows=counter.flows(ticks),
        worth=worth / ticks,
        surplus=surplus / ticks,
    )


def _locked(world: Any) -> NDArray[np.int64]:
    """What everybody has locked, micro-credits, (markets, agents)."""
    kinds = [balances_of(world.ledger.balances, kind) for kind in range(AGENT_ACCOUNTS) if kind != FREE]
    return np.asarray(sum(kinds, np.zeros_like(kinds[0])))

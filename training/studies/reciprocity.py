"""Indirect reciprocity: learners and replicators give where reputation is known with a chance above c / b, else not.

Others give unless they know of a refusal. A learner whose standing follows from what it did last has b q next round for
c now; discriminators resist defectors from the same q = c / b on (Nowak and Sigmund 2005; Nowak 2006).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from econo_env.catalogue import from_mapping
from econo_env.engine.engine import Engine
from econo_env.games.normal_form import Floats
from econo_env.markets.donation import BAD, GOOD, State
from econo_env.policies import make_policy
from econo_env.policies.adaptive.by_reward import q_learning
from econo_env.policies.emergent.bounds import Bounds
from econo_env.policies.emergent.replicator import meeting, replicator_path
from econo_env.policy import Actions, Mask, Observations
from econo_env.scenario import Scenario
from econo_env.training.emergence import ABLATED, MOST_TICKS, NULL, Prediction, digest_of, judge, switch_point
from econo_env.training.populations.empirical import EmpiricalGame
from econo_env.training.studies.base import Finding, Findings, Settings, Study, Told

_SOURCE = "q > c / b (Nowak 2006)"
_PATIENCE = 0.95  # of learners: to them the threshold is c / (.95 b)
_RATE, _RARE, _LONG = 0.02, 0.01, 400.0


class ReciprocitySettings(Settings):
    """Settings.

    Attributes:
        benefit: Of a gift to its recipient, credits.
        cost: To its donor, below the benefit.
        agents: In a market, one of whom learns.
        seeds: Independent markets.
        rounds: That a learner plays.
        step: Of the sweep of nine values of q around the threshold.
        folder: Where the prediction is written down before the first run.
    """

    study: Literal["reciprocity"] = "reciprocity"
    benefit: float = Field(3.0, gt=0.0, le=1000.0)
    cost: float = Field(1.0, gt=0.0, le=1000.0)
    agents: int = Field(4, ge=3, le=64)
    seeds: int = Field(48, ge=20, le=100_000)
    rounds: int = Field(8000, ge=500)
    step: float = Field(0.06, gt=0.0, le=0.2)
    folder: str = "runs/registered"

    @model_validator(mode="after")
    def _gifts_are_worth_it(self) -> "ReciprocitySettings":
        first, last = self.sweep()[0], self.sweep()[-1]
        if not (first > 0.0 and last <= 1.0):
            raise ValueError(
                f"benefit={self.benefit}, cost={self.cost}, step={self.step}: the sweep goes from {first:g} to "
                f"{last:g}, beyond 0 to 1; take a smaller step or another benefit"
            )
        return self

    @property
    def threshold(self) -> float:
        """C / b."""
        return self.cost / self.benefit

    def sweep(self) -> tuple[float, ...]:
        """Nine values of q."""
        return tuple(round(self.threshold + place * self.step, 12) for place in range(-4, 5))

    def scenario(self, knows: float, reputation: str = "partner", agents: int = 0, rounds: int = 0) -> Scenario:
        """The market."""
        rule = {"name": "donation", "benefit": self.benefit, "cost": self.cost}
        return from_mapping(
            {
                "id": "study_donation_v0", "market": "donation", "num_agents": agents or self.agents,
                "max_cycles": rounds or self.rounds + 1, "end_of_episode": "truncation", "knows": knows,
                "reputation": reputation, "mechanism": rule,
            }
        )  # fmt: skip


class Always:
    """One action, whatever is seen."""

    def __init__(self, action: float) -> None:
        self.name, self._action = "always", np.float32(action)

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The action."""
        return np.where(mask[..., None], self._action, np.float32(0.0))


class Reciprocity:
    """One learner among discriminators, in independent markets; what is told is how often it gives in the end."""

    def __init__(self, settings: ReciprocitySettings) -> None:
        self.settings = settings

    def order(self, at: float, condition: str, seeds: int) -> Floats:
        """See `Experiment`: null shuffles whose standing is shown, the ablation shows none."""
        knows = 0.0 if condition == ABLATED else at
        scenario = self.settings.scenario(knows, "shuffled" if condition == NULL else "partner")
        # what giving is worth for ever, and at the threshold not giving too: neither has to be unlearned
        start = (self.settings.benefit - self.settings.cost) / (1.0 - _PATIENCE)
        learner = q_learning(
            scenario, self.settings.seed, of="action", arms=2, lowest=-1.0, highest=1.0, rate=_RATE, discount=_PATIENCE,
            exploration=1.0, decay=6.0 / self.settings.rounds, initial=start, sees={"standing": 2},
        )  # fmt: skip
        others, engine = make_policy("truthful", scenario), Engine(scenario, seeds)
        engine.reset(self.settings.seed)
        learner.reset(self.settings.seed)
        buffers, state = engine.buffers, _state(engine)
        given: Floats = np.zeros(seeds)
        last = self.settings.rounds // 5
        for step in range(self.settings.rounds):
            actions = others.act(buffers.observations, buffers.action_mask)
            own = learner.act(buffers.observations[:, :1], buffers.action_mask[:, :1])
            actions[:, :1] = own
            engine.step(actions)
            learner.observe(buffers.rewards[:, :1], buffers.ended)
            if step >= self.settings.rounds - last:
                given += state.gave[:, 0] / last
        return given

    def replayed(self, at: float) -> tuple[bytes, bytes]:
        """See `Experiment`."""
        return self._course(at), self._course(at)

    def intervened(self, at: float, seeds: int) -> Floats:
        """By how much the gifts of a round fall where agent 0 is made bad before it: q of one donor in n."""
        scenario = self.settings.scenario(at, rounds=64)
        engine, policy = Engine(scenario, 64 * seeds), make_policy("truthful", scenario)
        engine.reset(self.settings.seed)
        buffers, state = engine.buffers, _state(engine)
        for _ in range(8):
            engine.step(policy.act(buffers.observations, buffers.action_mask))
        before = engine.snapshot()
        rates = []
        for bad in (False, True):
            engine.restore(before)
            if bad:
                _do_bad(engine)
            engine.step(policy.act(buffers.observations, buffers.action_mask))
            rates.append(state.gave.mean(axis=1).reshape(seeds, -1).mean(axis=1))
        return np.asarray(rates[1] - rates[0])

    def delays(self) -> Mapping[str, int]:
        """See `Experiment`: members that act at random, that stop giving, that answer with no number."""
        faults = {"members fall apart": _scattered, "members stop giving": _stopped, "errors": _erring}
        return {kind: self._delay(fault) for kind, fault in faults.items()}

    def false_alarms(self) -> float:
        """See `Experiment`: share of ticks of a sound population in which the fallback plays."""
        run = _Watched(self.settings)
        held = 0
        for _ in range(500):
            run.tick()
            held += int((run.bounds.reasons() != 0).sum())
        return held / (500 * run.engine.num_markets)

    def _delay(self, fault: "Fault") -> int:
        """Ticks from a fault to the first action of the fallback, in the slowest market."""
        run = _Watched(self.settings)
        for _ in range(100):
            run.tick()
        run.population.fault = fault
        for ticks in range(1, 4 * MOST_TICKS):
            run.tick()
            if (run.bounds.trips > 0).all():
                return ticks
        return 4 * MOST_TICKS

    def _course(self, at: float) -> bytes:
        scenario = self.settings.scenario(at, rounds=128)
        engine, policy = Engine(scenario, 32), make_policy("truthful", scenario)
        engine.reset(self.settings.seed)
        told = []
        while not engine.buffers.ended.all():
            engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
            told += [array.copy() for array in engine.arrays()]
        return digest_of(told)


Fault = Callable[[Actions], Actions]
"""What becomes of the actions of a population's members."""


class _Population:
    """Discriminators, whose actions a fault may change."""

    def __init__(self, scenario: Scenario) -> None:
        self.name, self._policy = "discriminators", make_policy("truthful", scenario)
        self.fault: Fault | None = None

    def reset(self, seed: int) -> None:
        """No fault yet."""
        self._policy.reset(seed)
        self.fault = None

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Their actions."""
        actions = self._policy.act(observations, mask)
        return actions if self.fault is None else self.fault(actions)


def _scattered(actions: Actions) -> Actions:
    """Every second member does the opposite."""
    changed = actions.copy()
    changed[:, ::2] *= -1.0
    return changed


def _stopped(actions: Actions) -> Actions:
    """Nobody gives."""
    return np.full_like(actions, -1.0)


def _erring(actions: Actions) -> Actions:
    """One of four members answers with no number."""
    changed = actions.copy()
    changed[:, ::4] = np.nan
    return changed


class _Watched:
    """Markets of a population within bounds."""

    def __init__(self, settings: ReciprocitySettings) -> None:
        scenario = settings.scenario(0.8, agents=8, rounds=600)
        self.population = _Population(scenario)
        self.bounds = Bounds(self.population, Always(-1.0))
        self.engine = Engine(scenario, 16)
        self.engine.reset(settings.seed)
        self.bounds.reset(settings.seed)

    def tick(self) -> None:
        """One round."""
        buffers = self.engine.buffers
        self.engine.step(self.bounds.act(buffers.observations, buffers.action_mask))
        self.bounds.observe(buffers.rewards, buffers.ended)


def _state(engine: Engine) -> State:
    state: State = engine.state
    return state


def _do_bad(engine: Engine) -> None:
    """The do-operator: agent 0 is bad from now on, and whoever is about to see its standing sees that."""
    state = _state(engine)
    state.good[:, 0] = False
    state.seen[(state.recipient == 0) & (state.seen == GOOD)] = BAD
    engine.show()


def replicated(settings: ReciprocitySettings, knows: float) -> float:
    """The share of discriminators in the end, after one defector in a hundred; payoffs are measured by play."""
    scenario = settings.scenario(knows, agents=2, rounds=400)
    game = EmpiricalGame(scenario, [[0, 1]], settings.seed, 64)
    game.add([[make_policy("truthful", scenario), Always(-1.0)]])
    payoffs = game.normal_form().payoffs[0] / scenario.max_cycles
    return float(replicator_path(meeting(payoffs), [1.0 - _RARE, _RARE], [0.0, _LONG])[-1, 0])


def prediction_of(settings: ReciprocitySettings) -> Prediction:
    """What is claimed."""
    strong = settings.sweep()[-1]
    return Prediction(
        study="reciprocity",
        order_parameter="share of rounds in which a learner gives",
        law=_SOURCE,
        threshold=settings.threshold,
        tolerance=0.05,
        sweep=settings.sweep(),
        strong=strong,
        null="whose standing is shown is drawn by lot",
        ablation="no standing is ever shown",
        intervention="one agent of the market is made bad: gifts in the next round",
        change=-strong / settings.agents,
        change_tolerance=0.02,
        seeds=settings.seeds,
        settings=settings.model_dump(mode="json", exclude={"folder"}),
    )


def run(settings: ReciprocitySettings, told: Told) -> Findings:
    """Judges learners by the six obligations, and lets replicators go the same way."""
    prediction = prediction_of(settings)
    verdict = judge(prediction, Reciprocity(settings), Path(settings.folder), told)
    found = verdict.findings(prediction, "chance to know a reputation, q")
    shares = [replicated(settings, knows) for knows in settings.sweep()]
    near = (settings.threshold - 0.05, settings.threshold + 0.05)
    figures = (
        Finding("where replicators switch", switch_point(settings.sweep(), shares), known=near, source=_SOURCE),
        *found.figures,
    )
    title = prediction.order_parameter
    curves = {title: {**found.curves[title], "replicators": (np.array(settings.sweep()), np.array(shares))}}
    return Findings(found.said, figures, curves, found.axes)


STUDY = Study("reciprocity", "Do learners give where reputation is known?", ReciprocitySettings, run)

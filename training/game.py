"""A person in one seat of a market, policies in all others: what `econo-env play` does, whatever it reads from."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from econo_env.clearing.base import picture_of
from econo_env.engine.state import Float32s
from econo_env.interfaces.opponents import players_of
from econo_env.interfaces.pettingzoo import MarketEnv
from econo_env.interfaces.text import AnswerError, TextForm
from econo_env.market import agents_of
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.hindsight import Cost, Hindsight, Moment
from econo_env.training.stopping import Stopped

MOST_TOLD = 8
"""Moves of an episode whose cost is told, the dearest ones."""
RULES = ("?", "rules")
QUITS = ("q", "quit")


@dataclass(frozen=True)
class Move:
    """One move of the person.

    Attributes:
        episode: From 1 on.
        round: Of the episode, from 1 on.
        action: Float32 (components,).
        reward: Credits of that round.
        cost: What it cost, and the best move.
    """

    episode: int
    round: int
    action: Float32s
    reward: float
    cost: Cost


@dataclass
class Score:
    """What came out.

    Attributes:
        earned: Credits of every agent.
        moves: Moves of the person, of the ticks that were looked back at.
        episodes: Episodes that were played to their end.
    """

    earned: dict[str, float]
    moves: list[Move] = field(default_factory=list)
    episodes: int = 0

    @property
    def regret(self) -> float:
        """What the moves cost, each by itself, credits."""
        return sum(move.cost.regret for move in self.moves)


class Left(Exception):  # noqa: N818 - no error: the person has had enough
    """The person leaves the game."""


class Game:
    """A person against policies.

    Attributes:
        score: What has come out so far.
        seat: The person's agent.
    """

    def __init__(
        self,
        scenario: Scenario,
        agent: str,
        others: Policy,
        *,
        seed: int,
        say: Callable[[str], None],
        ask: Callable[[str], str | None],
    ) -> None:
        """Seats everybody.

        Args:
            scenario: The market.
            agent: The person's.
            others: Who plays all other agents.
            seed: Of the market's luck and of the others'.
            say: Shows a text.
            ask: Shows a prompt and gives a line; None at the end of input.

        Raises:
            ValueError: There is no such agent.
        """
        names = agents_of(scenario)
        if agent not in names:
            raise ValueError(f"--agent {agent!r} is no agent of {scenario.id}: choose one of {', '.join(names)}")
        self.scenario, self.agent, self.seat, self._seed = scenario, agent, names.index(agent), seed
        mode = None if picture_of(scenario) is None else "ansi"
        self._env = MarketEnv(scenario, render_mode=mode, on_removal="mask")
        self._form = TextForm(scenario)
        self._others = players_of(scenario, [self.seat], others)
        self._hindsight = Hindsight(scenario, self.seat, self._others)
        self._say, self._ask = say, ask
        self.score = Score(dict.fromkeys(names, 0.0))
        self._moments: list[Moment] = []
        self._rewards: list[float] = []

    def play(self, episodes: int) -> None:
        """Plays so many episodes; `score` holds what came out, also where the person leaves or is interrupted."""
        for other in self._others:
            other.reset(self._seed)
        self._say(self._form.rules())
        try:
            for number in range(episodes):
                self._env.reset(seed=None if number else self._seed)
                self._moments, self._rewards = [], []
                while self._env.agents:
                    self._round(number + 1)
                self.score.episodes += 1
                self._look_back(number + 1, over=True)
        except Left:
            self._look_back(self.score.episodes + 1, over=False)
        except Stopped:
            self._look_back(self.score.episodes + 1, over=False)
            raise

    def _round(self, episode: int) -> None:
        buffers = self._env.engine.buffers
        seen, may_act = buffers.observations[0, self.seat].copy(), bool(buffers.action_mask[0, self.seat])
        number = len(self._moments) + 1
        self._say(f"\nepisode {episode}, round {number} of {self.scenario.max_cycles}: you are {self.agent}")
        action = self._asked(seen, may_act)
        for other in self._others:
            other.play(buffers)
        buffers.actions[0, self.seat] = action
        actions = buffers.actions[0].copy()
        memories = tuple(other.snapshot() for other in self._others)
        moment = Moment(self._env.engine.snapshot(), memories, actions, may_act or bool(self._form.heard))
        rewards = self._env.step(dict(zip(self._env.possible_agents, actions, strict=True)))[1]
        self._moments.append(moment)
        self._rewards.append(rewards[self.agent])
        for other in self._others:
            other.watch(buffers)
        for agent, reward in rewards.items():
            self.score.earned[agent] += reward
        if may_act or rewards[self.agent] != 0.0:
            self._say(str(self._env.render()) if self._env.render_mode else f"you earn {rewards[self.agent]:.6g}")

    def _asked(self, seen: Float32s, may_act: bool) -> Float32s:
        """The action that the person gives; a wrong one is told why, and asked again."""
        if not may_act and not self._form.heard:
            self._say("you may do nothing in this round")
            return np.zeros(len(self._form.names), dtype=np.float32)
        self._say(self._form.words(seen, may_act))
        while True:
            line = self._ask(f"{', '.join(self._form.numbers)}> ")
            if line is None or line in QUITS:
                raise Left
            if line in RULES:
                self._say(self._form.rules())
                continue
            try:
                return self._form.action(self._as_answer(line, may_act), seen, may_act)
            except AnswerError as error:
                self._say(f"{error}.")

    def _as_answer(self, line: str, may_act: bool) -> str:
        """A line of numbers as the JSON object that it stands for; an object as it is."""
        words = line.replace(",", " ").split()
        if line.startswith("{") or (not may_act and not words):
            return line or "{}"
        names = self._form.numbers if may_act else self._form.heard
        if len(words) != len(names):
            raise AnswerError(f"{line!r}: give {len(names)} number{'s' * (len(names) > 1)}, {', '.join(names)}")
        try:
            numbers: list[Any] = [float(word) for word in words]
        except ValueError:
            numbers = list(words)
        return json.dumps(dict(zip(names, numbers, strict=True)))

    def _look_back(self, episode: int, *, over: bool) -> None:
        """Tells what each move of the episode cost."""
        costs = self._hindsight.costs(self._moments, over=over)
        self.score.moves += [
            Move(episode, cost.tick + 1, self._moments[cost.tick].actions[self.seat], self._rewards[cost.tick], cost)
            for cost in costs
        ]
        dearest = sorted(costs, key=lambda cost: -cost.regret)[:MOST_TOLD]
        for cost in sorted(dearest, key=lambda cost: cost.tick):
            self._say(self._told(cost))
        if len(costs) > MOST_TOLD:
            self._say(f"these are the {MOST_TOLD} of {len(costs)} moves that cost most")

    def _told(self, cost: Cost) -> str:
        """What a move cost, in one sentence."""
        best = ", ".join(f"{name} {value:.4g}" for name, value in zip(self._form.numbers, cost.best, strict=True))
        begun = f"in hindsight, round {cost.tick + 1}: you earned {cost.earned:.4g} from it on"
        if cost.regret <= 0.0:
            return f"{begun}, and nothing tried would have earned more"
        return f"{begun}; {best} would have earned {cost.best_earned:.4g}: your move cost {cost.regret:.4g} credits"

    def summary(self) -> str:
        """What came out, in words."""
        score, moves = self.score, len(self.score.moves)
        rivals = ", ".join(f"{agent} {earned:.4g}" for agent, earned in score.earned.items() if agent != self.agent)
        return (
            f"{score.episodes} episode{'s' * (score.episodes != 1)}, {moves} move{'s' * (moves != 1)}: you earned "
            f"{score.earned[self.agent]:.4g} credits; your moves cost {score.regret:.4g}, each against the best one in "
            f"hindsight; the others earned {rivals or 'nothing'}"
        )

    def to_json(self) -> dict[str, Any]:
        """What came out, as JSON knows it."""
        moves = [
            {
                "episode": move.episode,
                "round": move.round,
                "action": dict(zip(self._form.names, map(float, move.action), strict=True)),
                "reward": move.reward,
                "earned": move.cost.earned,
                "best": dict(zip(self._form.numbers, move.cost.best, strict=True)),
                "best_earned": move.cost.best_earned,
                "regret": move.cost.regret,
            }
            for move in self.score.moves
        ]
        score = self.score
        return {"episodes": score.episodes, "earned": score.earned, "regret": score.regret, "moves": moves}

"""A language model, or anybody else who reads and writes text, in the place of a policy; and a whole market as text.

agent = TextAgent(scenario, ask=lambda prompt: my_model(prompt))   # plays wherever a policy plays
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from econo_env.engine.state import Bools, Float32s
from econo_env.interfaces.agent_view import Truthful
from econo_env.interfaces.pettingzoo import MarketEnv, parallel_env
from econo_env.interfaces.text import AnswerError, TextForm
from econo_env.policy import Policy, masked
from econo_env.scenario import Scenario


class TextAgent:
    """A policy that asks for every action in words.

    Each agent that may act is asked by itself: rules of the market, what the agent sees, how to answer. An answer that
    is no action is told so, and asked again; after `tries` answers the fallback plays in that place.

    Attributes:
        scenario: The market.
        form: How it is told and answered.
        name: For tables.
        asked: Actions asked for since `reset`.
        failed: Those of them in which the fallback played.
    """

    def __init__(
        self,
        scenario: Scenario,
        ask: Callable[[str], str],
        *,
        tries: int = 2,
        fallback: Policy | None = None,
        strict: bool = False,
        name: str = "text",
    ) -> None:
        """Takes who is asked.

        Args:
            scenario: The market.
            ask: Gets a prompt, gives an answer. What it remembers of earlier prompts is its own affair.
            tries: Answers that an agent may give for one action, at least 1.
            fallback: Who plays where no answer was an action; the truth by default.
            strict: Raise the `AnswerError` of the last answer in place of a fallback.
            name: For tables.

        Raises:
            ValueError: `tries` is below 1.
        """
        if tries < 1:
            raise ValueError(f"tries={tries}: give at least 1, the number of answers for one action")
        self.scenario, self.form, self.name = scenario, TextForm(scenario), name
        self._ask, self._tries, self._strict = ask, tries, strict
        self._fallback: Policy = Truthful(scenario) if fallback is None else fallback
        self._rules = self.form.rules()
        self.asked = self.failed = 0

    @property
    def note(self) -> str:
        """How often the fallback had to play."""
        told = f"{self.failed} of {self.asked} actions were not understood: there the fallback played"
        return told if self.failed else ""

    def reset(self, seed: int) -> None:
        """Starts counting, and the fallback, over."""
        self._fallback.reset(seed)
        self.asked = self.failed = 0

    def act(self, observations: Float32s, mask: Bools) -> Float32s:
        """Asks for every agent that may act, one after the other; 0 for the others."""
        places = np.ndindex(*np.shape(mask))
        answers = {place: self._answer(observations[place]) for place in places if mask[place]}
        if any(answer is None for answer in answers.values()):
            actions = np.array(self._fallback.act(observations, mask), dtype=np.float32)
        else:
            actions = np.zeros((*np.shape(mask), len(self.form.names)), dtype=np.float32)
        for place, answer in answers.items():
            if answer is not None:
                actions[place] = answer
        return masked(actions, mask)

    def _answer(self, observation: Float32s) -> Float32s | None:
        """The action that was answered; None if no answer was one."""
        prompt = f"{self._rules}\n\nNow you see:\n{self.form.words(observation)}\n\nAnswer with one JSON object alone."
        self.asked += 1
        said = ""
        for number in range(1, self._tries + 1):
            answer = self._ask(prompt + said)
            try:
                return self.form.action(answer, observation)
            except AnswerError as error:
                if self._strict and number == self._tries:
                    raise
                said = f"\n\nYou answered: {answer}\nThat is no action: {error}. Answer again."
        self.failed += 1
        return None


class TextStep(NamedTuple):
    """What a step of a market as text gives.

    Attributes:
        seen: What each agent present sees, in words.
        rewards: Credits, of the agents present before the step.
        ended: Whether the episode ended for each of them.
        told: The round as people see it who see everything: who bid what, won, paid, and why. It is no agent's to know.
    """

    seen: dict[str, str]
    rewards: dict[str, float]
    ended: dict[str, bool]
    told: str


class TextEnv:
    """A market in which everybody reads words and answers JSON; otherwise the `ParallelEnv` that it wraps.

    Attributes:
        env: That environment.
        form: How it is told and answered.
    """

    def __init__(self, env: MarketEnv) -> None:
        """Takes an environment of number actions, `render_mode="ansi"` and no `observation="dict"`.

        Raises:
            ValueError: It is another one.
        """
        if env.render_mode != "ansi":
            raise ValueError(f'render_mode={env.render_mode!r}: a text API tells rounds, give render_mode="ansi"')
        self.env, self.form = env, TextForm(env.scenario)
        self._observations: dict[str, Float32s] = {}
        self._may_act: dict[str, bool] = {}

    @property
    def agents(self) -> list[str]:
        """The agents present."""
        return self.env.agents

    def reset(self, seed: int | None = None) -> dict[str, str]:
        """Starts an episode; what each agent sees, in words."""
        return self._seen(*self.env.reset(seed=seed))

    def state(self, agent: str) -> dict[str, Any]:
        """What an agent sees now, as JSON knows it."""
        return self.form.state(self._observations[agent], self._may_act[agent])

    def step(self, answers: Mapping[str, str]) -> TextStep:
        """Plays one round.

        Raises:
            AnswerError: An agent's answer is no action; the message names it, and nothing has changed.
            ValueError: An agent's answer is missing.
        """
        actions = {}
        for agent in self.agents:
            if agent not in answers:
                raise ValueError(f"answer of {agent} is missing: give one for each of env.agents, '{{}}' for no action")
            try:
                actions[agent] = self.form.action(answers[agent], self._observations[agent], self._may_act[agent])
            except AnswerError as error:
                raise AnswerError(f"{agent}: {error}") from None
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        ended = {agent: terminations[agent] or truncations[agent] for agent in rewards}
        return TextStep(self._seen(observations, infos), rewards, ended, str(self.env.render()))

    def _seen(self, observations: dict[str, Any], infos: dict[str, dict[str, Any]]) -> dict[str, str]:
        self._observations = observations
        self._may_act = {agent: bool(infos[agent]["action_mask"][0]) for agent in observations}
        return {agent: self.form.words(observations[agent], self._may_act[agent]) for agent in self.agents}


def text_env(scenario: str | Scenario, **overrides: Any) -> TextEnv:
    """A market as text: `text_env("first_price_v0", num_agents=3)`.

    Raises:
        ValueError: The scenario or a field is unknown or out of range.
    """
    return TextEnv(parallel_env(scenario, render_mode="ansi", **overrides))

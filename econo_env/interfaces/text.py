"""Markets as text: what an agent sees as words and as JSON, what it does as JSON; for people and language models.

Words and names are those of the features, of the scenario's page and of the actions; nothing is told twice here.

form = TextForm(econo_env.load("first_price_v0"))
form.words(observation)                     # what to say to a model or a person
form.action('{"bid_credits": 0.3}', observation)   # float32 (components,), as `ParallelEnv.step` takes it
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from econo_env.economy.action import actions_of
from econo_env.engine.state import Float32s, Float64s
from econo_env.interfaces.credits_form import CreditsForm
from econo_env.market import market_of, offered
from econo_env.scenario import Scenario

_FENCED = re.compile(r"```(?:json)?\s*\n(?P<inside>.*)\n\s*```", re.DOTALL)
_LONGEST_QUOTED = 60
_TOLERANCE = 1e-5
"""An amount may be beyond its range by this share, as words round the ends."""


class AnswerError(ValueError):
    """An answer that is no action: the message names the value, what is allowed and what to write instead."""


class TextForm:
    """What one agent of a scenario reads and writes.

    Attributes:
        scenario: The market.
        names: Names of the components of an action, in order.
        heard: Those that an agent may use in ticks in which it may not act, such as reports of others.
        credits: How bids are written in credits; None where an action is no bid.
        numbers: What people give a number for: bids in credits, and the other components.
    """

    def __init__(self, scenario: Scenario) -> None:
        market = market_of(scenario)
        self.scenario = scenario
        self.names = tuple(market.action_names(scenario))
        self._seen = market.seen(scenario)
        self._docs = offered(market.view.docs, "page", scenario)(scenario)
        self.heard = tuple(action.name for action in actions_of(scenario.parts()) if action.unmasked)
        self._meanings = dict(self._docs.actions) | {a.name: a.meaning for a in actions_of(scenario.parts())}
        bids = market.baselines.bids
        self.credits = None if bids is None else CreditsForm(scenario, bids)
        in_credits: Mapping[str, str] = {} if self.credits is None else self.credits.keys
        self.numbers = (*in_credits, *(name for name in self.names if name not in in_credits.values()))

    def rules(self) -> str:
        """What is played, what is earned, how it starts and ends, and how to answer: the same for all of an episode."""
        seen = [f"- {one.name}, {one.low:g} to {one.high:g}: {one.meaning}" for one in self._seen]
        done = [f"- {name}, -1 to 1: {self._meanings[name]}" for name in self.names]
        if self.credits is not None:
            own = self.credits.keys
            done.append(f"- in place of {_listed(own.values())} you may give {_listed(own)}, in credits")
        return "\n".join(
            [
                self._docs.description,
                f"What you earn: {self._docs.rewards}",
                f"Start: {self._docs.start}",
                f"End: {' '.join(self._docs.end)}",
                "What you see:",
                *seen,
                "What you do, as one JSON object with a number for each of:",
                *done,
                f"For example {self.example()}; where you may not act, answer {{}}.",
            ]
        )

    def example(self) -> str:
        """An answer of the right form."""
        return json.dumps(dict.fromkeys(self.names, 0.0))

    def state(self, observation: Float32s, may_act: bool = True) -> dict[str, Any]:
        """What an agent sees, (features,), as JSON knows it; numbers are those of the observation to the bit.

        Where an action is a bid there are also the own values and the range of bids, in credits.
        """
        seen = {one.name: float(value) for one, value in zip(self._seen, observation, strict=True)}
        state: dict[str, Any] = {"scenario": self.scenario.id, "may_act": may_act, "seen": seen}
        if self.credits is not None:
            ranges = self.credits.ranges(observation)
            state["values_credits"] = self.credits.values(observation).tolist()
            state["bids_credits"] = {
                key: {"from": low, "to": high} for key, (low, high) in zip(self.credits.keys, ranges, strict=True)
            }
        return state

    def words(self, observation: Float32s, may_act: bool = True) -> str:
        """What an agent sees, (features,), in a line for each feature, and what it may do."""
        lines = [f"{one.name} {value:.6g} ({one.meaning})" for one, value in zip(self._seen, observation, strict=True)]
        if not may_act:
            return "\n".join([*lines, self._shut()])
        if self.credits is not None:
            values = ", ".join(f"{value:.6g}" for value in self.credits.values(observation))
            lines.append(f"in credits: {values}, what the truth would bid")
            ranges = zip(self.credits.keys, self.credits.ranges(observation), strict=True)
            lines += [f"{key} from {low:.6g} to {high:.6g}" for key, (low, high) in ranges]
        return "\n".join(lines)

    def schema(self) -> dict[str, Any]:
        """The JSON schema of an answer."""
        number = {
            name: {"type": "number", "minimum": -1, "maximum": 1, "description": self._meanings[name]}
            for name in self.names
        }
        plain = _object(number)
        forms = [plain]
        if self.credits is not None:
            amounts: dict[str, Any] = {
                key: {"type": "number", "minimum": 0, "description": f"{name} in credits"}
                for key, name in self.credits.keys.items()
            }
            rest = {name: number[name] for name in self.names if name not in self.credits.keys.values()}
            forms.append(_object(amounts | rest))
        forms.append(_object({}) | {"description": "nothing, where you may not act"})
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": self.scenario.id, "oneOf": forms}

    def action(self, answer: str, observation: Float32s, may_act: bool = True) -> Float32s:
        """The action, float32 (components,), that an answer means.

        Args:
            answer: A JSON object, alone or in one fenced block of Markdown.
            observation: What the agent saw, (features,).
            may_act: Whether it may act; if not, `{}` means the action 0, and only components `heard` may be named.

        Raises:
            AnswerError: The answer is no such object, has an unknown key, lacks one, a number is out of range, or
                the agent may not act.
        """
        given = _parsed(answer, self.example())
        if not may_act:
            if set(given) - set(self.heard):
                raise AnswerError(f"{_quoted(answer)} is not open to you: {self._shut()}")
            return self._plain(given, given).astype(np.float32)
        keys = {} if self.credits is None else self.credits.keys
        if not set(given) & set(keys):
            self._check_keys(given, self.names, keys)
            return self._plain(given, self.names).astype(np.float32)
        self._check_keys(given, self.numbers, keys)
        ranges = zip(self.numbers, self.ranges(observation), strict=True)
        slack = dict.fromkeys(keys, _TOLERANCE)
        numbers = [_checked(key, given[key], low, high, slack.get(key, 0.0)) for key, (low, high) in ranges]
        return self.of_numbers(numbers, observation)

    def ranges(self, observation: Float32s) -> list[tuple[float, float]]:
        """From where to where each of `numbers` goes for an agent that sees this, (features,)."""
        found = [] if self.credits is None else self.credits.ranges(observation)
        return found + [(-1.0, 1.0)] * (len(self.numbers) - len(found))

    def of_numbers(self, numbers: Sequence[float] | Float64s, observation: Float32s) -> Float32s:
        """The action, float32 (components,), of one of each of `numbers`, which must be within their ranges."""
        action = np.zeros(len(self.names))
        bids = 0 if self.credits is None else len(self.credits.keys)
        if self.credits is not None:
            action[:bids] = self.credits.place(observation, numbers[:bids])
        action[bids:] = numbers[bids:]
        return action.astype(np.float32)

    def answer(self, action: Float32s, may_act: bool = True) -> str:
        """The answer that means an action, (components,), to the bit; of one who may not act, what of it is `heard`."""
        said = dict(zip(self.names, map(float, action), strict=True))
        return json.dumps(said if may_act else {name: said[name] for name in self.heard})

    def _shut(self) -> str:
        """What an agent may do that may not act."""
        reports = f", or give a number for {_listed(self.heard)} alone" if self.heard else ""
        return f"you may do nothing in this tick: answer {{}}{reports}"

    def _plain(self, given: Mapping[str, Any], names: Iterable[str]) -> Float64s:
        """The named components, 0 for all others."""
        action = np.zeros(len(self.names))
        for name in names:
            action[self.names.index(name)] = _checked(name, given[name], -1.0, 1.0)
        return action

    def _check_keys(self, given: Mapping[str, Any], wanted: Sequence[str], keys: Mapping[str, str]) -> None:
        for key in given:
            if key in wanted:
                continue
            if key in keys.values():
                raise AnswerError(f"{key!r} stands beside amounts in credits: give {_listed(wanted)}")
            allowed = _listed([*self.names, *keys])
            raise AnswerError(f"unknown key {_quoted(key)}: allowed are {allowed}; for example {self.example()}")
        missing = [key for key in wanted if key not in given]
        if missing:
            raise AnswerError(f"{missing[0]!r} is missing: give a number for each of {_listed(wanted)}")


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _parsed(answer: Any, example: str) -> dict[str, Any]:
    """The object that an answer is; a number that JSON does not know, such as NaN, stays the text that it is."""
    if not isinstance(answer, str):
        raise AnswerError(f"an answer of type {type(answer).__name__} is no text: give {example} as text")
    text = answer.strip()
    fenced = _FENCED.fullmatch(text)
    try:
        given = json.loads(fenced["inside"] if fenced else text, object_pairs_hook=_once, parse_constant=str)
    except (json.JSONDecodeError, RecursionError):
        raise AnswerError(f"{_quoted(answer)} is no JSON object: answer with one alone, such as {example}") from None
    if not isinstance(given, dict):
        raise AnswerError(f"{_quoted(answer)} is no JSON object: answer with one alone, such as {example}")
    return given


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise AnswerError(f"{twice!r} stands twice: give it once")
    return found


def _checked(name: str, given: Any, low: float, high: float, tolerance: float = 0.0) -> float:
    allowed = f"give a number from {low:.6g} to {high:.6g}"
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise AnswerError(f"{name} = {_quoted(given)} is no number: {allowed}, without quotes")
    slack = tolerance * max(1.0, abs(high))
    try:
        number = float(given)
    except OverflowError:
        number = math.inf
    if not low - slack <= number <= high + slack:  # so is NaN
        raise AnswerError(f"{name} = {_quoted(given)} is out of range: {allowed}")
    return number


def _quoted(given: Any) -> str:
    text = given if isinstance(given, str) else json.dumps(given)
    return repr(text) if len(text) <= _LONGEST_QUOTED else f"{text[:_LONGEST_QUOTED]!r}..."


def _listed(names: Any) -> str:
    return ", ".join(names)

"""What judges and people are told of a market and of the parts of its economy together."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from econo_env.economy.part import Verdict
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.scenario import Scenario


def verdicts_of(scenario: Scenario) -> list[Verdict]:
    """What judges ask of the parts of its economy that decide how awards come out."""
    return [part.verdict for part in scenario.parts() if part.verdict is not None]


def told_of(scenario: Scenario, engine: Engine) -> Mapping[str, NDArray[Any]]:
    """What the dict APIs tell in `infos` of the last tick, by name, arrays (markets, agents): of market and parts."""
    told = market_of(scenario).view.info(scenario, engine.state)
    if scenario.economy is None:  # the dict API asks at every step: to look for parts takes as long as the tick
        return told
    facts = {fact.name: fact.value(scenario, engine.world) for part in scenario.parts() for fact in part.facts}
    return {**told, **facts}

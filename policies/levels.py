"""Levels of intelligence: reactive, proactive, adaptive, emergent, each on the shoulders of the one below.

A level above reactive plays under a guard (`policies.guard`): on an action that is none, on a call that takes too long,
or where it earns less than it used to, the level below plays instead, for a while.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from econo_env.policies.base import make_policy, policy_names
from econo_env.policies.faulty import Faulty
from econo_env.policies.guard import Guard, Limits
from econo_env.policies.ladder import Ladder, Rungs
from econo_env.policy import Named
from econo_env.population import LEVELS, Fault, level_number
from econo_env.scenario import Scenario

__all__ = ["LEVELS", "AgentSpec", "create_economic_agent", "level_number", "rising_agent"]

_USUAL = {"reactive": "truthful", "proactive": "best_response", "adaptive": "adaptive"}
"""What plays a level where its agent does not say: proactive that only where all bids are shown."""


@dataclass(frozen=True)
class AgentSpec:
    """What an agent is to be.

    Attributes:
        bidding_strategy: The policy that plays its reactive level.
        policies: By level what plays it: a policy's name, a run's folder, `my_policy.py:MyPolicy` or `model.zip`.
        options: Options of each level's policy, by level.
        limits: When a level gives way to the one below.
        faults: What goes wrong on purpose in what plays the highest level.
    """

    bidding_strategy: str = "truthful"
    policies: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))
    limits: Limits = field(default_factory=Limits)
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        """Checks the names of levels.

        Raises:
            ValueError: One is no level.
        """
        for level in (*self.policies, *self.options):
            level_number(level)


def create_economic_agent(
    spec: AgentSpec, scenario: Scenario, intelligence_level: str = "reactive", seed: int = 0
) -> Named:
    """An agent of a level: a policy with the same inputs and outputs whichever it is.

    The level's own policy plays under a guard; below it stands the next lower level that the spec names a policy for,
    down to the bidding strategy. `emergent` is trained: the spec says which run or model plays it. `proactive` is too,
    but for markets that show all bids, where it answers a forecast of the rivals' bids if no run is named.

    Args:
        spec: What the agent is to be.
        scenario: The market it is to play in.
        intelligence_level: One of `LEVELS`.
        seed: Of its luck.

    Raises:
        ValueError: No such level, no policy for it, or one that cannot play this scenario.
    """
    number = level_number(intelligence_level)
    if spec.bidding_strategy not in policy_names() or "reactive" in spec.policies:
        raise ValueError(
            f"bidding_strategy={spec.bidding_strategy!r}: name the policy of the reactive level there, one of "
            f"{', '.join(policy_names())}"
        )
    agent: Named = make_policy(spec.bidding_strategy, scenario, seed, **spec.options.get("reactive", {}))
    for level in LEVELS[1 : number + 1]:
        plays = spec.policies.get(level, _USUAL.get(level))
        if level != intelligence_level and level not in spec.policies:
            continue  # a level between plays where it is named only
        if plays is None:
            raise ValueError(_untrained(level))
        try:
            above = make_policy(plays, scenario, seed, **spec.options.get(level, {}))
        except ValueError as error:
            if level == "proactive" and level not in spec.policies:
                raise ValueError(f"{_untrained(level)}; {error}") from None
            raise
        if spec.faults and level == intelligence_level:
            above = Faulty(above, spec.faults)
        agent = Guard(above, agent, spec.limits, name=level, level=level_number(level))
    return agent


def rising_agent(
    spec: AgentSpec, scenario: Scenario, intelligence_level: str, seed: int = 0, rungs: Rungs | None = None
) -> Ladder:
    """Agents that start reactive, and rise and fall by what they earn, up to a level.

    The levels are those that `create_economic_agent` makes of the spec, each with a memory of its own.

    Args:
        spec: What the agent is to be.
        scenario: The market it is to play in.
        intelligence_level: The highest.
        seed: Of its luck.
        rungs: When agents move.

    Raises:
        ValueError: As in `create_economic_agent`.
    """
    top = level_number(intelligence_level)
    names = [LEVELS[0], *(level for level in LEVELS[1:top] if level in spec.policies), intelligence_level]
    made = [create_economic_agent(spec, scenario, level, seed) for level in dict.fromkeys(names)]
    return Ladder(made, rungs, seed=seed, name=intelligence_level)


def _untrained(level: str) -> str:
    return (
        f"intelligence_level={level!r}: this level is trained; name a run's folder or a model, such as "
        f"AgentSpec(policies={{{level!r}: 'runs/first_price'}})"
    )

"""The agents that a scenario lists as its population, each as it is listed; what was trained plays those that learn."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

import numpy as np

from econo_env.market import market_of
from econo_env.policies.guard import Limits
from econo_env.policies.ladder import Rungs
from econo_env.policies.levels import AgentSpec, create_economic_agent, rising_agent
from econo_env.policies.population import Seated
from econo_env.policies.proactive import from_run, policy_file
from econo_env.policies.recurrent import Recalling, read_recurrent
from econo_env.policy import Actions, Mask, Named, Observations, Row
from econo_env.population import AgentGroup, labels_of
from econo_env.scenario import Scenario
from econo_env.settings import suggestion

Numbers = TypeVar("Numbers", Limits, Rungs)


class Idle:
    """Does nothing: holds the seats that somebody else plays."""

    name = "idle"

    def __init__(self, scenario: Scenario) -> None:
        self._components = len(market_of(scenario).action_names(scenario))

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """No bid."""
        return np.zeros((*np.shape(mask), self._components), dtype=np.float32)


def listed(scenario: Scenario, seed: int = 0, *, learned: Named | None = None) -> Seated:
    """Everybody whom the scenario lists.

    Args:
        scenario: The market, with a population.
        seed: Of their luck.
        learned: Plays those that learn.

    Raises:
        ValueError: No population, an unknown strategy, an agent that cannot play this market, or nothing to play those
            that learn.
    """
    groups, names = scenario.population, labels_of(scenario.population or ())
    if groups is None:
        raise ValueError(f"{scenario.id} lists no population: add one, such as `agents: [{{count: 2}}]`")
    alone = scenario.model_copy(update={"population": None})  # what an agent is told of its market
    numbers: list[int] = []  # by group the number of its policy
    agents: list[Named] = [] if learned is None else [learned]
    for place, group in enumerate(groups):
        if group.learns and learned is None:
            raise ValueError(
                f"{scenario.id}: {names[place]} agents learn in training: train them with `econo-env train` and give "
                f"the run's folder as the policy, or say in population.{place}.policy what plays them"
            )
        numbers.append(0 if group.learns else len(agents))
        if not group.learns:
            agents.append(_agent(group, place, alone, seed))
    of_seat = scenario.group_of_seats()
    seated = Seated(
        "population",
        scenario,
        agents,
        [numbers[place] for place in of_seat],
        [names[place] for place in of_seat],
    )
    seated.reset(seed)
    return seated


def in_its_market(learned: Named, scenario: Scenario, seed: int = 0) -> Named:
    """What was trained, among those whom the scenario lists; by itself where it lists nobody, or nobody who learns."""
    if scenario.population is None or not scenario.learning_seats():
        return learned
    return listed(scenario, seed, learned=learned)


def of_run(
    scenario: Scenario, seed: int = 0, *, run: str | Path, deterministic: bool = True, name: str | None = None
) -> Named:
    """What a training run learned, see `econo_env.policies.proactive.from_run`, among those whom the scenario lists."""
    path = policy_file(run)
    recurrent, called = read_recurrent(path), name or Path(run).name
    learned: Named = (
        from_run(scenario, seed, run=run, deterministic=deterministic, name=name)
        if recurrent is None
        else Recalling(scenario, recurrent, seed=seed, deterministic=deterministic, name=called)
    )
    found = in_its_market(learned, scenario, seed)
    found.name = learned.name
    return found


def _agent(group: AgentGroup, place: int, scenario: Scenario, seed: int) -> Named:
    """One group's policy, with luck of its own."""
    options = {group.intelligence: dict(group.options)}
    policies = {} if group.policy is None else {group.intelligence: group.policy}
    own = int(np.random.SeedSequence([seed, place]).generate_state(1)[0]) if place else seed
    try:
        spec = AgentSpec(
            bidding_strategy=group.bidding_strategy,
            policies=policies,
            options=options,
            limits=_set(Limits, "limits", group.limits),
            faults=group.faults,
        )
        if group.promotion:
            return rising_agent(spec, scenario, group.intelligence, own, _set(Rungs, "rungs", group.rungs))
        return create_economic_agent(spec, scenario, group.intelligence, own)
    except ValueError as error:
        raise ValueError(f"population.{place}: {error}") from None


def _set(kind: type[Numbers], key: str, given: Mapping[str, float | int]) -> Numbers:
    """Numbers of a group as what holds them."""
    known = [one.name for one in fields(kind)]
    for name in given:
        if name not in known:
            raise ValueError(f"{key}.{name}: {suggestion(name, known)}")
    made: Callable[..., Numbers] = kind
    return made(**given)


POLICIES = (
    Row("population", "Plays every agent as the scenario's population lists it.", listed),
    Row(
        "proactive",
        "Plays what a training run has learned (`run`, its folder), in the seats that learn.",
        of_run,
        ("run", "deterministic", "name"),
    ),
)

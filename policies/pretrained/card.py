"""The card of a pretrained policy: what it learned, how, how well it does, and what it is not good for."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from econo_env.catalogue import from_mapping
from econo_env.market import market_of
from econo_env.scenario import Scenario

MOST_LOST = 0.01
"""A policy that loses more than this share of its utility to the best deviation is no stand-in for an equilibrium."""


class Figure(BaseModel):
    """A figure with its 95 % interval over evaluation seeds; None where it is not defined."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float | None
    ci95: tuple[float | None, float | None]
    unit: str


class Measured(BaseModel):
    """The sample that the figures come from: episodes in `markets` markets for each of the seeds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seeds: tuple[int, ...]
    markets: int
    regret: bool


class Card(BaseModel):
    """What is known of a pretrained policy.

    Attributes:
        scenario: Id of the scenario that it was trained in.
        observations: Names of what it sees, in order.
        actions: Names of the components of its actions, in order.
        settings: The whole training configuration, the scenario's every key included.
        seed: Of the training.
        timesteps: Agent-steps that it was trained for.
        figures: Of the policy as it is stored, by the names of `econo-env evaluate`.
        beside: The same of other policies on the same draws.
        measured: Where the figures come from.
        not_for: What it is not good for, a sentence each.
        version: Of the package that trained it.
        commit: Of the source that trained it; None outside of a checkout.
        libraries: Their versions.
        weights: SHA-256 of the file of its networks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: str
    observations: tuple[str, ...]
    actions: tuple[str, ...]
    settings: dict[str, Any]
    seed: int
    timesteps: int
    figures: dict[str, Figure]
    beside: dict[str, dict[str, Figure]]
    measured: Measured
    not_for: tuple[str, ...]
    version: str
    commit: str | None
    libraries: dict[str, str]
    weights: str

    def note(self, scenario: Scenario) -> str:
        """What to know of it in a scenario, one sentence."""
        trained = f"trained in {self.scenario} for {self.timesteps:,} agent-steps, seed {self.seed}"
        if not self.is_of(scenario):
            return f"{trained}: this market is another one, in which its figures do not hold"
        loss = self.figures.get("utility_loss")
        return trained if loss is None or loss.mean is None else f"{trained}: loses {loss.mean:.2%} to the best answer"

    def is_of(self, scenario: Scenario) -> bool:
        """Whether a scenario is the one that it was trained in, in every key."""
        try:
            return from_mapping(self.settings["scenario"]) == scenario
        except ValueError:  # keys that are no more
            return False

    def check_spaces(self, scenario: Scenario) -> None:
        """Checks that a scenario shows and takes what the policy was trained with.

        Raises:
            ValueError: It does not; the message names what differs.
        """
        market = market_of(scenario)
        pairs = (
            ("observations", self.observations, tuple(market.observations(scenario))),
            ("actions", self.actions, tuple(market.action_names(scenario))),
        )
        for what, trained, now in pairs:
            if trained != now:
                missing = [name for name in trained if name not in now]
                added = [name for name in now if name not in trained]
                differs = [f"without {', '.join(missing)}"] * bool(missing) + [f"with {', '.join(added)}"] * bool(added)
                raise ValueError(
                    f"pretrained:{self.scenario} knows other {what} than {scenario.id} has: "
                    f"{' and '.join(differs) or 'in another order'}; play it in {self.scenario}, or train anew with "
                    f"`econo-env train {scenario.id}`"
                )


def limits(scenario: Scenario, figures: dict[str, Figure]) -> tuple[str, ...]:
    """What a policy is not good for, as its figures say."""
    told = [
        f"Other markets than {scenario.id} as it stands: it has seen {scenario.num_agents} agents, these priors and "
        "these parameters, and no others.",
        "Rivals who play otherwise: it learned against itself, and is no best response to, say, truthful bidders.",
    ]
    loss = figures.get("utility_loss")
    if loss is None or loss.mean is None:
        told.append("A claim of equilibrium: no search for deviations was made here, its utility alone is known.")
    elif loss.ci95[1] is None or loss.ci95[1] > MOST_LOST:
        told.append(f"A stand-in for an equilibrium: the best deviation gains, its loss is {loss.mean:.2%}.")
    return tuple(told)

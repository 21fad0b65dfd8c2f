"""Training configuration: typed sections read from YAML, with `key=value` changes from the command line."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from econo_env.agents import named, role_of
from econo_env.catalogue import from_mapping, known_id, load, read_scenario, unknown_scenario
from econo_env.documents import read_yaml, to_yaml
from econo_env.market import agents_of, alike
from econo_env.policies.forecasts.ridge import forecast_features
from econo_env.scenario import Scenario
from econo_env.settings import SettingsError, validated
from econo_env.training.changes import apply_change
from econo_env.training.sections import (
    DEFAULTS,
    Checkpoints,
    Evaluation,
    Forecasts,
    Learner,
    Opponents,
    Psro,
    Recurrent,
    Section,
)
from econo_env.training.seeds import parsed_seeds
from econo_env.training.trackers import TrackerSettings

CONFIG_FOLDERS = (
    Path("configs/training"),
    *(folder / "configs/training" for folder in Path(__file__).resolve().parents[:2]),
)
"""Where `train NAME` looks for NAME.yaml: the working directory's, then those that came with the package."""

_MANY_ROUNDS_GAMMA = 0.99
_LARGEST_BATCH = 1 << 20
OFF_POLICY = ("sac", "td3")
"""Algorithms that learn from a replay buffer."""


class TrainingConfig(Section):
    """Everything a training run depends on, besides the code.

    Attributes:
        scenario: An id, the path of a scenario file, `{id: ID, num_agents: 3, mechanism.reserve: 0.2}` to change fields
            of one, or a whole scenario.
        sharing: Who learns what: `shared`, one network in every seat that learns; `per_role`, one for each group of
            alike agents (same prior, weight and entry of the population); `per_seat`, one for each agent.
        algorithm: `ppo`, or `psro`: a population of networks of each role, each trained as a reply to a mixture of
            those before it (`training.populations.psro`); `sharing` is then `per_role`. Or off-policy, `sac` or `td3`:
            `n_steps` ticks of all markets go into a replay buffer, then `n_epochs` updates by `batch_size` samples for
            each of them; TD3's noise is `std`, SAC draws its own with entropy weight `ent_coef`, tuned by itself where
            that is 0. PPO's other settings are without effect on them. Or `recurrent_ppo`: a network with a memory of
            the episode, without difference rewards (extra `recurrent`); `sharing` is then `shared`.
        total_timesteps: Agent-steps to train for, over all seats that learn.
        seeds: One run each, one after the other: a list, or `0-3` or `0,1,2` as in `econo-env evaluate --seeds`.
        learner: Settings of PPO.
        opponents: A pool of rated opponents in the other seats; left out, every seat learns. With it each network
            learns in the first of its seats of each group of alike agents.
        forecasts: Forecasts that the learner sees beside the market; left out, none.
        psro: Settings of the population.
        recurrent: Settings of networks with a memory.
        evaluation: Looks on the way.
        checkpoints: How often and how many.
        warm_start: Folder of a run whose networks to start from.
        tracker: Where numbers are logged too: `wandb`, `mlflow`, `trackio`, or a section (docs/telemetry.md).
        device: Where torch computes.
        torch_threads: Threads of torch. Weights depend on it in the last bits, and two trainings side by side with
            two threads each are many times slower: leave it at 1.
    """

    scenario: SerializeAsAny[Scenario]
    sharing: Literal["shared", "per_role", "per_seat"] = "shared"
    algorithm: Literal["ppo", "sac", "td3", "psro", "recurrent_ppo"] = "ppo"
    total_timesteps: int = Field(ge=1)
    seeds: tuple[int, ...] = (0,)
    learner: Learner = Learner()
    opponents: Opponents | None = None
    forecasts: Forecasts | None = None
    psro: Psro = Psro()
    recurrent: Recurrent = Recurrent()
    evaluation: Evaluation = Evaluation()
    checkpoints: Checkpoints = Checkpoints()
    warm_start: str | None = None
    tracker: TrackerSettings | None = None
    device: Literal["cpu"] = "cpu"
    torch_threads: int = Field(1, ge=1)

    @field_validator("scenario", mode="before")
    @classmethod
    def _resolved(cls, section: Any) -> Scenario:
        return resolve_scenario(section)

    @field_validator("tracker", mode="before")
    @classmethod
    def _by_name(cls, tracker: Any) -> Any:
        return {"name": tracker} if isinstance(tracker, str) else tracker

    @field_validator("seeds", mode="before")
    @classmethod
    def _read(cls, seeds: Any) -> Any:
        return parsed_seeds(str(seeds)) if isinstance(seeds, int | str) else seeds

    @field_validator("seeds")
    @classmethod
    def _different(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if not seeds or len(set(seeds)) != len(seeds) or not all(0 <= seed < 2**32 for seed in seeds):
            raise ValueError(f"seeds={list(seeds)}: give different whole numbers from 0 to 2^32 - 1, at least one")
        return seeds

    @model_validator(mode="after")
    def _batches_divide(self) -> Self:
        learner = self.learner
        if not self.scenario.learning_seats():
            raise ValueError(
                "scenario.population lists nobody who learns: give a group `intelligence: proactive` or `emergent`, "
                "and no policy"
            )
        if self.algorithm in OFF_POLICY:
            if learner.difference_rewards:
                raise ValueError(
                    f"learner.difference_rewards=true: {self.algorithm} learns from rewards as they come, leave it out"
                )
            return self
        # a reply learns in one seat
        learning = {1} if self.algorithm == "psro" else {len(seats) for seats in self.homes().values()}
        rollouts = {seats: learner.num_markets * learner.n_steps * seats for seats in learning}
        common = math.gcd(*rollouts.values())
        for seats, rollout in rollouts.items():
            if rollout % learner.batch_size:
                below = range(min(learner.batch_size, common, _LARGEST_BATCH), 0, -1)
                raise ValueError(
                    f"learner.batch_size={learner.batch_size} does not divide the rollout of {rollout} samples "
                    f"({learner.num_markets} markets x {learner.n_steps} steps x {seats} seats): "
                    f"give learner.batch_size={next(size for size in below if common % size == 0)}"
                )
        return self

    @model_validator(mode="after")
    def _opponents_fit(self) -> Self:
        pool = self.opponents
        if pool is None:
            return self
        if self.scenario.population is not None:
            raise ValueError("opponents beside scenario.population: one of them says who plays the other seats")
        if all(len(seats) == self.scenario.num_agents for seats in self.homes().values()):
            raise ValueError(f"opponents: {self.scenario.id} has no seat beside those that learn, take more agents")
        return self

    @model_validator(mode="after")
    def _forecasts_fit(self) -> Self:
        told, pool = self.forecasts, self.opponents
        if told is None:
            return self
        forecast_features(self.scenario, told.of)
        if len(self.roles()) > 1 or (pool is not None and (pool.latest > 0.0 or pool.past_every > 0)):
            raise ValueError(
                "forecasts: what is learned would play seats for which nobody forecasts: set sharing=shared, and of "
                "opponents latest=0 and past_every=0"
            )
        if self.difference_rewards() and self.gamma() > 0.0:
            raise ValueError(
                "forecasts: difference rewards play episodes on in which nobody forecasts: set "
                "learner.difference_rewards=false"
            )
        return self

    def homes(self) -> dict[str, tuple[int, ...]]:
        """The seats that each network learns in: all it plays, or with opponents one of each group of alike agents."""
        roles = self.roles()
        if self.opponents is None:
            return roles
        found = {}
        for name, seats in roles.items():
            theirs = [set(group) & set(seats) for group in alike(self.scenario)]
            found[name] = tuple(sorted(min(group) for group in theirs if group))
        return found

    @model_validator(mode="after")
    def _memory_goes_with_the_rest(self) -> Self:
        if self.algorithm == "recurrent_ppo":
            if self.sharing != "shared" or self.difference_rewards():
                raise ValueError(
                    "algorithm=recurrent_ppo remembers what came before: it goes with sharing=shared, and with "
                    "learner.difference_rewards=false, for these judge ticks one by one"
                )
            if self.opponents is not None or self.forecasts is not None:
                raise ValueError("opponents or forecasts with algorithm=recurrent_ppo: leave them out")
        return self

    @model_validator(mode="after")
    def _replies_by_role(self) -> Self:
        if self.algorithm == "psro":
            if self.sharing != "per_role":
                raise ValueError(f"sharing={self.sharing!r} with algorithm=psro: replies are a role's, per_role")
            if self.warm_start is not None:
                raise ValueError(f"warm_start={self.warm_start!r} with algorithm=psro: replies learn from scratch")
            if self.scenario.population is not None:
                raise ValueError("scenario.population with algorithm=psro: that learns a population, list none")
            if self.opponents is not None or self.forecasts is not None:
                raise ValueError("opponents or forecasts with algorithm=psro: replies meet their own population alone")
            if self.psro.solver == "nash" and self.scenario.num_agents != 2:
                raise ValueError(
                    f"psro.solver=nash with {self.scenario.num_agents} agents: games of two are solved outright, "
                    "take replicator"
                )
        return self

    def meta_solver(self) -> str:
        """What mixes a population: what is set, else `nash` for two agents and `replicator` for more."""
        return self.psro.solver or ("nash" if self.scenario.num_agents == 2 else "replicator")

    def roles(self) -> dict[str, tuple[int, ...]]:
        """The seats that share a network, by the network's name.

        Where the scenario lists a population these are the seats of those that learn. A seat's own network has the
        agent's name. A role's has its name, `buyer`; where the rules tell agents of one
        name apart, as by weights, each such group is numbered, `bidder_group_0`.
        """
        learn = self.scenario.learning_seats()
        if self.sharing == "shared":
            return {"shared": learn}
        agents = agents_of(self.scenario)
        if self.sharing == "per_seat":
            return {agents[seat]: (seat,) for seat in learn}
        groups = [group for group in alike(self.scenario) if group[0] in learn]
        roles = [role_of(agents[seats[0]]) for seats in groups]
        numbered = named(f"{role}_group" for role in roles)
        names = [role if roles.count(role) == 1 else name for role, name in zip(roles, numbered, strict=True)]
        return dict(zip(names, groups, strict=True))

    def by_network(self, learners: Mapping[str, Any]) -> dict[str, Any]:
        """What a checkpoint keeps of each network, by its name.

        Until agents were named by role, 0.1.0 included, seats' networks were called `bidder_2` and roles' `role_1`.
        """
        former = {"per_seat": "bidder", "per_role": "role"}.get(self.sharing, "")
        found = dict(learners)
        for number, name in enumerate(self.roles()):
            if name not in learners and (old := f"{former}_{number}") in learners:
                found[name] = found.pop(old)
        return found

    def gamma(self) -> float:
        """The discount: what is set, else 0 where ticks can be learned one by one, and 0.99 elsewhere.

        They can where an episode is one tick, and where no report changes what comes later.
        """
        if self.learner.gamma is not None:
            return self.learner.gamma
        one_by_one = self.scenario.max_cycles == 1 or not self.scenario.reports_change_later_ticks
        return 0.0 if one_by_one else _MANY_ROUNDS_GAMMA

    def difference_rewards(self) -> bool:
        """Whether difference rewards are used: what is set, else wherever gamma is 0."""
        chosen = self.learner.difference_rewards
        if self.algorithm in OFF_POLICY:
            return False
        return self.gamma() == 0.0 if chosen is None else chosen

    def hidden_layers(self) -> dict[str, list[int]]:
        """Units of the hidden layers of actor and critic, under SB3's names; none of a critic that nothing asks."""
        actor = list(self.learner.net_arch)
        return {"pi": actor, "vf": [] if self.difference_rewards() else actor}

    def to_yaml(self) -> str:
        """The resolved configuration, the whole scenario included."""
        return to_yaml(self.model_dump(mode="json"))


def resolve_scenario(section: Any) -> Scenario:
    """The scenario that a `scenario:` section means; see `TrainingConfig`."""
    if isinstance(section, Scenario | str | Path):
        return load(section)
    if not isinstance(section, Mapping):
        raise ValueError("give a scenario id, a path, or a mapping with an id")
    if "market" in section:
        whole = {key: value for key, value in section.items() if "." not in key}
        changes = {key: value for key, value in section.items() if "." in key}
        return from_mapping(whole).replace(**changes) if changes else from_mapping(whole)
    if "id" not in section:
        raise ValueError(f"it has no id, only {', '.join(map(repr, section))}: name the scenario that these change")
    return load(section["id"], **{key: value for key, value in section.items() if key != "id"})


def scenario_of_run(run: Path) -> Scenario:
    """The scenario of a training run.

    Raises:
        ValueError: The folder holds no run, or its configuration is damaged.
    """
    path = run / "config.yaml"
    document = read_yaml(path, "configuration of a run") if path.is_file() else {}
    if "scenario" not in document:
        raise ValueError(f"{str(run)!r} holds no config.yaml with a scenario: give the folder of a run")
    try:
        return resolve_scenario(document["scenario"])
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def read_config(source: str | Path, changes: Iterable[str] = ()) -> TrainingConfig:
    """A configuration from a YAML file or for a scenario, with changes.

    Args:
        source: Path of a training file; the name of one in `configs/training`; a scenario id, whose version may be
            left out, or the path of a scenario file, for the settings of its kind of market.
        changes: `key=value` with dots into sections, e.g. `learner.n_epochs=2` or `scenario.num_agents=5`; values are
            YAML.

    Raises:
        ValueError: There is no such file or scenario, the file is malformed, or a key or value is not allowed; the
            message says what is.
    """
    path = _find([Path(source), *_shipped(str(source))])
    scenario: Any = known_id(str(source)) if path is None else None
    if path is None and scenario is None:
        files = sorted({path.stem for folder in CONFIG_FOLDERS for path in folder.glob("*.yaml")})
        raise ValueError(
            f"there is no training file or scenario {str(source)!r}: {unknown_scenario(str(source), files)}"
        )
    if path is not None:
        document = read_yaml(path, "training file")
        if "market" not in document:
            return config_from(document, changes, str(source))
        read_scenario(path)
        scenario = document
    settings = settings_for(resolve_scenario(scenario))
    # nobody named the shipped file: it is no origin of mistakes
    return config_from({**read_yaml(settings, "training file"), "scenario": scenario}, changes, "")


def settings_for(scenario: Scenario) -> Path:
    """The shipped training file for a scenario: its kind of market's own, or that for one or for many rounds.

    Raises:
        ValueError: The file is not there.
    """
    rounds = "one_round" if scenario.max_cycles == 1 else "many_rounds"
    path = _find([*_shipped(scenario.market), *_shipped(rounds)])
    if path is None:
        raise ValueError(f"{rounds}.yaml is in none of {', '.join(map(str, CONFIG_FOLDERS))}: give a training file")
    return path


def _shipped(name: str) -> list[Path]:
    return [folder / f"{name}.yaml" for folder in CONFIG_FOLDERS]


def _find(candidates: Iterable[Path]) -> Path | None:
    return next((path for path in candidates if path.is_file()), None)


def config_from(document: Mapping[str, Any], changes: Iterable[str] = (), origin: str = "training") -> TrainingConfig:
    """A configuration from a mapping such as a YAML file holds, with `key=value` changes.

    Raises:
        ValueError: A key or value is not allowed; the message says what is.
    """
    changed, asked = dict(document), list(changes)
    for change in asked:
        apply_change(changed, change, DEFAULTS)
    try:
        return validated(TrainingConfig, changed)
    except SettingsError as error:
        keys = [change.partition("=")[0].split(".") for change in asked]
        theirs = [p for p in error.problems if not any(_meets(list(map(str, p.path)), key) for key in keys)]
        # what a change brought in is named by its key alone
        raise SettingsError(theirs or error.problems, origin if theirs else "") from None


def _meets(path: list[str], key: list[str]) -> bool:
    """Whether one of two paths goes on from the other."""
    common = min(len(path), len(key))
    return common > 0 and path[:common] == key[:common]

"""Proactive policies: what training has learned, played back without torch.

A run keeps its networks in `policy.npz`, see `econo_env.policies.networks`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from econo_env.market import market_of
from econo_env.policies.emergent.mixture import Group, Mixture
from econo_env.policies.forecasts.choice import make_forecaster
from econo_env.policies.networks import POLICY_FILE, Network, read_forecasts, read_networks
from econo_env.policy import Actions, Mask, Memory, Observations, Rewards, masked
from econo_env.scenario import Scenario

_FRESH = "fresh"


class Learned:
    """Networks that a training run learned, one for all seats that learn or one a role.

    Attributes:
        networks: The networks and their seats.
        deterministic: Whether the mean action is played, or a draw around it.
        note: What reports add of it, empty for nothing.
        wants_all_seats: Whether observations must come for all seats, (..., agents, features), as roles differ.
    """

    def __init__(
        self,
        scenario: Scenario,
        networks: Sequence[Network],
        *,
        seed: int = 0,
        deterministic: bool = True,
        name: str = "proactive",
        note: str = "",
    ) -> None:
        features, components = self._seen(scenario), len(market_of(scenario).action_names(scenario))
        for network in networks:
            inputs, outputs = network.layers[0][0].shape[0], len(network.std)
            if (inputs, outputs) != (features, components):
                raise ValueError(
                    f"the network takes {inputs} features and gives {outputs} actions; {scenario.id} has {features} "
                    f"and {components}: play it in the scenario it was trained in, or one with the same observations"
                )
        self.name, self.note, self.scenario, self.networks = name, note, scenario, tuple(networks)
        self.deterministic = deterministic
        self.wants_all_seats = len(self.networks) > 1
        seated = sorted(seat for network in self.networks for seat in network.seats)
        learn = list(scenario.learning_seats())
        if self.wants_all_seats and seated != learn:
            raise ValueError(
                f"networks for seats {seated} cannot play the {len(learn)} of {scenario.num_agents} agents that learn, "
                "one network a role"
            )
        self.reset(seed)

    def _seen(self, scenario: Scenario) -> int:
        """How many features a network takes."""
        return len(market_of(scenario).observations(scenario))

    @classmethod
    def from_sb3(cls, model: Any, scenario: Scenario, *, seed: int = 0, deterministic: bool = True) -> Self:
        """The policy of an SB3 model as it is now, in every seat; later training does not change it."""
        network = Network.of_sb3(model, range(scenario.num_agents))
        return cls(scenario, [network], seed=seed, deterministic=deterministic, name=type(model).__name__)

    def reset(self, seed: int) -> None:
        """Returns to the first draw of a seed; without effect on mean actions."""
        self._key = np.random.SeedSequence(int(seed)).generate_state(2, np.uint64)
        self._calls = 0

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The learned actions, limited to [-1, 1]."""
        if not self.wants_all_seats:
            return masked(self._of(self.networks[0], observations), mask)
        if np.ndim(observations) < 2 or observations.shape[-2] != self.scenario.num_agents:
            raise ValueError(
                f"observations of shape {np.shape(observations)}: roles have their own networks, give all "
                f"{self.scenario.num_agents} agents, (..., agents, features)"
            )
        actions = np.zeros((*observations.shape[:-1], len(self.networks[0].std)), dtype=np.float32)
        for network in self.networks:
            seats = list(network.seats)
            actions[..., seats, :] = self._of(network, observations[..., seats, :])
        return masked(actions, mask)

    def _of(self, network: Network, observations: Observations) -> Actions:
        actions = network.mean(observations)
        if not self.deterministic:
            philox = np.random.Philox(key=self._key, counter=[0, 0, 0, self._calls])
            self._calls += 1
            actions += network.std * np.random.Generator(philox).standard_normal(actions.shape, dtype=np.float32)
        return np.clip(actions, -1.0, 1.0, out=actions)


class Foreseeing(Learned):
    """A network that sees forecasts beside the market; each agent makes them for itself, and remembers what they need.

    Attributes:
        forecaster: Forecasts, see `econo_env.policies.forecasts.choice`.
    """

    def __init__(
        self, scenario: Scenario, networks: Sequence[Network], forecasts: Mapping[str, Any], **options: Any
    ) -> None:
        """Takes the settings of the forecasts; the options are those of `Learned`."""
        self.forecaster = make_forecaster(scenario, forecasts)
        self._fresh = np.zeros(0, dtype=np.bool_)
        super().__init__(scenario, networks, **options)

    def _seen(self, scenario: Scenario) -> int:
        return super()._seen(scenario) + len(self.forecaster.of)

    def reset(self, seed: int) -> None:
        """Returns to the first draw of a seed, and forgets what was forecast."""
        super().reset(seed)
        self.forecaster.reset(seed)

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Forecasts from what is shown of the last round, and acts on both."""
        given = np.asarray(mask, dtype=np.bool_)
        seen = np.asarray(observations).reshape(-1, given.shape[-1] if given.ndim else 1, np.shape(observations)[-1])
        if self.forecaster.memory is None:
            self._fresh = np.ones(len(seen), dtype=np.bool_)
        told = self.forecaster.see(seen, self._fresh)
        self._fresh = np.zeros(len(seen), dtype=np.bool_)
        both = np.concatenate([seen, told], axis=-1).astype(np.float32)
        return super().act(both.reshape(*given.shape, both.shape[-1]), mask)

    def observe(self, rewards: Rewards, ended: Mask) -> None:
        """Another episode begins where one has ended."""
        self._fresh = np.array(ended, dtype=np.bool_)

    def snapshot(self) -> Memory:
        """What the forecasts rest on."""
        series = self.forecaster.snapshot()
        return {**series, _FRESH: self._fresh.copy()} if series else {}

    def restore(self, memory: Memory) -> None:
        """Goes back to a snapshot."""
        self.forecaster.restore({name: array for name, array in memory.items() if name != _FRESH})
        self._fresh = memory[_FRESH].copy() if memory else np.zeros(0, dtype=np.bool_)


def policy_of(
    scenario: Scenario,
    networks: Sequence[Network],
    *,
    seed: int = 0,
    deterministic: bool = True,
    name: str,
    forecasts: Mapping[str, Any] | None = None,
) -> Learned | Mixture:
    """What networks play: their seats, or where several have the same seats a mixture with their shares.

    Args:
        scenario: The market.
        networks: The networks.
        seed: Of their luck.
        deterministic: Whether mean actions are played.
        name: What it is called.
        forecasts: Settings of the forecasts that they see, if any.
    """
    if forecasts is not None:
        return Foreseeing(scenario, networks, forecasts, seed=seed, deterministic=deterministic, name=name)
    by_seats: dict[tuple[int, ...], list[Network]] = {}
    for network in networks:
        by_seats.setdefault(network.seats, []).append(network)
    if len(by_seats) == len(networks):
        return Learned(scenario, networks, seed=seed, deterministic=deterministic, name=name)
    groups = [
        Group(
            seats,
            tuple(Learned(scenario, [network], seed=seed, deterministic=deterministic) for network in own),
            tuple(network.share for network in own),
        )
        for seats, own in by_seats.items()
    ]
    return Mixture(scenario, groups, seed=seed, name=name)


def from_run(
    scenario: Scenario, seed: int = 0, *, run: str | Path, deterministic: bool = True, name: str | None = None
) -> Learned | Mixture:
    """The policy of a training run, or of one seed's folder in it; of several seeds the first is taken.

    Raises:
        ValueError: The folder holds no policy, or one that cannot play this scenario.
    """
    path = policy_file(run)
    return policy_of(
        scenario,
        read_networks(path),
        seed=seed,
        deterministic=deterministic,
        name=name or Path(run).name,
        forecasts=read_forecasts(path),
    )


def policy_file(run: str | Path) -> Path:
    """Where a training run, or one seed of it, keeps what it learned; of several seeds the first.

    Raises:
        ValueError: The folder holds no policy.
    """
    folder = Path(run)
    found = [folder / POLICY_FILE, *(own / POLICY_FILE for own in trained_seeds(folder).values())]
    path = next((path for path in found if path.is_file()), None)
    if path is None:
        raise ValueError(f"{str(run)!r} holds no trained policy ({POLICY_FILE}): give the folder of a finished run")
    return path


def trained_seeds(run: Path) -> dict[int, Path]:
    """The folders of a run's training seeds that hold a policy, by seed; empty of a run with one seed."""
    folders = [path.parent for path in run.glob(f"seed_*/{POLICY_FILE}")]
    return dict(sorted((int(folder.name.removeprefix("seed_")), folder) for folder in folders))

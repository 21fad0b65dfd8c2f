"""Proactive policies: what training has learned, played back without torch.

A run keeps its networks in `policy.npz`; they are small enough that NumPy plays them at full speed on one thread.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.state import Float32s
from econo_env.files import replacing
from econo_env.market import market_of
from econo_env.policies.emergent.mixture import Group, Mixture
from econo_env.policies.forecasts.choice import make_forecaster
from econo_env.policy import Actions, Mask, Memory, Observations, Rewards, masked
from econo_env.scenario import Scenario

POLICY_FILE = "policy.npz"
_FRESH, _FORECASTS = "fresh", "forecasts"
_ROWS = 8192  # rows computed at once: the layers of a block stay in the cache


def _relu(x: Float32s, out: Float32s) -> None:
    np.maximum(x, 0.0, out=out)


def _tanh(x: Float32s, out: Float32s) -> None:
    np.tanh(x, out=out)


_ACTIVATIONS = {"tanh": _tanh, "relu": _relu}


@dataclass(frozen=True)
class Network:
    """A Gaussian policy network: layers of (weights, biases), the mean action last.

    Attributes:
        seats: The agents it plays.
        layers: Weights (inputs, outputs) and biases (outputs,), float32.
        activation: `tanh` or `relu`, between the layers.
        std: Standard deviation of each action component, float32 (components,).
        share: In a mixed population the chance that it plays a seat in an episode, among the networks of these seats.
        squashed: The mean action goes through tanh, as with SAC and TD3.
    """

    seats: tuple[int, ...]
    layers: tuple[tuple[Float32s, Float32s], ...]
    activation: str
    std: Float32s
    share: float = 1.0
    squashed: bool = False

    @classmethod
    def of_sb3(cls, model: Any, seats: Sequence[int]) -> Self:
        """A copy of the actor of an SB3 on-policy model with an `MlpPolicy` of tanh or ReLU layers.

        Raises:
            ValueError: The model's actor is something else.
        """
        from torch.nn import Linear

        policy = model.policy
        modules = [*policy.mlp_extractor.policy_net, policy.action_net]
        kinds = {type(module).__name__.lower() for module in modules if not isinstance(module, Linear)}
        gaussian = "log_std" in dict(policy.named_parameters())
        if len(kinds) > 1 or not kinds <= set(_ACTIVATIONS) or not gaussian:
            raise ValueError(f"only Gaussian MlpPolicies of tanh or ReLU layers are played here, not {sorted(kinds)}")
        layers = tuple(
            (_array(module.weight).T.copy(), _array(module.bias)) for module in modules if isinstance(module, Linear)
        )
        return cls(tuple(seats), layers, next(iter(kinds), "relu"), np.exp(_array(policy.log_std)))

    @classmethod
    def of_actor(cls, modules: Sequence[Any], seats: Sequence[int]) -> Self:
        """A copy of the actor of an SB3 off-policy model, ReLU layers whose last one is squashed by tanh.

        Exploration is the algorithm's own: the network plays its mean.
        """
        from torch.nn import Linear

        layers = tuple(
            (_array(module.weight).T.copy(), _array(module.bias)) for module in modules if isinstance(module, Linear)
        )
        return cls(tuple(seats), layers, "relu", np.zeros(layers[-1][0].shape[1], np.float32), squashed=True)

    def mean(self, observations: Observations) -> Actions:
        """Mean actions (..., components) for observations (..., features), not yet limited to [-1, 1]."""
        rows = np.ascontiguousarray(observations, dtype=np.float32).reshape(-1, observations.shape[-1])
        actions = np.empty((len(rows), len(self.std)), dtype=np.float32)
        bend = _ACTIVATIONS[self.activation]
        for start in range(0, len(rows), _ROWS):
            x = rows[start : start + _ROWS]
            for number, (weights, biases) in enumerate(self.layers):
                x = x @ weights
                x += biases
                if number < len(self.layers) - 1:
                    bend(x, out=x)
            actions[start : start + _ROWS] = x
        if self.squashed:
            np.tanh(actions, out=actions)
        return actions.reshape(*observations.shape[:-1], len(self.std))


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


def write_networks(path: Path, networks: Sequence[Network], forecasts: Mapping[str, Any] | None = None) -> None:
    """Writes networks to an .npz file, in one step: readers see the old file or the new one.

    Args:
        path: The file.
        networks: The networks.
        forecasts: Settings of the forecasts that they see, if any.
    """
    told = {} if forecasts is None else {_FORECASTS: np.array(json.dumps(dict(forecasts)))}
    with replacing(path) as file:
        np.savez(file, **arrays_of(networks), **told)  # type: ignore[arg-type]  # numpy takes its own options as keywords too


def read_forecasts(path: Path) -> dict[str, Any] | None:
    """The settings of the forecasts that networks in a file see; None where they see none."""
    with np.load(path, allow_pickle=False) as kept:
        return dict(json.loads(str(kept[_FORECASTS]))) if _FORECASTS in kept else None


def arrays_of(networks: Sequence[Network]) -> dict[str, NDArray[Any]]:
    """Networks as named arrays."""
    about = [
        {
            "seats": n.seats,
            "layers": len(n.layers),
            "activation": n.activation,
            "share": n.share,
            "squashed": n.squashed,
        }
        for n in networks
    ]
    arrays: dict[str, NDArray[Any]] = {"about": np.array(json.dumps(about))}
    for k, network in enumerate(networks):
        arrays[f"{k}/std"] = network.std
        for j, (weights, biases) in enumerate(network.layers):
            arrays[f"{k}/{j}/weights"], arrays[f"{k}/{j}/biases"] = weights, biases
    return arrays


def read_networks(path: Path) -> list[Network]:
    """The networks that `write_networks` wrote.

    Raises:
        ValueError: The file is damaged or something else.
    """
    try:
        with np.load(path, allow_pickle=False) as kept:
            return networks_in(kept)
    except (OSError, KeyError, ValueError, EOFError) as error:
        raise ValueError(f"{str(path)!r} is no policy of a training run, or damaged ({error})") from None


def networks_in(kept: Mapping[str, NDArray[Any]]) -> list[Network]:
    """The networks that `arrays_of` gave."""
    networks = []
    for k, about in enumerate(json.loads(str(kept["about"]))):
        layers = tuple((kept[f"{k}/{j}/weights"], kept[f"{k}/{j}/biases"]) for j in range(about["layers"]))
        share, squashed = float(about.get("share", 1.0)), bool(about.get("squashed", False))  # 0.1.0 wrote neither
        networks.append(Network(tuple(about["seats"]), layers, about["activation"], kept[f"{k}/std"], share, squashed))
    return networks


def _array(tensor: Any) -> Float32s:
    return np.array(tensor.detach().cpu().numpy(), dtype=np.float32)


def trained_seeds(run: Path) -> dict[int, Path]:
    """The folders of a run's training seeds that hold a policy, by seed; empty of a run with one seed."""
    folders = [path.parent for path in run.glob(f"seed_*/{POLICY_FILE}")]
    return dict(sorted((int(folder.name.removeprefix("seed_")), folder) for folder in folders))

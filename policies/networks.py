"""Networks that training has learned: what they compute, without torch, and the file that keeps them.

They are small enough that NumPy plays them at full speed on one thread.
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
from econo_env.policy import Actions, Observations

POLICY_FILE = "policy.npz"
_FORECASTS = "forecasts"
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

"""Recurrent policies: what training has learned with a memory (an LSTM), played back without torch.

The memory is of market and agent; an episode begins without one. A policy that was trained to (`sees_last`) also sees
its own last action and what it earned, which is all that a learner learns from: the memory is then a learner of its
own (RL^2, Duan et al. 2016; Wang et al. 2016).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.state import Float32s
from econo_env.files import replacing
from econo_env.market import market_of
from econo_env.policies.networks import Network
from econo_env.policy import Actions, Mask, Memory, Observations, Rewards, masked
from econo_env.scenario import Scenario

RECURRENT = "recurrent"
"""The key of a policy file that tells what remembers."""


@dataclass(frozen=True)
class RecurrentNetwork:
    """An LSTM with a Gaussian policy network on top.

    Attributes:
        head: Takes what the LSTM gives; its seats are those of the whole.
        inputs: Weights of what is seen, float32 (inputs, 4 * units): input, forget, cell and output gate.
        hidden: Weights of what is remembered, float32 (units, 4 * units).
        biases: float32 (4 * units,).
        sees_last: Whether the last action and reward are among what is seen.
    """

    head: Network
    inputs: Float32s
    hidden: Float32s
    biases: Float32s
    sees_last: bool

    @classmethod
    def of_sb3(cls, model: Any, seats: Sequence[int], *, sees_last: bool) -> Self:
        """A copy of the actor of a RecurrentPPO model with an LSTM of one layer."""
        lstm = dict(model.policy.lstm_actor.named_parameters())
        kept = {name: np.array(tensor.detach().cpu().numpy(), dtype=np.float32) for name, tensor in lstm.items()}
        return cls(
            Network.of_sb3(model, seats),
            kept["weight_ih_l0"].T.copy(),
            kept["weight_hh_l0"].T.copy(),
            kept["bias_ih_l0"] + kept["bias_hh_l0"],
            sees_last,
        )

    @property
    def units(self) -> int:
        """Numbers that are remembered, twice."""
        return int(self.hidden.shape[0])

    def step(self, seen: Float32s, hidden: Float32s, cell: Float32s) -> tuple[Float32s, Float32s, Float32s]:
        """Mean actions and the next memory, for rows of what is seen and remembered."""
        gates = seen @ self.inputs + hidden @ self.hidden + self.biases
        into, keep, new, out = np.split(gates, 4, axis=-1)
        cell = _sigmoid(keep) * cell + _sigmoid(into) * np.tanh(new)
        hidden = _sigmoid(out) * np.tanh(cell)
        return self.head.mean(hidden), hidden, cell


class Recalling:
    """Plays a recurrent network, by market and agent.

    Attributes:
        name: Its name in tables.
        scenario: The market.
        network: What plays.
        deterministic: Whether the mean action is played, or a draw around it.
    """

    def __init__(
        self,
        scenario: Scenario,
        network: RecurrentNetwork,
        *,
        seed: int = 0,
        deterministic: bool = True,
        name: str = "recurrent",
    ) -> None:
        """Takes a network.

        Raises:
            ValueError: It was trained on other observations or actions.
        """
        market = market_of(scenario)
        features, components = len(market.observations(scenario)), len(market.action_names(scenario))
        inputs = features + (components + 1 if network.sees_last else 0)
        if (network.inputs.shape[0], len(network.head.std)) != (inputs, components):
            raise ValueError(
                f"the network takes {network.inputs.shape[0]} numbers and gives {len(network.head.std)} actions; "
                f"{scenario.id} has {inputs} and {components}: play it in the scenario it was trained in"
            )
        self.name, self.scenario, self.network, self.deterministic = name, scenario, network, deterministic
        self._components = components
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Remembers nothing."""
        self._seed, self._calls = int(seed), 0
        self._memory: dict[str, NDArray[Any]] = {}

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The learned actions, limited to [-1, 1]; whoever may do nothing remembers nothing of the tick."""
        given = np.asarray(mask, dtype=np.bool_)
        shape = given.shape if given.ndim > 1 else (1, given.size)
        seen = np.asarray(observations, dtype=np.float32).reshape(*shape, np.shape(observations)[-1])
        memory = self._begun(shape)
        if self.network.sees_last:
            seen = np.concatenate([seen, memory["action"], memory["reward"][..., None]], axis=-1)
        actions, hidden, cell = self.network.step(seen, memory["hidden"], memory["cell"])
        if not self.deterministic:
            draws = np.random.default_rng([self._seed, self._calls]).standard_normal(actions.shape, dtype=np.float32)
            self._calls += 1
            actions = actions + self.network.head.std * draws
        plays = given.reshape(shape)
        memory["hidden"] = np.where(plays[..., None], hidden, memory["hidden"])
        memory["cell"] = np.where(plays[..., None], cell, memory["cell"])
        limited = masked(np.clip(actions, -1.0, 1.0).astype(np.float32), plays)
        memory["action"] = limited.copy()
        return limited.reshape(*given.shape, self._components)

    def observe(self, rewards: Rewards, ended: Mask) -> None:
        """Hears what was earned; an episode's end is forgotten."""
        if not self._memory:
            return
        self._memory["reward"] = np.asarray(rewards, dtype=np.float32).copy()
        over = np.asarray(ended, dtype=np.bool_)
        for array in self._memory.values():
            array[over] = 0.0

    def snapshot(self) -> Memory:
        """What is remembered."""
        return {name: array.copy() for name, array in self._memory.items()}

    def restore(self, memory: Memory) -> None:
        """Goes back to a snapshot."""
        self._memory = {name: array.copy() for name, array in memory.items()}

    def _begun(self, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        if not self._memory:
            units = (*shape, self.network.units)
            self._memory = {
                "hidden": np.zeros(units, dtype=np.float32),
                "cell": np.zeros(units, dtype=np.float32),
                "action": np.zeros((*shape, self._components), dtype=np.float32),
                "reward": np.zeros(shape, dtype=np.float32),
            }
        return self._memory


def _sigmoid(x: Float32s) -> Float32s:
    value: Float32s = 0.5 * (1.0 + np.tanh(0.5 * x))
    return value


def write_recurrent(path: Path, network: RecurrentNetwork) -> None:
    """Writes a network to an .npz file, in one step."""
    head = network.head
    about = {"seats": head.seats, "layers": len(head.layers), "activation": head.activation, "last": network.sees_last}
    arrays: dict[str, NDArray[Any]] = {RECURRENT: np.array(json.dumps(about)), "std": head.std}
    arrays |= {"inputs": network.inputs, "hidden": network.hidden, "biases": network.biases}
    for place, (weights, biases) in enumerate(head.layers):
        arrays[f"{place}/weights"], arrays[f"{place}/biases"] = weights, biases
    with replacing(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # numpy takes its own options as keywords too


def read_recurrent(path: Path) -> RecurrentNetwork | None:
    """The network that `write_recurrent` wrote; None where the file holds something else."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            if RECURRENT not in kept:
                return None
            about = json.loads(str(kept[RECURRENT]))
            layers = tuple((kept[f"{n}/weights"], kept[f"{n}/biases"]) for n in range(about["layers"]))
            head = Network(tuple(about["seats"]), layers, about["activation"], kept["std"])
            return RecurrentNetwork(head, kept["inputs"], kept["hidden"], kept["biases"], bool(about["last"]))
    except (OSError, KeyError, ValueError, EOFError):
        return None

"""Policy-space response oracles with PPO as the oracle (Lanctot et al., NeurIPS 2017).

A population of networks of each role; a meta-solver mixes them; against that mixture one seat of each role learns a
reply from scratch, which joins the population. What replies gain, summed over all seats, is the NashConv that is told.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from econo_env.games.normal_form import Floats, NormalForm
from econo_env.interfaces.sb3 import MarketVecEnv
from econo_env.policies.emergent.meta_solvers import META_SOLVERS, support
from econo_env.policies.emergent.mixture import Mixture
from econo_env.policies.networks import Network, write_networks
from econo_env.policies.proactive import Learned
from econo_env.policy import Actions, Mask, Observations, Policy
from econo_env.training.config import TrainingConfig
from econo_env.training.populations.empirical import EmpiricalGame, returns
from econo_env.training.ppo import MarketPPO, make_ppo, random_state, restore_random_state, scheduled
from econo_env.training.trainer import derived_seed, has_finished, share_of

_STARTED_ON = 32_768
"""Markets in which the mean action that a reply begins with is chosen, at most."""


class PsroTrainer:
    """The learners of one seed, a reply after the other.

    Attributes:
        config: The configuration.
        seed: Fixes everything.
        roles: Seats by role.
        game: The empirical game of the population.
        networks_of: The population of each role.
        mixtures: What the meta-solver plays, (policies,) of each role.
        learners: The reply that learns now, by its role.
        iteration: Rollouts and updates so far.
        done: Agent-steps of each role's replies.
    """

    def __init__(self, config: TrainingConfig, seed: int) -> None:
        torch.set_num_threads(config.torch_threads)
        self.config, self.seed, self.iteration = config, seed, 0
        self.roles = config.roles()
        self._names = list(self.roles)
        self.game = EmpiricalGame(
            config.scenario, list(self.roles.values()), derived_seed(seed, 1), config.psro.num_markets
        )
        self.networks_of: list[list[Network]] = [[] for _ in self.roles]
        self.done = dict.fromkeys(self.roles, 0)
        self._replies: list[Network] = []
        first = [self._learner(role, _Nobody()) for role in range(len(self.roles))]
        self._join([Network.of_sb3(one, seats) for one, seats in zip(first, self.roles.values(), strict=True)])
        self.mixtures: list[Floats] = [np.ones(1) for _ in self.roles]
        self._start_reply()

    @property
    def timesteps(self) -> int:
        """Agent-steps so far, over all replies."""
        return sum(self.steps().values())

    @property
    def finished(self) -> bool:
        """Whether every role has had its replies and its steps, and none is half learned."""
        between = not self._replies and all(one.num_timesteps == 0 for one in self.learners.values())
        return between and self.expansions >= self.config.psro.replies and has_finished(self.config, self.steps())

    @property
    def expansions(self) -> int:
        """Replies of each role that have joined the population."""
        return len(self.networks_of[0]) - 1

    def steps(self) -> dict[str, int]:
        """Agent-steps so far by role."""
        learning = {role: learner.num_timesteps for role, learner in self.learners.items()}
        return {role: done + learning.get(role, 0) for role, done in self.done.items()}

    def parameters(self) -> int:
        """Numbers to learn in one reply's actor and critic."""
        learner = next(iter(self.learners.values()))
        return sum(p.numel() for p in learner.policy.parameters())

    def write_policy(self, path: Path) -> None:
        """Writes the mixture to a file that `make_policy` plays."""
        write_networks(path, self.networks())

    def networks(self) -> list[Network]:
        """The networks that the mixture plays, with their shares."""
        return [
            Network(one.seats, one.layers, one.activation, one.std, float(share))
            for own, mixed in zip(self.networks_of, self.mixtures, strict=True)
            for one, share in zip(own, mixed, strict=True)
            if share > 0.0
        ]

    def policy(self, *, deterministic: bool = True) -> Mixture:
        """The mixture; its networks play their means, whether or not exploration is asked for."""
        return self.game.mixture(self.mixtures, derived_seed(self.seed, 2))

    def header(self) -> str:
        """What is being trained."""
        config = self.config
        return (
            f"training {config.scenario.id} by policy-space response oracles, seed {self.seed}\n"
            f"{config.psro.replies} replies of {', '.join(self.roles)}, {self.parameters():,} parameters each, "
            f"meta-solver {config.meta_solver()}, payoffs from {config.psro.num_markets:,} markets a profile"
        )

    def iterate(self) -> dict[str, float]:
        """One rollout and update of the reply that learns; where it is done, it joins, and the mixture is solved."""
        self.iteration += 1
        (role, learner), std = next(iter(self.learners.items())), self.config.learner.std
        suffix = "" if len(self.roles) == 1 else f"/{role}"
        reward = learner.iterate(None if std.final is None else scheduled(std, learner.progress()))
        scalars = {f"rollout/step_reward_mean{suffix}": reward}
        for name, value in learner.logger.name_to_value.items():
            if name.startswith("train/"):
                scalars[f"{name}{suffix}"] = float(value)
        learner.logger.name_to_value.clear()
        if learner.num_timesteps >= self._steps_of_reply(role):
            self.done[role] += learner.num_timesteps
            self._replies.append(Network.of_sb3(learner, self.roles[role]))
            if len(self._replies) == len(self.roles):
                scalars |= self._expand()
            self._start_reply()
        return scalars

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on."""
        learning = {role: learner.learner_state() for role, learner in self.learners.items()}
        return {
            "iteration": self.iteration,
            "learners": {role: {"num_timesteps": steps} for role, steps in self.steps().items()},
            "learning": learning,
            "done": dict(self.done),
            "population": [[_kept(one) for one in own] for own in self.networks_of],
            "replies": [_kept(one) for one in self._replies],
            "mixtures": [mixed.tolist() for mixed in self.mixtures],
            "played": [[[list(one) for one in seated], list(map(float, earned))] for seated, earned in self._played()],
            "random": random_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes back to what `state` gave.

        Raises:
            ValueError: It is of another configuration.
        """
        if set(state["learners"]) != set(self.roles) or "population" not in state:
            raise ValueError(f"the checkpoint has networks {list(state['learners'])}, no population: train anew")
        self.iteration, self.done = int(state["iteration"]), dict(state["done"])
        self.networks_of = [[] for _ in self.roles]
        self.game.policies = [[] for _ in self.roles]
        for networks in zip(*state["population"], strict=True):
            self._join([_network(one) for one in networks])
        self.game.played = {tuple(tuple(one) for one in seated): np.array(earned) for seated, earned in state["played"]}
        self._replies = [_network(one) for one in state["replies"]]
        self.mixtures = [np.array(mixed) for mixed in state["mixtures"]]
        self._start_reply()
        for role, learner in self.learners.items():
            learner.restore_learner(state["learning"][role])
        restore_random_state(state["random"])

    def _expand(self) -> dict[str, float]:
        """Takes the replies in, and solves the larger game; what they gain on the mixture that they answer."""
        solver = META_SOLVERS[self.config.meta_solver()]
        game, gained, mixtures = self.game.expand(self._played_by(self._replies), self.mixtures, solver)
        self._keep(self._replies)
        self._replies, self.mixtures = [], mixtures
        found = {"psro/nash_conv": gained, "psro/population": float(len(self.networks_of[0]))}
        for role, mixed in zip(self._names, self.mixtures, strict=True):
            found[f"psro/support/{role}"] = float(support(mixed))
            found[f"psro/value/{role}"] = self._value(game, role)
        return found

    def _value(self, game: NormalForm, role: str) -> float:
        return game.value(self.roles[role][0], self.game.everywhere(self.mixtures))

    def _played_by(self, networks: list[Network]) -> list[Learned]:
        """The policies that play the means of networks, one a role."""
        return [Learned(self.config.scenario, [one]) for one in networks]

    def _keep(self, networks: list[Network]) -> None:
        for own, network in zip(self.networks_of, networks, strict=True):
            own.append(network)

    def _join(self, networks: list[Network]) -> None:
        """Adds a network of each role to the population without a look at what it earns."""
        self.game.add([[policy] for policy in self._played_by(networks)])
        self._keep(networks)

    def _start_reply(self) -> None:
        """The next role begins to learn against the mixture."""
        role = len(self._replies)
        learner = self._learner(role)
        learner.begin(self._steps_of_reply(self._names[role]), difference_rewards=self.config.difference_rewards())
        self.learners = {self._names[role]: learner}

    def _learner(self, role: int, opponents: Policy | None = None) -> MarketPPO:
        """A reply of a role that has learned nothing yet; against the mixture, or others who never act."""
        config, seats = self.config, self.roles[self._names[role]]
        env = MarketVecEnv(
            config.scenario, config.learner.num_markets, seats=seats[:1], opponents=opponents or self.policy()
        )
        seed = derived_seed(self.seed, 3, len(self.networks_of[0]), role)
        learner = make_ppo(config, env, seed)
        if opponents is None and config.psro.starts > 1:
            self._begin_at_the_best(learner, seats, seed)
        return learner

    def _begin_at_the_best(self, learner: MarketPPO, seats: tuple[int, ...], seed: int) -> None:
        """Moves a reply to the mean action of several, a Latin hypercube, that earns most against the mixture."""
        settings, layer = self.config.psro, learner.policy.action_net
        markets = min(settings.num_markets, _STARTED_ON)
        assert isinstance(layer, torch.nn.Linear)
        bias = layer.bias
        rng, places = np.random.default_rng([seed, 1]), np.tile(np.arange(settings.starts), (len(bias), 1))
        within = rng.permuted(places, axis=1) + rng.random(places.shape)
        drawn = torch.as_tensor((2.0 * within / settings.starts - 1.0).T)
        others: dict[int, Policy] = dict.fromkeys(range(self.config.scenario.num_agents), self.policy())
        earned = []
        with torch.no_grad():
            for start in drawn:
                bias.copy_(start)
                (reply,) = self._played_by([Network.of_sb3(learner, seats)])
                seated = others | {seats[0]: reply}
                earned.append(returns(self.config.scenario, seated, self.game.seed, markets)[seats[0]])
            bias.copy_(drawn[int(np.argmax(earned))])

    def _steps_of_reply(self, role: str) -> int:
        return -(-share_of(self.config, len(self.roles[role])) // self.config.psro.replies)

    def _played(self) -> list[tuple[tuple[tuple[int, ...], ...], Floats]]:
        return list(self.game.played.items())


class _Nobody:
    """Holds the seats of others while a network is made."""

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Is never asked."""
        raise RuntimeError("nobody learns against it")


def _kept(network: Network) -> dict[str, Any]:
    """A network as tensors and plain numbers."""
    layers = [[torch.from_numpy(weights.copy()), torch.from_numpy(biases.copy())] for weights, biases in network.layers]
    std = torch.from_numpy(network.std.copy())
    return {"seats": list(network.seats), "layers": layers, "activation": network.activation, "std": std}


def _network(kept: dict[str, Any]) -> Network:
    layers = tuple((weights.numpy(), biases.numpy()) for weights, biases in kept["layers"])
    return Network(tuple(kept["seats"]), layers, str(kept["activation"]), kept["std"].numpy())

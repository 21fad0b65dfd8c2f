"""Learners that share a market: one network in all seats, or several that take turns.

With several roles SB3's PPO trains them alternately: each in turn makes a rollout in its own seats and one update,
while every other seat is played by its role's network as it stands: its mean with difference rewards, which judge
single actions among policies that do not explore, and exploration included without.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from econo_env.engine.state import Bools, Float32s
from econo_env.interfaces.sb3 import MarketVecEnv
from econo_env.policies.listed import Idle, in_its_market, listed
from econo_env.policies.networks import Network, write_networks
from econo_env.policies.population import Seated
from econo_env.policies.proactive import Learned, policy_of
from econo_env.policies.recurrent import Recalling, RecurrentNetwork, write_recurrent
from econo_env.policy import Named, Policy
from econo_env.population import labels_of
from econo_env.training.checkpoints import latest_checkpoint
from econo_env.training.config import OFF_POLICY, TrainingConfig
from econo_env.training.evaluation.levels import level_scalars, moves
from econo_env.training.forecasting import market_env
from econo_env.training.learner import MarketLearner
from econo_env.training.off_policy import make_off_policy
from econo_env.training.opponents import Pool
from econo_env.training.ppo import make_ppo, random_state, restore_random_state, scheduled


class Trainer:
    """Learners of one seed, taking turns: one rollout and update each, while the others play what they last were.

    Attributes:
        config: The configuration.
        seed: Fixes everything.
        learners: SB3 models by role; `shared` alone where one network plays all seats.
        iteration: Turns that every learner has had.
        listed: By role those of the population who do not learn, as they play with it.
    """

    def __init__(self, config: TrainingConfig, seed: int) -> None:
        torch.set_num_threads(config.torch_threads)
        self.config, self.seed, self.iteration = config, seed, 0
        self.roles, self.homes = config.roles(), config.homes()
        self.pool = None if config.opponents is None else Pool(config.opponents, config.scenario)
        self.learners: dict[str, MarketLearner] = {}
        self.listed: dict[str, Seated] = {}
        for number, (role, seats) in enumerate(self.homes.items()):
            others = set(range(config.scenario.num_agents)) - set(seats)
            if config.scenario.population is not None:
                self.listed[role] = listed(config.scenario, derived_seed(seed, number), learned=Idle(config.scenario))
            env = market_env(config, seats, dict.fromkeys(others, _Nobody()) if others else None)
            # the first learner has the run's own seed, as PPO(seed=...) would
            seed_of_role = seed if number == 0 else derived_seed(seed, number)
            self.learners[role] = _made(config, env, seed_of_role)
        if config.warm_start is not None:
            self._start_from(Path(config.warm_start))
        for role, learner in self.learners.items():
            learner.begin(share_of(config, len(self.homes[role])), difference_rewards=config.difference_rewards())

    @property
    def timesteps(self) -> int:
        """Agent-steps so far, over all learners."""
        return sum(learner.num_timesteps for learner in self.learners.values())

    @property
    def finished(self) -> bool:
        """Whether every learner has had its steps."""
        return has_finished(self.config, self.steps())

    def steps(self) -> dict[str, int]:
        """Agent-steps so far of each learner."""
        return {role: learner.num_timesteps for role, learner in self.learners.items()}

    def parameters(self) -> int:
        """Numbers to learn in one learner's actor and critic."""
        learner = next(iter(self.learners.values()))
        return sum(p.numel() for p in learner.policy.parameters())

    def networks(self) -> list[Network]:
        """What has been learned so far."""
        return [learner.network(self.roles[role]) for role, learner in self.learners.items()]

    def policy(self, *, deterministic: bool = True) -> Named:
        """What has been learned so far, in the seats that learn; the others play as they are listed."""
        scenario = self.config.scenario
        if (recurrent := self.recurrent()) is not None:
            remembers = Recalling(scenario, recurrent, seed=self.seed, deterministic=deterministic)
            return in_its_market(remembers, scenario, self.seed)
        told = self.config.forecasts
        forecasts = None if told is None else told.model_dump()
        plays = policy_of(scenario, self.networks(), deterministic=deterministic, name="proactive", forecasts=forecasts)
        return in_its_market(plays, scenario, self.seed)

    def recurrent(self) -> RecurrentNetwork | None:
        """The network with a memory that has been learned so far; None where networks have none."""
        if self.config.algorithm != "recurrent_ppo":
            return None
        (role, model), *_ = self.learners.items()
        return RecurrentNetwork.of_sb3(model, self.roles[role], sees_last=self.config.recurrent.sees_last)

    def write_policy(self, path: Path) -> None:
        """Writes what has been learned so far to a file that `make_policy` plays."""
        if (recurrent := self.recurrent()) is not None:
            write_recurrent(path, recurrent)
            return
        told = self.config.forecasts
        write_networks(path, self.networks(), None if told is None else told.model_dump(mode="json"))

    def header(self) -> str:
        """What is being trained, in three lines."""
        config, learner = self.config, self.config.learner
        count, agents = len(self.learners), config.scenario.num_agents
        learn = len(config.scenario.learning_seats())
        seats = f"all {agents}" if config.sharing == "shared" and learn == agents else f"{learn}"
        seats += "" if learn == agents else f" of {agents}"
        if config.sharing == "shared":
            who = f"shared: one network in {seats} seats"
        else:
            who = f"{config.sharing}: {count} networks for {seats} seats, taking turns while the others are frozen"
        if config.scenario.population is not None:
            named = zip(labels_of(config.scenario.population), config.scenario.population, strict=True)
            who += "; as listed: " + (
                ", ".join(f"{g.count} {name}" for name, g in named if not g.learns) or "nobody else"
            )
        rollout = learner.num_markets * learner.n_steps * learn
        apart = (
            "actor and critic apart" if config.hidden_layers()["vf"] else "no critic: differences are the advantages"
        )
        return (
            f"training {config.scenario.id}, {agents} agents, seed {self.seed}\n"
            f"{who}; {self.parameters():,} parameters each, "
            f"{' x '.join(map(str, learner.net_arch))} {learner.activation}, {apart}\n"
            f"{learner.num_markets:,} markets x {learner.n_steps} ticks = {rollout:,} samples a rollout, minibatches "
            f"of {learner.batch_size:,}, {learner.n_epochs} epochs, gamma {config.gamma():g}"
        )

    def iterate(self) -> dict[str, float]:
        """One turn of every learner; SB3's numbers and the mean reward of a step, by their log names."""
        scalars: dict[str, float] = {}
        before = self.timesteps
        self.iteration += 1
        for role, learner in self.learners.items():
            if learner.num_timesteps >= share_of(self.config, len(self.homes[role])):
                continue
            self._seat_the_others(role)
            std = self.config.learner.std
            reward = learner.iterate(None if std.final is None else scheduled(std, learner.progress()))
            suffix = "" if len(self.learners) == 1 else f"/{role}"
            scalars[f"rollout/step_reward_mean{suffix}"] = reward
            for name, value in learner.logger.name_to_value.items():
                if name.startswith("train/"):
                    scalars[f"{name}{suffix}"] = float(value)
            learner.logger.name_to_value.clear()
            if self.pool is not None:
                earned = learner.markets.tally
                assert earned is not None
                self.pool.judge(earned, self.homes[role])
            if role in self.listed and moves(self.config.scenario):
                shape = (self.config.learner.num_markets, self.config.scenario.num_agents)
                found = level_scalars(self.listed[role], shape)
                scalars |= {f"{name}{suffix}": value for name, value in found.items()}
        if self.pool is not None:
            self._fill(self.pool, before)
            scalars |= self.pool.scalars()
        return scalars

    def _fill(self, pool: Pool, before: int) -> None:
        assert self.config.opponents is not None
        every = self.config.opponents.past_every
        if every and self.timesteps // every > before // every:
            pool.keep(self.networks(), self.timesteps)

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on."""
        return {
            "iteration": self.iteration,
            "learners": {role: learner.learner_state() for role, learner in self.learners.items()},
            "random": random_state(),
        } | ({} if self.pool is None else {"pool": self.pool.state()})

    def restore(self, state: dict[str, Any]) -> None:
        """Goes back to what `state` gave.

        Raises:
            ValueError: It is of another configuration.
        """
        kept = self.config.by_network(state["learners"])
        if set(kept) != set(self.learners):
            raise ValueError(f"the checkpoint has networks {list(kept)}, not {list(self.learners)}: train anew")
        self.iteration = int(state["iteration"])
        for role, learner in self.learners.items():
            if role in self.listed:
                self._seat_the_others(role)  # they take over what they remembered
            try:
                learner.restore_learner(kept[role])
            except RuntimeError as error:
                words = " ".join(str(error).split())
                raise ValueError(f"the checkpoint has networks of another shape: train anew ({words})") from None
        if self.pool is not None:
            self.pool.restore(state["pool"])
        restore_random_state(state["random"])

    def _seat_the_others(self, role: str) -> None:
        env = self.learners[role].markets
        if self.pool is not None:
            rest = [seat for seat in range(self.config.scenario.num_agents) if seat not in self.homes[role]]
            seed = derived_seed(self.seed, self.iteration, list(self.roles).index(role))
            latest = Learned(self.config.scenario, self.networks(), name="latest")
            env.tally = np.zeros((env.num_markets, self.config.scenario.num_agents))
            env.set_opponents(self.pool.players(rest, latest, seed))
            return
        players: dict[int, Policy] = {}
        if role in self.listed:
            others, learn = self.listed[role], set(self.config.scenario.learning_seats())
            _renew(others, derived_seed(self.seed, self.iteration, len(self.roles)))
            players |= dict.fromkeys(set(range(self.config.scenario.num_agents)) - learn, others)
        for number, (other, seats) in enumerate(self.roles.items()):
            if other == role:
                continue
            network = self.learners[other].network(seats)
            explores = not self.config.difference_rewards()
            player = _Frozen(network, derived_seed(self.seed, self.iteration, number), explores=explores)
            players.update(dict.fromkeys(seats, player))
        if players:
            env.set_opponents(players)

    def _start_from(self, run: Path) -> None:
        state = latest_checkpoint(run / "checkpoints", lambda _: None)
        if state is None:
            raise ValueError(f"warm_start={str(run)!r} holds no checkpoint: give the folder of one seed's run")
        found = self.config.by_network(state["learners"])
        for role, learner in self.learners.items():
            kept = found.get(role) or found.get("shared")
            if kept is None:
                raise ValueError(f"warm_start={str(run)!r} has networks {list(found)}, none for {role!r}")
            try:
                learner.start_from(kept["policy"])
            except RuntimeError as error:
                words = " ".join(str(error).split())
                raise ValueError(f"warm_start={str(run)!r} has networks of another shape: {words}") from None


def _renew(others: Seated, seed: int) -> None:
    """Gives players luck that follows from the turn alone, so that a resumed run goes on as if nothing had happened."""
    remembered = others.snapshot()
    others.reset(seed)
    others.restore(remembered)


def _made(config: TrainingConfig, env: MarketVecEnv, seed: int) -> MarketLearner:
    """A learner of the configured algorithm.

    Raises:
        ValueError: It needs a library that is not installed.
    """
    if config.algorithm in OFF_POLICY:
        return make_off_policy(config, env, seed)
    if config.algorithm != "recurrent_ppo":
        return make_ppo(config, env, seed)
    try:
        from econo_env.training.recurrent import make_recurrent
    except ModuleNotFoundError:
        raise ValueError("recurrent_ppo needs sb3-contrib: pip install econo-env[recurrent]") from None
    return make_recurrent(config, env, seed)


class _Frozen:
    """A network that another role learned, until its own next turn: its mean actions, or with its exploration."""

    def __init__(self, network: Network, seed: int, *, explores: bool) -> None:
        self._network, self._seed, self._calls, self._explores = network, seed, 0, explores

    def reset(self, seed: int) -> None:
        """Keeps the seed it was made with."""

    def act(self, observations: Float32s, mask: Bools) -> Float32s:
        """Draws actions around the mean."""
        actions = self._network.mean(observations)
        if not self._explores:
            return np.where(mask[..., None], np.clip(actions, -1.0, 1.0), np.float32(0.0))
        draws = np.random.default_rng([self._seed, self._calls]).standard_normal(actions.shape, dtype=np.float32)
        self._calls += 1
        return np.where(mask[..., None], np.clip(actions + self._network.std * draws, -1.0, 1.0), np.float32(0.0))


class _Nobody:
    """Holds a seat until the first turn begins."""

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Float32s, mask: Bools) -> Float32s:
        """Is replaced before anybody acts."""
        raise RuntimeError("the other roles take their seats when a turn begins")


def share_of(config: TrainingConfig, seats: int) -> int:
    """Agent-steps of a role with so many seats: their part of the total."""
    return -(-config.total_timesteps * seats // sum(map(len, config.homes().values())))


def has_finished(config: TrainingConfig, steps: Mapping[str, int]) -> bool:
    """Whether every learner, by its role, has had its steps."""
    homes = config.homes()
    return all(done >= share_of(config, len(homes[role])) for role, done in steps.items())


def derived_seed(*numbers: int) -> int:
    """A seed of its own for each list of numbers, in [0, 2^32)."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint32)[0])

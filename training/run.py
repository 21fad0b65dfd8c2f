"""A training run in a folder: from a configuration to learned networks, and on from wherever it stopped.

RUN holds `config.yaml` (resolved, the whole scenario included), `provenance.json`, `checkpoints/`, `tensorboard/`,
`metrics.jsonl`, `policy.npz` (what `make_policy(RUN)` plays) and, at the end, `summary.json`. With several seeds each has
such a folder, `RUN/seed_0`, ...
"""

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from rich.console import Console

from econo_env.interfaces.sb3 import MarketVecEnv
from policies.proactive import POLICY_FILE, Learned, Network, write_networks
from training.checkpoints import checkpoint_path, latest_checkpoint, remove_old, write_checkpoint
from training.config import TrainingConfig, config_from
from training.logs import Logs
from training.ppo import MarketPPO, make_ppo, random_state, restore_random_state, scheduled
from training.probe import look
from training.progress import TrainingProgress
from training.provenance import provenance

CONFIG_FILE, PROVENANCE_FILE, SUMMARY_FILE = "config.yaml", "provenance.json", "summary.json"
RESUMABLE = ("total_timesteps", "evaluation", "checkpoints")
"""Sections of the configuration that may change when a run is resumed."""

Summary = dict[str, Any]


class Trainer:
    """Learners of one seed, taking turns: one rollout and update each, while the others play what they last were.

    Attributes:
        config: The configuration.
        seed: Fixes everything.
        learners: SB3 models by role; `shared` alone where one network plays all seats.
        iteration: Turns that every learner has had.
    """

    def __init__(self, config: TrainingConfig, seed: int) -> None:
        torch.set_num_threads(config.torch_threads)
        self.config, self.seed, self.iteration = config, seed, 0
        self.roles = config.roles()
        self.learners: dict[str, MarketPPO] = {}
        for number, (role, seats) in enumerate(self.roles.items()):
            others = set(range(config.scenario.num_agents)) - set(seats)
            env = MarketVecEnv(
                config.scenario,
                config.learner.num_markets,
                seats=seats,
                opponents=dict.fromkeys(others, _Nobody()) if others else None,
            )
            # the first learner has the run's own seed, as PPO(seed=...) would
            seed_of_role = seed if number == 0 else _derived(seed, number)
            self.learners[role] = make_ppo(config, env, seed_of_role)
        if config.warm_start is not None:
            self._start_from(Path(config.warm_start))
        for role, learner in self.learners.items():
            learner.begin(self._share(role), difference_rewards=config.difference_rewards())

    @property
    def timesteps(self) -> int:
        """Agent-steps so far, over all learners."""
        return sum(learner.num_timesteps for learner in self.learners.values())

    @property
    def finished(self) -> bool:
        """Whether every learner has had its steps."""
        return all(learner.num_timesteps >= self._share(role) for role, learner in self.learners.items())

    def parameters(self) -> int:
        """Numbers to learn in one learner's actor and critic."""
        learner = next(iter(self.learners.values()))
        return sum(p.numel() for p in learner.policy.parameters())

    def policy(self, *, deterministic: bool = True) -> Learned:
        """What has been learned so far, in all seats."""
        networks = [Network.of_sb3(learner, self.roles[role]) for role, learner in self.learners.items()]
        return Learned(self.config.scenario, networks, deterministic=deterministic)

    def iterate(self) -> dict[str, float]:
        """One turn of every learner; SB3's numbers and the mean reward of a step, by their log names."""
        scalars: dict[str, float] = {}
        self.iteration += 1
        for role, learner in self.learners.items():
            if learner.num_timesteps >= self._share(role):
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
        return scalars

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on."""
        return {
            "iteration": self.iteration,
            "learners": {role: learner.learner_state() for role, learner in self.learners.items()},
            "random": random_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes back to what `state` gave.

        Raises:
            ValueError: It is of another configuration.
        """
        if set(state["learners"]) != set(self.learners):
            raise ValueError(f"the checkpoint has learners {list(state['learners'])}, not {list(self.learners)}")
        self.iteration = int(state["iteration"])
        for role, learner in self.learners.items():
            learner.restore_learner(state["learners"][role])
        restore_random_state(state["random"])

    def _share(self, role: str) -> int:
        """Agent-steps of a role: its seats' part of the total."""
        return -(-self.config.total_timesteps * len(self.roles[role]) // self.config.scenario.num_agents)

    def _seat_the_others(self, role: str) -> None:
        env = self.learners[role].env
        assert isinstance(env, MarketVecEnv)
        players = {}
        for number, (other, seats) in enumerate(self.roles.items()):
            if other == role:
                continue
            network = Network.of_sb3(self.learners[other], seats)
            player = _Frozen(network, _derived(self.seed, self.iteration, number))
            players.update(dict.fromkeys(seats, player))
        if players:
            env.set_opponents(players)

    def _start_from(self, run: Path) -> None:
        state = latest_checkpoint(run / "checkpoints", lambda _: None)
        if state is None:
            raise ValueError(f"warm_start={str(run)!r} holds no checkpoint: give the folder of one seed's run")
        for role, learner in self.learners.items():
            kept = state["learners"].get(role) or state["learners"].get("shared")
            if kept is None:
                raise ValueError(f"warm_start={str(run)!r} has networks {list(state['learners'])}, none for {role!r}")
            try:
                learner.policy.load_state_dict(kept["policy"])
            except RuntimeError as error:
                words = " ".join(str(error).split())
                raise ValueError(f"warm_start={str(run)!r} has networks of another shape: {words}") from None


class _Frozen:
    """A network that another role learned, with its exploration, until its own next turn."""

    def __init__(self, network: Network, seed: int) -> None:
        self._network, self._seed, self._calls = network, seed, 0

    def reset(self, seed: int) -> None:
        """Keeps the seed it was made with."""

    def act(self, observations: Any, mask: Any) -> Any:
        """Draws actions around the mean."""
        actions = self._network.mean(observations)
        draws = np.random.default_rng([self._seed, self._calls]).standard_normal(actions.shape, dtype=np.float32)
        self._calls += 1
        return np.where(mask[..., None], np.clip(actions + self._network.std * draws, -1.0, 1.0), np.float32(0.0))


class _Nobody:
    """Holds a seat until the first turn begins."""

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Any, mask: Any) -> Any:
        """Is replaced before anybody acts."""
        raise RuntimeError("the other roles take their seats when a turn begins")


def _derived(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint32)[0])


def _crossed(every: int, before: int, after: int) -> bool:
    return every > 0 and after // every > before // every


def train_seed(config: TrainingConfig, folder: Path, seed: int, console: Console) -> Summary:
    """Trains one seed in a folder, from its newest sound checkpoint where there is one.

    Returns:
        The summary that `summary.json` holds.
    """

    def say(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True, markup=False)

    trainer = Trainer(config, seed)
    kept = latest_checkpoint(folder / "checkpoints", say)
    if kept is not None:
        trainer.restore(kept)
    say(header(trainer))
    if kept is not None:
        say(f"goes on from {trainer.timesteps:,} agent-steps")
    started, start = time.monotonic(), trainer.timesteps
    looked: dict[str, float] = {}
    with (
        Logs(folder, from_step=start) as logs,
        TrainingProgress(config.total_timesteps, start, console) as progress,
    ):
        while not trainer.finished:
            before = trainer.timesteps
            scalars = trainer.iterate()
            now = trainer.timesteps
            histograms: dict[str, Any] = {}
            if _crossed(config.evaluation.every, before, now) or trainer.finished:
                looked, histograms = _looks(trainer)
            rate = progress.rate(now)
            times = {"time/agent_steps_per_second": rate, "time/seconds": time.monotonic() - started}
            logs.write(now, scalars | looked | times if histograms else scalars | times, histograms)
            if _crossed(config.checkpoints.every, before, now) or trainer.finished:
                _save(trainer, folder)
            progress.update(now, f"utility {looked['eval/utility']:.4f}" if looked else "")
    seconds = time.monotonic() - started
    if kept is not None and trainer.timesteps == start:
        looked, _ = _looks(trainer)
    summary = {
        "scenario": config.scenario.id,
        "seed": seed,
        "sharing": config.sharing,
        "parameters": trainer.parameters() * len(trainer.learners),
        "timesteps": trainer.timesteps,
        "timesteps_now": trainer.timesteps - start,
        "seconds": round(seconds, 3),
        "agent_steps_per_second": round((trainer.timesteps - start) / max(seconds, 1e-9)),
        "metrics": looked,
        "run": str(folder),
    }
    _write_json(folder / SUMMARY_FILE, summary)
    say(f"{folder}: {trainer.timesteps:,} agent-steps, utility {looked['eval/utility']:.5f} credits an episode")
    return summary


def _looks(trainer: Trainer) -> tuple[dict[str, float], dict[str, Any]]:
    """The deterministic policy as `eval/`, the exploring one that the learner meets as `market/`."""
    config = trainer.config
    size = config.evaluation.num_markets
    seed = _derived(trainer.seed, 1_000_003)
    judged = look(config.scenario, trainer.policy(), seed, size)
    market = look(config.scenario, trainer.policy(deterministic=False), _derived(seed, trainer.timesteps), size)
    scalars = {"eval/utility": judged.utility} | {f"eval/{name}": value for name, value in judged.scalars.items()}
    scalars |= {f"market/{name}": value for name, value in market.scalars.items() if name not in market.histograms}
    return scalars, {f"market/{name}": values for name, values in market.histograms.items()}


def _save(trainer: Trainer, folder: Path) -> None:
    write_networks(folder / POLICY_FILE, trainer.policy().networks)
    write_checkpoint(checkpoint_path(folder / "checkpoints", trainer.timesteps), trainer.state())
    remove_old(folder / "checkpoints", trainer.config.checkpoints.keep)


def header(trainer: Trainer) -> str:
    """What is being trained, in three lines."""
    config, learner = trainer.config, trainer.config.learner
    count, agents = len(trainer.learners), config.scenario.num_agents
    if config.sharing == "shared":
        who = f"shared: one network in all {agents} seats"
    else:
        who = f"{config.sharing}: {count} networks for {agents} seats, taking turns while the others are frozen"
    rollout = learner.num_markets * learner.n_steps * agents
    return (
        f"training {config.scenario.id}, {agents} agents, seed {trainer.seed}\n"
        f"{who}; {trainer.parameters():,} parameters each, "
        f"{' x '.join(map(str, learner.net_arch))} {learner.activation}, actor and critic apart\n"
        f"{learner.num_markets:,} markets x {learner.n_steps} ticks = {rollout:,} samples a rollout, minibatches of "
        f"{learner.batch_size:,}, {learner.n_epochs} epochs, gamma {config.gamma():g}"
    )


def start_run(config: TrainingConfig, folder: Path, console: Console | None = None) -> list[Summary]:
    """Trains every seed of a configuration into a new folder.

    Raises:
        ValueError: The folder already holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{str(folder)!r} is not empty: give a new folder, or go on with `econo-env resume {folder}`")
    folder.mkdir(parents=True, exist_ok=True)
    return _train_all(config, folder, console or Console(stderr=True), _open_folder)


def resume_run(folder: Path, changes: Iterable[str] = (), console: Console | None = None) -> list[Summary]:
    """Goes on with every seed of a run exactly where it stopped.

    Args:
        folder: A run, or one seed of it.
        changes: `key=value`, of `total_timesteps`, `evaluation.*` and `checkpoints.*` only. Schedules stretch to a new
            total, so a run made longer differs from one that was long from the start.
        console: Where progress is shown.

    Raises:
        ValueError: There is no run, a change is not allowed, or every checkpoint is damaged.
    """
    changes = list(changes)
    for change in changes:
        if change.split("=")[0].split(".")[0] not in RESUMABLE:
            raise ValueError(f"{change!r} would make it another run: resume may change only {', '.join(RESUMABLE)}")
    config = read_run_config(folder, changes)
    return _train_all(config, folder, console or Console(stderr=True), _reopen_folder)


def read_run_config(folder: Path, changes: Iterable[str] = ()) -> TrainingConfig:
    """The configuration of a run.

    Raises:
        ValueError: The folder holds no run.
    """
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise ValueError(f"{str(folder)!r} holds no training run: there is no {CONFIG_FILE} in it")
    return config_from(yaml.safe_load(path.read_text()), changes, str(path))


def _train_all(
    config: TrainingConfig, folder: Path, console: Console, prepare: Callable[[TrainingConfig, Path], None]
) -> list[Summary]:
    prepare(config, folder)
    if len(config.seeds) == 1:
        return [train_seed(config, folder, config.seeds[0], console)]
    summaries = []
    for seed in config.seeds:
        own = folder / f"seed_{seed}"
        own.mkdir(exist_ok=True)
        prepare(config.model_copy(update={"seeds": (seed,)}), own)
        summaries.append(train_seed(config, own, seed, console))
    _write_json(folder / SUMMARY_FILE, {"runs": summaries})
    return summaries


def _open_folder(config: TrainingConfig, folder: Path) -> None:
    _write_json(folder / PROVENANCE_FILE, provenance(config.seeds))
    _write_text(folder / CONFIG_FILE, config.to_yaml())


def _reopen_folder(config: TrainingConfig, folder: Path) -> None:
    path = folder / PROVENANCE_FILE
    kept = json.loads(path.read_text()) if path.is_file() else provenance(config.seeds)
    kept.setdefault("resumed", []).append(provenance(config.seeds))
    _write_json(path, kept)
    _write_text(folder / CONFIG_FILE, config.to_yaml())


def _write_json(path: Path, content: Any) -> None:
    _write_text(path, json.dumps(content, indent=2) + "\n")


def _write_text(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text)
    draft.replace(path)

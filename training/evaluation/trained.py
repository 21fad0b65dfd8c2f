"""A trained best response: one agent learns by PPO against everybody else's policy, and is judged on fresh episodes.

Where rules of a fixed form (`episode_search`) find nothing, a learner may: it sees all that the agent sees and may tie
every move to it. It starts from the policy itself, by imitation: from scratch it first learns that whoever works badly
does best not to win, and stays there. What it gains is measured on the same types and luck for both ways to play.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from econo_env.interfaces.sb3 import MarketVecEnv
from econo_env.policies.proactive import Learned
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.config import TrainingConfig
from econo_env.training.evaluation.deviations import Replaced
from econo_env.training.evaluation.episode_search import Episodes
from econo_env.training.evaluation.sampling import evaluation_seed
from econo_env.training.ppo import MarketPPO, make_ppo, scheduled
from econo_env.training.sections import Decay, Learner

Floats = NDArray[np.float64]

WHOLE_EPISODES = Learner(
    num_markets=64,
    n_steps=64,
    batch_size=1024,
    n_epochs=10,
    learning_rate=Decay(initial=2e-3, final=2e-4, schedule="cosine"),
    gamma=1.0,
    gae_lambda=1.0,
    max_grad_norm=0.5,
    std=Decay(initial=0.5, final=0.1, schedule="exponential"),
    difference_rewards=False,
)
"""Settings under which an action is judged by all that the agent earns after it, without a critic's guess at that."""


_IMITATED_TICKS = 64
_IMITATION_STEPS = 1500
_IMITATION_BATCH = 1024
_IMITATION_RATE = 2e-3


@dataclass(frozen=True)
class TrainedResponse:
    """What one agent gains that has learned its answer to a policy that everybody else follows.

    Attributes:
        agent: The agent that learned.
        response: What it learned, for its seat.
        own_utility: What the policy itself earns it, credits an episode, shape (seeds,).
        gain: What the response adds, credits an episode, shape (seeds,).
    """

    agent: int
    response: Learned
    own_utility: Floats
    gain: Floats

    @property
    def relative_gain(self) -> Floats:
        """The gain as a share of the own utility, shape (seeds,)."""
        return self.gain / self.own_utility


def trained_response(
    scenario: Scenario,
    policy: Policy,
    seeds: tuple[int, ...],
    *,
    agent: int = 0,
    timesteps: int = 600_000,
    learner: Learner = WHOLE_EPISODES,
    training_seed: int = 0,
    episodes: int = 1024,
) -> TrainedResponse:
    """Trains one agent against a policy and measures what it gains.

    Args:
        scenario: The market; an episode ends for good at its last tick, whatever `end_of_episode` says.
        policy: What everybody else does.
        seeds: One sample of fresh episodes each.
        agent: Who learns.
        timesteps: Ticks that it learns from, rounded up to whole rollouts.
        learner: Settings of PPO.
        training_seed: Fixes the training.
        episodes: Episodes of a sample.
    """
    scenario = scenario.replace(end_of_episode="termination")
    others = [i for i in range(scenario.num_agents) if i != agent]
    config = TrainingConfig(scenario=scenario, sharing="per_seat", total_timesteps=timesteps, learner=learner)
    env = MarketVecEnv(scenario, learner.num_markets, seats=[agent], opponents=dict.fromkeys(others, policy))
    model = make_ppo(config, env, training_seed)
    model.begin(timesteps)
    _imitate(model, policy, agent)
    while model.num_timesteps < timesteps:
        model.iterate(_std(model, learner))
    response = Learned.from_sb3(model, scenario)
    own, gains = [], []
    for seed in map(evaluation_seed, seeds):
        sample = Episodes(scenario, policy, agent, seed, episodes)
        own.append(sample.own.mean())
        gains.append((sample.earned(Replaced(policy, agent, response)) - sample.own).mean())
    return TrainedResponse(agent, response, np.array(own), np.array(gains))


def _imitate(model: MarketPPO, policy: Policy, agent: int) -> None:
    """Fits the mean action to what the policy does in the agent's place, on episodes in which it does."""
    env = model.markets
    seen, wanted = [], []
    for _ in range(_IMITATED_TICKS):
        buffers = env.engine.buffers
        actions = np.array(policy.act(buffers.observations, buffers.action_mask)[:, agent], dtype=np.float32)
        seen.append(buffers.observations[:, agent].copy())
        wanted.append(actions)
        env.step_async(actions)
        env.advance()
    observations = torch.as_tensor(np.concatenate(seen).astype(np.float32))
    targets = torch.as_tensor(np.concatenate(wanted))
    optimizer = torch.optim.Adam(model.policy.parameters(), lr=_IMITATION_RATE)
    for _ in range(_IMITATION_STEPS):
        rows = torch.randint(len(targets), (_IMITATION_BATCH,))
        loss = ((model.policy.get_distribution(observations[rows]).mode() - targets[rows]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    model.seen, model.starts = env.reset(), np.ones(env.num_envs, dtype=np.bool_)


def _std(model: MarketPPO, learner: Learner) -> float | None:
    return None if learner.std.final is None else scheduled(learner.std, model.progress())

"""PPO in one file of plain torch, in the manner of CleanRL: one seat of many markets by the array API.

python examples/torch_ppo.py first_price_v0 task_market_v1
"""

import sys

import numpy as np
import torch
from common import RIVALS, report, share_earned
from torch import nn
from torch.distributions import Normal

import econo_env
from econo_env.policies import make_policy

MARKETS, ROLLOUT, EPOCHS, BATCH = 512, 16, 4, 2048
CLIP, VALUE, LEARNING_RATE = 0.2, 0.5, 2e-3
STEPS = {"first_price_v0": 600_000, "task_market_v1": 1_200_000}


class Agent(nn.Module):
    """Actor and critic, two layers each; the exploration falls on a schedule."""

    def __init__(self, features: int, components: int) -> None:
        super().__init__()
        self.actor = nn.Sequential(
            nn.Linear(features, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, components)
        )
        self.critic = nn.Sequential(nn.Linear(features, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
        nn.init.zeros_(self.actor[-1].weight)  # begins with action 0, in these markets the truth
        nn.init.zeros_(self.actor[-1].bias)
        self.std = 0.5

    def around(self, seen: torch.Tensor) -> Normal:
        """The distribution of actions."""
        return Normal(self.actor(seen), self.std)


def learned(scenario: str) -> Agent:
    """What the loop has learned after the steps of `STEPS`."""
    torch.manual_seed(0)
    envs = econo_env.vector_env(scenario, num_markets=MARKETS)
    rivals = make_policy(RIVALS[scenario], envs.engine.scenario)
    observations, infos = envs.reset(seed=0)
    agent = Agent(observations.shape[-1], envs.engine.buffers.actions.shape[-1])
    optimizer = torch.optim.Adam(agent.parameters(), lr=LEARNING_RATE)
    updates = STEPS[scenario] // (MARKETS * ROLLOUT)
    for update in range(updates):
        left = 1.0 - update / updates
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * left + 1e-5
        agent.std = 0.05 + 0.45 * left
        rows = []
        for _ in range(ROLLOUT):
            seen = torch.from_numpy(observations[:, 0].copy())
            present = infos["action_mask"][:, 0].copy()
            with torch.no_grad():
                around = agent.around(seen)
                drawn = around.sample()
                kept = around.log_prob(drawn).sum(-1)
            actions = np.array(rivals.act(observations, infos["action_mask"]))
            actions[:, 0] = np.where(present[:, None], drawn.clamp(-1.0, 1.0).numpy(), 0.0)
            observations, rewards, _, _, infos = envs.step(actions)
            earned = torch.from_numpy(rewards[:, 0].astype(np.float32))
            rows.append([column[torch.from_numpy(present)] for column in (seen, drawn, kept, earned)])
        seen, drawn, kept, earned = (torch.cat(column) for column in zip(*rows, strict=True))
        _update(agent, optimizer, seen, drawn, kept, earned)
    return agent


def _update(agent: Agent, optimizer: torch.optim.Adam, *samples: torch.Tensor) -> None:
    """PPO's clipped objective; a round is a whole game here (gamma 0), so the return is the reward."""
    seen, drawn, kept, earned = samples
    with torch.no_grad():
        advantages = earned - agent.critic(seen).squeeze(-1)
        advantages = advantages / (advantages.std() + 1e-8)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(seen)).split(BATCH):
            log_probs = agent.around(seen[rows]).log_prob(drawn[rows]).sum(-1)
            ratio = (log_probs - kept[rows]).exp()
            gain = torch.min(ratio * advantages[rows], ratio.clamp(1 - CLIP, 1 + CLIP) * advantages[rows]).mean()
            error = ((agent.critic(seen[rows]).squeeze(-1) - earned[rows]) ** 2).mean()
            optimizer.zero_grad()
            (VALUE * error - gain).backward()
            optimizer.step()


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or STEPS:
        agent = learned(name)

        def act(seen: np.ndarray, begins: np.ndarray, agent: Agent = agent) -> np.ndarray:
            """The mean action."""
            with torch.no_grad():
                return agent.actor(torch.from_numpy(seen)).clamp(-1.0, 1.0).numpy()

        report("torch_ppo", name, share_earned(name, act))

"""TorchRL: PPO in every seat of 256 markets, which are one environment of its own class.

pip install torchrl
python examples/torchrl_ppo.py first_price_v0 task_market_v1

Agents of one network learn from each other; what they have learned is then measured in seat 0, among rivals by theory.
Seed 0 earns 0.991 of what they do in first_price_v0 (14 s of processor time) and 0.970 in task_market_v1 (70 s); at
least 0.95 is asserted in both.
"""

import sys

import numpy as np
import torch
from common import RIVALS, report, share_earned
from tensordict.nn import TensorDictModule
from torchrl.collectors import Collector
from torchrl.envs import check_env_specs
from torchrl.modules import MultiAgentMLP, ProbabilisticActor, TanhNormal
from torchrl.objectives import ClipPPOLoss, ValueEstimators
from torchrl_markets import GROUP, Markets

MARKETS, TICKS, EPOCHS, BATCHES, LEARNING_RATE = 256, 8, 4, 2, 2e-3
BATCHES_OF_TICKS = {"first_price_v0": 60, "task_market_v1": 300}


class Spread(torch.nn.Module):
    """Gives the middle of an action's distribution its spread, which falls on a schedule."""

    std = 0.5

    def forward(self, loc: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Location and scale."""
        return loc, torch.full_like(loc, self.std)


def networks(env: Markets) -> tuple[ProbabilisticActor, TensorDictModule]:
    """Actor and critic, each one network for all agents."""
    agents, features = env.observation_spec[GROUP, "observation"].shape[-2:]
    parts = env.full_action_spec[GROUP, "action"].shape[-1]
    shape = {"n_agents": agents, "centralized": False, "share_params": True, "depth": 2, "num_cells": 64}
    net = torch.nn.Sequential(MultiAgentMLP(n_agent_inputs=features, n_agent_outputs=parts, **shape), Spread())
    actor = ProbabilisticActor(
        TensorDictModule(net, [(GROUP, "observation")], [(GROUP, "loc"), (GROUP, "scale")]),
        spec=env.full_action_spec_unbatched[GROUP, "action"],
        in_keys=[(GROUP, "loc"), (GROUP, "scale")],
        out_keys=[(GROUP, "action")],
        distribution_class=TanhNormal,
        return_log_prob=True,
        log_prob_key=(GROUP, "sample_log_prob"),
    )
    critic = TensorDictModule(
        MultiAgentMLP(n_agent_inputs=features, n_agent_outputs=1, **shape),
        [(GROUP, "observation")],
        [(GROUP, "state_value")],
    )
    return actor, critic


def loss_of(actor: ProbabilisticActor, critic: TensorDictModule) -> ClipPPOLoss:
    """PPO's clipped objective for a group; each tick by itself, for no report changes what comes later (gamma 0)."""
    loss = ClipPPOLoss(actor, critic, clip_epsilon=0.2, entropy_coeff=0.0, normalize_advantage=True)
    names = ("reward", "action", "sample_log_prob", "done", "terminated", "advantage", "value_target")
    loss.set_keys(value=(GROUP, "state_value"), **{name: (GROUP, name) for name in names})
    loss.make_value_estimator(ValueEstimators.GAE, gamma=0.0, lmbda=0.0)
    return loss


def learned(scenario: str) -> tuple[ProbabilisticActor, float]:
    """What PPO has learned, and the share that it earned before."""
    torch.manual_seed(0)
    env = Markets(scenario, MARKETS)
    check_env_specs(env)
    actor, critic = networks(env)
    untrained = measured(scenario, actor)
    loss, count = loss_of(actor, critic), BATCHES_OF_TICKS[scenario]
    optimizer = torch.optim.Adam(loss.parameters(), LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, count)
    frames = MARKETS * TICKS
    spread = actor.module[0].module[-1]
    for number, data in enumerate(Collector(env, actor, frames_per_batch=frames, total_frames=count * frames)):
        for key in ("done", "terminated"):
            flag = data["next", key].unsqueeze(-1)
            data["next", GROUP, key] = flag.expand(data["next", GROUP, "reward"].shape)
        for _ in range(EPOCHS):
            with torch.no_grad():
                loss.value_estimator(data)
            flat = data.reshape(-1)
            for rows in torch.randperm(len(flat)).chunk(BATCHES):
                losses = loss(flat[rows])
                optimizer.zero_grad()
                (losses["loss_objective"] + losses["loss_critic"]).backward()
                torch.nn.utils.clip_grad_norm_(loss.parameters(), 1.0)
                optimizer.step()
        schedule.step()
        spread.std = 0.05 + 0.45 * (1.0 - (number + 1) / count)
    return actor, untrained


def measured(scenario: str, actor: ProbabilisticActor) -> float:
    """The share that seat 0 earns by the middle of what the actor would draw."""

    def act(seen: np.ndarray, begins: np.ndarray) -> np.ndarray:
        agents = actor.spec[GROUP, "action"].shape[-2]
        rows = torch.from_numpy(np.repeat(seen[:, None], agents, axis=1))
        with torch.no_grad():
            loc, _ = actor.module[0].module(rows)
        return loc[:, 0].tanh().numpy()

    return share_earned(scenario, act)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or RIVALS:
        actor, untrained = learned(name)
        report("torchrl_ppo", name, measured(name, actor), untrained)

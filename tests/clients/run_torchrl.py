"""TorchRL: PettingZooWrapper, GymEnv and a vector of make_vec, each with a PPO update."""

import sys
import warnings

import gymnasium
import torch
from referee import Referee, report
from tensordict.nn import TensorDictModule
from torchrl.collectors import Collector
from torchrl.envs import GymEnv, GymWrapper, PettingZooWrapper
from torchrl.envs.libs.pettingzoo import MarlGroupMapType
from torchrl.envs.utils import check_env_specs
from torchrl.modules import MultiAgentMLP, NormalParamExtractor, ProbabilisticActor, TanhNormal, ValueOperator
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE

import econo_env
from econo_env.interfaces.registry import registered_id

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
STEPS = 192


def update(loss_module, data, advantage_keys):
    """A few PPO updates; the parameters move and stay finite."""
    optimizer = torch.optim.Adam(loss_module.parameters(), 1e-3)
    before = torch.cat([p.detach().flatten().clone() for p in loss_module.parameters()])
    for _ in range(3):
        losses = loss_module(data)
        total = sum(losses[key] for key in ("loss_objective", "loss_critic", "loss_entropy"))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    after = torch.cat([p.detach().flatten() for p in loss_module.parameters()])
    assert torch.isfinite(after).all()
    assert (after != before).any(), advantage_keys


def many_agents(scenario):
    """All agents in one group: banned ones stay under a mask, so that the group keeps its size."""
    torch.manual_seed(0)
    referee = Referee(econo_env.parallel_env(scenario, on_removal="mask", mask_in_infos=False))
    env = PettingZooWrapper(
        referee, use_mask=False, categorical_actions=False, group_map=MarlGroupMapType.ALL_IN_ONE_GROUP, seed=3
    )
    check_env_specs(env)
    group = next(iter(env.group_map))
    spec = env.full_action_spec_unbatched[group, "action"]
    agents, features = env.observation_spec[group, "observation"].shape
    parts = spec.shape[-1]
    net = torch.nn.Sequential(
        MultiAgentMLP(features, 2 * parts, agents, centralized=False, share_params=True, depth=1, num_cells=16),
        NormalParamExtractor(),
    )
    policy = ProbabilisticActor(
        TensorDictModule(net, [(group, "observation")], [(group, "loc"), (group, "scale")]),
        spec=spec,
        in_keys=[(group, "loc"), (group, "scale")],
        out_keys=[(group, "action")],
        distribution_class=TanhNormal,
        distribution_kwargs={"low": -1.0, "high": 1.0},
        return_log_prob=True,
        log_prob_key=(group, "sample_log_prob"),
    )
    critic = TensorDictModule(
        MultiAgentMLP(features, 1, agents, centralized=True, share_params=True, depth=1, num_cells=16),
        [(group, "observation")],
        [(group, "state_value")],
    )
    referee.rewards.clear()
    referee.episodes.clear()
    referee.bans = 0
    collector = Collector(env, policy, frames_per_batch=STEPS, total_frames=STEPS)
    data = next(iter(collector))
    reward = data["next", group, "reward"].squeeze(-1)
    names = env.group_map[group]
    seen = torch.tensor([[r.get(a, 0.0) for a in names] for r in referee.rewards[-STEPS:]])
    assert torch.allclose(reward.cpu(), seen.to(reward.dtype), atol=1e-6), "rewards differ from the market's own"
    episodes = int(data["next", "done"].sum())
    assert episodes == len(referee.episodes), (episodes, len(referee.episodes))
    for key in ("done", "terminated"):
        shape = reward.unsqueeze(-1).shape
        data["next", group, key] = data["next", key].unsqueeze(-1).expand(shape)
    loss = ClipPPOLoss(policy, critic)
    loss.set_keys(
        reward=(group, "reward"),
        action=(group, "action"),
        sample_log_prob=(group, "sample_log_prob"),
        value=(group, "state_value"),
        done=(group, "done"),
        terminated=(group, "terminated"),
        advantage=(group, "advantage"),
        value_target=(group, "value_target"),
    )
    loss.make_value_estimator(gamma=0.99, lmbda=0.95)
    loss.value_estimator(data)
    update(loss, data, group)
    report("torchrl PettingZooWrapper", scenario, steps=STEPS, episodes=episodes, bans=referee.bans)
    return referee.bans


def one_agent(scenario, env, form):
    """One agent against the scenario's opponents."""
    torch.manual_seed(0)
    check_env_specs(env)
    features, parts = env.observation_spec["observation"].shape[-1], env.action_spec.shape[-1]
    net = torch.nn.Sequential(torch.nn.Linear(features, 2 * parts), NormalParamExtractor())
    policy = ProbabilisticActor(
        TensorDictModule(net, ["observation"], ["loc", "scale"]),
        spec=env.action_spec_unbatched,
        in_keys=["loc", "scale"],
        distribution_class=TanhNormal,
        distribution_kwargs={"low": -1.0, "high": 1.0},
        return_log_prob=True,
    )
    critic = ValueOperator(torch.nn.Linear(features, 1), in_keys=["observation"])
    data = next(iter(Collector(env, policy, frames_per_batch=STEPS, total_frames=STEPS)))
    assert torch.isfinite(data["next", "reward"]).all()
    GAE(gamma=0.99, lmbda=0.95, value_network=critic)(data)
    update(ClipPPOLoss(policy, critic), data.flatten(), form)
    report(f"torchrl {form}", scenario, steps=STEPS, episodes=int(data["next", "done"].sum()))


for scenario in sys.argv[1:]:
    bans = many_agents(scenario)
    assert bans or scenario != "task_market_v0", "nobody was banned: the check saw no ban"
    name = registered_id(scenario)
    one_agent(scenario, GymEnv(name), "GymEnv")
    one_agent(scenario, GymWrapper(gymnasium.make_vec(name, num_envs=4, autoreset_mode="Disabled")), "make_vec")

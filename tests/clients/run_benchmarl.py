"""BenchMARL: MAPPO over numbers and IQL over choices from a grid, each on a task class of twenty lines."""

import sys
import tempfile
import warnings

import torch
from benchmarl.algorithms import IqlConfig, MappoConfig
from benchmarl.environments.pettingzoo.common import PettingZooClass
from benchmarl.experiment import Callback, Experiment, ExperimentConfig
from benchmarl.models.mlp import MlpConfig
from referee import APPOINTED, Referee, report
from torchrl.envs import PettingZooWrapper
from torchrl.envs.libs.pettingzoo import MarlGroupMapType

import econo_env

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
MARKETS, TICKS, BATCHES = 2, 128, 2
LEVELS = {"task_market_v0": (5, 3, 3, 2)}


class MarketTask(PettingZooClass):
    """A scenario as a task; `config` holds the keywords of `parallel_env`."""

    def get_env_fun(self, num_envs, continuous_actions, seed, device):
        del num_envs, continuous_actions

        def make():
            env = Referee(econo_env.parallel_env(self.name, on_removal="mask", **self.config))
            return PettingZooWrapper(
                env,
                use_mask=False,
                categorical_actions=True,
                group_map=MarlGroupMapType.ALL_IN_ONE_GROUP,
                seed=seed,
                device=device,
            )

        return make

    def supports_continuous_actions(self):
        return not self.supports_discrete_actions()

    def supports_discrete_actions(self):
        return self.config.get("actions") == "discrete"

    def has_state(self):
        return False

    def has_render(self, env):
        return False

    def max_steps(self, env):
        return TICKS

    def info_spec(self, env):
        return None

    @staticmethod
    def env_name():
        return "econo"


class Compare(Callback):
    """Holds every batch against what the markets saw."""

    def __init__(self):
        super().__init__()
        self.episodes = 0
        self.masked = 0

    def on_batch_collected(self, batch):
        for market in range(MARKETS):
            self.compare(batch[market])

    def compare(self, seen):
        """One market's ticks: the rewards of one referee, the ends of its episodes and their returns."""
        (group,) = self.experiment.group_map
        names = self.experiment.group_map[group]
        rewards = seen["next", group, "reward"].squeeze(-1)
        mine = [
            referee
            for referee in APPOINTED
            if len(referee.rewards) >= TICKS
            and torch.allclose(torch.tensor([[r[a] for a in names] for r in referee.rewards[-TICKS:]]), rewards)
        ]
        assert len(mine) == 1, f"rewards of {len(mine)} markets are those of the batch, not of one"
        done = seen["next", "done"].squeeze(-1)
        returns = seen["next", group, "episode_reward"].squeeze(-1)[done]
        kept = mine[0].episodes[-len(returns) :] if len(returns) else []
        truth = torch.tensor([[episode[a] for a in names] for episode in kept]).reshape(-1, len(names))
        assert torch.allclose(returns, truth, atol=1e-5), "returns differ from the market's own"
        self.episodes += len(returns)
        masks = seen[group].get("action_mask", None)
        if masks is not None:
            assert bool(masks.gather(-1, seen[group, "action"].unsqueeze(-1)).all()), "a choice that the mask rules out"
            self.masked += int((~masks).sum())


def settings(folder):
    """Two markets, a few batches, no files of BenchMARL's own outside `folder`."""
    config = ExperimentConfig.get_from_yaml()
    config.max_n_iters, config.max_n_frames = BATCHES, None
    config.on_policy_collected_frames_per_batch = config.off_policy_collected_frames_per_batch = MARKETS * TICKS
    config.on_policy_n_envs_per_worker = config.off_policy_n_envs_per_worker = MARKETS
    config.on_policy_n_minibatch_iters, config.on_policy_minibatch_size = 2, 128
    config.off_policy_n_optimizer_steps, config.off_policy_train_batch_size = 4, 64
    config.off_policy_memory_size = 10_000
    config.lr, config.evaluation, config.render, config.loggers = 1e-3, False, False, []
    config.create_json, config.save_folder = False, folder
    return config


def trained(name, scenario, algorithm, **keywords):
    """Trains, compares, and says how many agents were banned."""
    APPOINTED.clear()
    compare = Compare()
    model = MlpConfig(num_cells=[16], activation_class=torch.nn.Tanh, layer_class=torch.nn.Linear)
    with tempfile.TemporaryDirectory() as folder:
        experiment = Experiment(
            task=MarketTask(scenario, keywords),
            algorithm_config=algorithm.get_from_yaml(),
            model_config=model,
            critic_model_config=model,
            seed=0,
            config=settings(folder),
            callbacks=[compare],
        )
        before = torch.cat([p.detach().flatten().clone() for p in experiment.policy.parameters()])
        experiment.run()
        after = torch.cat([p.detach().flatten() for p in experiment.policy.parameters()])
    assert bool(torch.isfinite(after).all())
    assert bool((after != before).any()), "training moved no weight"
    ended = sum(len(referee.episodes) for referee in APPOINTED)
    assert compare.episodes == ended, (compare.episodes, ended)
    bans = sum(referee.bans for referee in APPOINTED)
    report(f"benchmarl {name}", scenario, episodes=ended, bans=bans, ruled_out=compare.masked)
    return bans, compare.masked


for scenario in sys.argv[1:]:
    levels = {"action_levels": LEVELS[scenario]} if scenario in LEVELS else {}
    bans, _ = trained("MAPPO", scenario, MappoConfig, mask_in_infos=False)
    assert bans or scenario != "task_market_v0", "nobody was banned: the check saw no ban"
    _, masked = trained("IQL", scenario, IqlConfig, actions="discrete", observation="dict", **levels)
    assert masked or scenario != "task_market_v0", "no choice was ruled out: the check saw no mask"

"""AgileRL: IPPO, its training loop over one market in the process and over two markets in processes of their own."""

import logging
import sys
import warnings

import numpy as np
import torch
from agilerl.algorithms import IPPO
from agilerl.training.train_multi_agent_on_policy import train_multi_agent_on_policy
from agilerl.vector import AsyncPettingZooVecEnv, PzDummyVecEnv
from referee import Referee, report

import econo_env

warnings.filterwarnings("ignore")
logging.disable(logging.INFO)
torch.set_num_threads(1)
TICKS, BATCHES = 128, 2


def market(scenario):
    """Banned agents stay under a mask: agents that have left would be NaN in the scores."""
    return Referee(econo_env.parallel_env(scenario, on_removal="mask", mask_in_infos=False))


class Watched(IPPO):
    """IPPO that holds each batch, and the scores at the end, against what the markets saw."""

    markets = None
    batches = 0
    ended = 0

    def learn(self, experiences):
        rewards = experiences[3]
        for number, seen in enumerate(self.markets("rewards")):
            for agent in self.agent_ids:
                mine = [tick[agent] for tick in seen[-TICKS:]]
                theirs = [tick[number] for tick in rewards[agent]]
                assert np.allclose(mine, theirs), f"rewards of {agent} differ from the market's own"
        self.batches += 1
        return super().learn(experiences)

    def add_scores(self, scores):
        truth = [sum(episode.values()) for ended in self.markets("episodes") for episode in ended]
        assert len(scores) == len(truth), (len(scores), len(truth))
        assert np.allclose(sorted(scores), sorted(truth)), "scores differ from the market's own"
        self.ended = len(scores)
        super().add_scores(scores)


def weights(agent):
    """All weights of the actors in a row."""
    return torch.cat([p.detach().flatten().clone() for p in agent.actors.parameters()])


def trained(name, scenario, env, markets):
    """Trains; returns how many agents were banned."""
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002  AgileRL draws from it
    names = env.agents
    agent = Watched(
        [env.single_observation_space(a) for a in names],
        [env.single_action_space(a) for a in names],
        agent_ids=list(names),
        learn_step=TICKS * env.num_envs,
        batch_size=64,
        update_epochs=1,
        lr=1e-3,
    )
    agent.markets = markets
    before = weights(agent)
    steps = BATCHES * TICKS * env.num_envs
    train_multi_agent_on_policy(
        env, scenario, "IPPO", [agent], max_steps=steps, evo_steps=steps, eval_steps=2, verbose=False
    )
    after = weights(agent)
    assert agent.batches == BATCHES
    assert agent.ended, "no episode ended"
    assert bool(torch.isfinite(after).all())
    assert bool((after != before).any()), "training moved no weight"
    return agent.ended


def in_the_process(scenario):
    """`PzDummyVecEnv`: one market."""
    referee = market(scenario)
    ended = trained("PzDummyVecEnv", scenario, PzDummyVecEnv(referee), lambda kept: [getattr(referee, kept)])
    report("agilerl IPPO PzDummyVecEnv", scenario, episodes=ended, bans=referee.bans)
    return referee.bans


def in_processes(scenario):
    """`AsyncPettingZooVecEnv`: two markets, each in a process."""
    env = AsyncPettingZooVecEnv([lambda: market(scenario)] * 2)
    bans = []

    def ask(kept):
        bans[:] = env.get_attr("bans")
        return env.get_attr(kept)

    ended = trained("AsyncPettingZooVecEnv", scenario, env, ask)
    report("agilerl IPPO AsyncPettingZooVecEnv", scenario, episodes=ended, bans=sum(bans))
    return sum(bans)


if __name__ == "__main__":
    for scenario in sys.argv[1:]:
        seen = (in_the_process(scenario), in_processes(scenario))
        assert all(seen) or scenario != "task_market_v0", f"nobody was banned: the check saw no ban {seen}"

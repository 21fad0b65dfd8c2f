"""Replies: what PPO learns in one seat while others play what they play."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from econo_env.interfaces.sb3 import MarketVecEnv
from econo_env.policies.networks import Network
from econo_env.policies.proactive import Learned
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.config import config_from
from econo_env.training.ppo import make_ppo, scheduled

QUICK: Mapping[str, Any] = MappingProxyType(
    {
        "num_markets": 1024, "n_steps": 4, "batch_size": 1024, "n_epochs": 4, "net_arch": [32, 32],
        "learning_rate": {"initial": 3.0e-3, "final": 1.0e-4},
        "std": {"initial": 0.3, "final": 0.02, "schedule": "exponential"}, "normalize_advantage": False,
    }
)  # fmt: skip
"""Settings that learn an auction of one round in some hundred thousand steps."""


def ppo_reply(
    scenario: Scenario, seat: int, others: Policy, steps: int, seed: int, learner: Mapping[str, Any] = QUICK
) -> Learned:
    """The mean actions of a network that has learned in one seat from scratch.

    Args:
        scenario: The market.
        seat: Where it learns.
        others: Plays all other seats.
        steps: Of this seat.
        seed: Fixes everything.
        learner: Settings of PPO, as in a training file.
    """
    document = {"scenario": scenario, "sharing": "per_seat", "total_timesteps": steps, "learner": dict(learner)}
    config = config_from(document)
    env = MarketVecEnv(scenario, config.learner.num_markets, seats=[seat], opponents=others)
    model = make_ppo(config, env, seed)
    model.begin(steps, difference_rewards=config.difference_rewards())
    std = config.learner.std
    while model.num_timesteps < steps:
        model.iterate(None if std.final is None else scheduled(std, model.progress()))
    return Learned(scenario, [Network.of_sb3(model, [seat])], name="reply")

"""Judgement: welfare, incentives and fairness of a policy in a market, beside the baselines, with intervals.

from econo_env.training.evaluation import evaluate

evaluate("shading", "first_price_v0").metrics["utility_loss"].mean
"""

from econo_env.training.evaluation.budget import Budget
from econo_env.training.evaluation.episode_search import EpisodeRegret, episode_regrets
from econo_env.training.evaluation.evaluation import BASELINES, evaluate
from econo_env.training.evaluation.identities import (
    Identities,
    IdentityBudget,
    IdentityCost,
    break_even_bond,
    identities,
)
from econo_env.training.evaluation.metrics import Metric
from econo_env.training.evaluation.regret import Regret
from econo_env.training.evaluation.result import Evaluation
from econo_env.training.evaluation.search import regrets

__all__ = [
    "BASELINES",
    "Budget",
    "EpisodeRegret",
    "Evaluation",
    "Identities",
    "IdentityBudget",
    "IdentityCost",
    "Metric",
    "Regret",
    "break_even_bond",
    "episode_regrets",
    "evaluate",
    "identities",
    "regrets",
]

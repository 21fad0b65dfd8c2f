"""Judgement: welfare, incentives and fairness of a policy in a market, beside the baselines, with intervals.

from training.evaluation import evaluate

evaluate("shading", "first_price_v0").metrics["utility_loss"].mean
"""

from training.evaluation.episode_search import EpisodeRegret, episode_regrets
from training.evaluation.evaluation import BASELINES, evaluate
from training.evaluation.metrics import Metric
from training.evaluation.regret import Budget, Regret, regrets
from training.evaluation.result import Evaluation

__all__ = [
    "BASELINES",
    "Budget",
    "EpisodeRegret",
    "Evaluation",
    "Metric",
    "Regret",
    "episode_regrets",
    "evaluate",
    "regrets",
]

"""The policy on its way: what each checkpoint bids, and what its bidders could still gain."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from econo_env.training.config import TrainingConfig

Floats = NDArray[np.float64]
_SEARCH = {"types": 64, "bids": 384, "actions": 128, "selection": 16384, "evaluation": 16384, "luck": 128}


@dataclass(frozen=True)
class Moment:
    """A checkpoint of a run.

    Attributes:
        timesteps: Agent-steps so far.
        utility_loss: 1 - utility / utility of the best response, over all agents and types.
        types: Values of the first role, shape (types,), credits; empty where a type is more than a value.
        reports: Bids at these values, credits.
    """

    timesteps: int
    utility_loss: float
    types: Floats
    reports: Floats


def history(config: "TrainingConfig", folder: Path, trained: int, seed: int, most: int) -> list[Moment]:
    """The sound checkpoints of one training seed, oldest first, at most `most` of them spread over the run.

    Args:
        config: Of the run.
        folder: Of the seed's run.
        trained: The seed of the training.
        seed: Of the samples that judge it.
        most: Checkpoints to look at.
    """
    from econo_env.training.checkpoints import checkpoints_in, read_checkpoint
    from econo_env.training.session import AnyTrainer, trainer_of

    paths = checkpoints_in(folder / "checkpoints")
    if len(paths) > most:
        paths = [paths[at] for at in np.unique(np.linspace(0, len(paths) - 1, most).round().astype(int))]
    trainer: AnyTrainer | None = None
    moments = []
    for path in paths:
        try:
            state = read_checkpoint(path)
        except ValueError:
            continue  # a damaged checkpoint is one point less on a curve
        trainer = trainer or trainer_of(config, trained)
        trainer.restore(state)
        moments.append(_moment(config.scenario, trainer.policy(), trainer.timesteps, seed))
    return moments


def _moment(scenario: Any, policy: Any, timesteps: int, seed: int) -> Moment:
    from econo_env.training.evaluation import Budget, regrets
    from econo_env.training.evaluation.incentives import regret_metrics

    found = regrets(scenario, policy, (seed,), budget=Budget(**_SEARCH))
    first = found[0]
    alone = first.types.shape[1] == 1
    none = np.zeros(0)
    return Moment(
        timesteps,
        regret_metrics(found)["utility_loss"].mean,
        first.types[:, 0] if alone else none,
        first.own_reports[:, 0] if alone else none,
    )

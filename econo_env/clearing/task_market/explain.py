"""One task in words: what each report scored, who takes the task, and what each grade of work pays."""

from collections.abc import Mapping, Sequence

import numpy as np

from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.reasons import BY_ITS_RULE, reason
from econo_env.mechanisms.rounds import TaskRound
from econo_env.money import written


def explained(
    row: Mechanism, task: TaskRound, transfers: Mapping[str, float], only: Sequence[int] | None = None
) -> list[str]:
    """One line a bidder, and one about the transfers.

    Args:
        row: Of the mechanism.
        task: Who takes it, and what it owes.
        transfers: What the winner receives in each grade, credits; negative is taken from its stake.
        only: The bidders to tell of, all by default.
    """
    told = range(len(task.scores)) if only is None else only
    lines = [f"{task.name_of(i)} {_fate(i, task)}" for i in told]
    if task.winner is None:
        return [*lines, "nobody takes the task"]
    owed = f"{task.name_of(task.winner)} owes {written(task.owed)}, {reason(row.sources, task, task.winner, task.owed)}"
    listed = ", ".join(f"{grade} {written(amount)}" for grade, amount in transfers.items())
    return [*lines, f"{owed}, and is paid V(grade) less that: {listed}"]


def explained_by_lot(task: TaskRound, transfers: Mapping[str, float]) -> list[str]:
    """The same of a task that went by lot among those whose scores cover what is owed."""
    assert task.winner is not None
    listed = ", ".join(f"{grade} {written(amount)}" for grade, amount in transfers.items())
    return [
        f"{task.name_of(task.winner)} takes the task by lot, among all whose scores are at least {written(task.owed)}",
        f"{task.name_of(task.winner)} owes {written(task.owed)}, as posted, and is paid V(grade) less that: {listed}",
    ]


def _fate(i: int, task: TaskRound) -> str:
    """Why a bidder takes the task or does not."""
    score, least = float(task.scores[i]), max(reserve_of(task.options), 0.0)
    if task.winner == i:
        highest = score >= float(np.nanmax(task.scores, initial=-np.inf))
        return f"takes the task: highest score {written(score)}" if highest else f"takes the task {BY_ITS_RULE}"
    if np.isnan(score):
        return "does not bid"
    if score < least:
        return f"loses: its score {written(score)} is below {written(least)}, the least that is served"
    if task.winner is None or not score <= task.scores[task.winner]:
        return f"loses {BY_ITS_RULE}: its score {written(score)} does not take the task"
    if task.scores[task.winner] == score:
        return f"loses: its score {written(score)} equals {task.name_of(task.winner)}'s, and the lot fell to that one"
    return f"loses: its score {written(score)} is below {task.name_of(task.winner)}'s"

"""One task in words: what each report scored, who takes the task, and what each grade of work pays."""

from collections.abc import Mapping, Sequence

import numpy as np

from econo_env.markets.form import BY_ITS_RULE, Floats
from econo_env.money import written

GRADES = ("excellent", "satisfactory", "poor", "byzantine")
"""Grades of work from 1 on, the best first."""


def explained(
    scores: Floats,
    winner: int | None,
    second_score: float,
    transfers: Mapping[str, float],
    reserve: float = 0.0,
    only: Sequence[int] | None = None,
) -> list[str]:
    """One line a bidder, and one about the transfers.

    Args:
        scores: Expected worth of the reported work less its cost, credits, NaN for none, shape (n,).
        winner: Who takes the task, or None.
        second_score: What the winner owes: the best losing score or the reserve, credits.
        transfers: What the winner receives in each grade, credits; negative is taken from its stake.
        reserve: Least score that is served, credits.
        only: The bidders to tell of, all by default.
    """
    called = [f"bidder_{i}" for i in range(len(scores))]
    told = range(len(called)) if only is None else only
    lines = [f"{called[i]} {_fate(i, scores, winner, reserve, called)}" for i in told]
    if winner is None:
        return [*lines, "nobody takes the task"]
    others = np.where(np.arange(len(scores)) == winner, np.nan, scores)
    loser = next((called[i] for i in np.flatnonzero(np.abs(others - second_score) <= 1e-6)), None)
    by_reserve = "the reserve, for no other score reaches it"
    owed = (
        f"the best losing score ({loser})"
        if loser
        else by_reserve
        if second_score == max(reserve, 0.0)
        else BY_ITS_RULE
    )
    listed = ", ".join(f"{grade} {written(amount)}" for grade, amount in transfers.items())
    return [*lines, f"{called[winner]} owes {written(second_score)}, {owed}, and is paid V(grade) less that: {listed}"]


def _fate(i: int, scores: Floats, winner: int | None, reserve: float, names: Sequence[str]) -> str:
    if np.isnan(scores[i]):
        return "does not bid"
    if winner == i:
        return f"takes the task: highest score {written(scores[i])}"
    if scores[i] < max(reserve, 0.0):
        return f"loses: its score {written(scores[i])} is below {written(reserve)}, the least that is served"
    if winner is not None and scores[winner] == scores[i]:
        return f"loses: its score {written(scores[i])} equals {names[winner]}'s, and the lot fell to that one"
    return f"loses: its score {written(scores[i])} is below {names[winner] if winner is not None else 'the reserve'}'s"

"""One scoring auction in words: what each offer scores, who wins, and where the payment comes from."""

from collections.abc import Sequence

import numpy as np

from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.reasons import BY_ITS_RULE, paid_in_words, reason
from econo_env.mechanisms.rounds import ScoredRound
from econo_env.money import written


def explained(row: Mechanism, bought: ScoredRound, only: Sequence[int] | None = None) -> list[str]:
    """One line a supplier, or for `only` some of them, of a purchase by the mechanism of that row."""
    return [_line(i, row, bought) for i in (range(len(bought.prices)) if only is None else only)]


def _line(i: int, row: Mechanism, bought: ScoredRound) -> str:
    price, quality, paid = float(bought.prices[i]), float(bought.qualities[i]), float(bought.payments[i])
    receives = paid_in_words(-paid, received=True)
    if np.isnan(price):
        line = f"{bought.name_of(i)} made no offer"
        return f"{line}; {receives}, {BY_ITS_RULE}" if paid else line
    score = float(bought.scores[i])
    reckoned = f"{written(bought.counted[i])} - {written(price)} = {written(score)}"
    said = f"asks {written(price)} for quality {quality:.12g}, a score of {reckoned}"
    if not bought.allocation[i]:
        line = f"{bought.name_of(i)} loses: {said}, {_why_not(score, bought)}"
        return f"{line}; {receives}, {BY_ITS_RULE}" if paid else line
    best = float(np.max(np.delete(bought.scores, i), initial=-np.inf))
    tied = ", drawn by lot among equals" if best == score else ""
    standing = f"not the highest, {BY_ITS_RULE}" if best > score else f"the highest{tied}"
    return (
        f"{bought.name_of(i)} wins: {said}, {standing}; delivers {quality:.12g} and {receives}, "
        f"{reason(row.sources, bought, i, paid)}"
    )


def _why_not(score: float, bought: ScoredRound) -> str:
    """Why an offer is not bought."""
    reserve = reserve_of(bought.options)
    if score < reserve:
        return f"below the reserve score {written(reserve)}"
    winners = np.flatnonzero(bought.allocation)
    if not winners.size:
        return f"not bought {BY_ITS_RULE}"
    winner = int(winners[np.argmin(bought.scores[winners])])
    if bought.scores[winner] == score:
        return f"as much as {bought.name_of(winner)}, on whom the lot fell"
    if bought.scores[winner] < score:
        return f"{BY_ITS_RULE}, which buys of {bought.name_of(winner)}"
    return f"below {bought.name_of(winner)}'s {written(bought.scores[winner])}"

"""What payments of purchases and tasks by score can be."""

import numpy as np

from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.reasons import Reason
from econo_env.mechanisms.rounds import ScoredRound, TaskRound
from econo_env.money import written


def own_price(bought: ScoredRound, supplier: int) -> Reason | None:
    """The price that it asked."""
    return Reason("its price", float(bought.prices[supplier]))


def down_to_the_next_score(bought: ScoredRound, supplier: int) -> Reason | None:
    """So much that its score falls to the best other one, or to the reserve where no other is accepted."""
    others = np.where(np.arange(len(bought.prices)) == supplier, -np.inf, bought.scores)
    rival, reserve = int(np.argmax(others)), reserve_of(bought.options)
    to_match = float(others[rival])
    words = f"so that its score falls to {bought.name_of(rival)}'s {written(max(to_match, reserve))}"
    if to_match < reserve:
        to_match = reserve
        words = f"so that its score falls to the reserve, {written(reserve)}: no rival is accepted"
    return Reason(words, float(bought.prices[supplier] + bought.scores[supplier]) - to_match)


def best_losing_score(task: TaskRound, bidder: int) -> Reason | None:
    """The best score but its own."""
    others = np.where(np.arange(len(task.scores)) == bidder, np.nan, task.scores)
    if np.isnan(others).all():
        return None
    loser = int(np.nanargmax(others))
    return Reason(f"the best losing score ({task.name_of(loser)})", float(others[loser]))


def least_score(task: TaskRound, bidder: int) -> Reason | None:
    """The least score that is served."""
    return Reason("the reserve, for no other score reaches it", reserve_of(task.options))

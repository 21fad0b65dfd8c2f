"""One task of a task market as people see it."""

from functools import lru_cache

import numpy as np

from econo_env.clearing.picture import Column, Picture, credits_written, told
from econo_env.clearing.task_market.document import transfers
from econo_env.clearing.task_market.explain import explained, explained_by_lot
from econo_env.economy.parts.lottery import goes_by_lot
from econo_env.market import agents_of
from econo_env.markets.task_market.scenario import TaskMarketScenario
from econo_env.markets.task_market.state import Params, State, params
from econo_env.mechanisms.rounds import TaskRound
from econo_env.money import to_credits, written


def picture(scenario: TaskMarketScenario, before: State, after: State, k: int) -> Picture:
    """Costs, scores and pay of market `k` for the task between the two states; a score of "-" is no bid."""
    paid, winner = to_credits(-after.award.pays[k]), int(after.winner[k])
    score = np.where(after.scores[k] >= 0, to_credits(after.scores[k]), np.nan)
    facts = [f"task worth {float(to_credits(before.task_value[k])):.3f}"]
    levels: dict[str, float] = {}
    story: list[str] = []
    if winner >= 0:
        second = float(to_credits(after.second_scores[k, winner]))
        gained, best = credits_written(to_credits(np.array([after.surplus[k], after.best_surplus[k]])))
        levels["second score"] = second
        by_grade = transfers(int(after.second_scores[k, winner]), int(before.task_value[k]), _params(scenario))[1]
        cleared = TaskRound(scenario.mechanism, score, winner, second, names=agents_of(scenario))
        if goes_by_lot(float(before.openness[k]), scenario.lottery_share):
            story = explained_by_lot(cleared, by_grade)
        else:
            story = explained(scenario.row(), cleared, by_grade, told(after.award.units[k] != 0))
        story.append(f"for its work it is paid {written(paid[winner])}")
        facts += [f"paid {paid[winner]:.3f}", f"expected surplus {gained} of {best}"]
    elif after.tick[k] > before.tick[k]:
        facts.append("nobody takes it")
    columns = [
        Column("cost", to_credits(before.cost[k])),
        Column("reliability", after.reliability[k], "share"),
        Column("score", score),
        Column("paid", paid),
        Column("status", np.where(after.active[k], "", "banned"), "text"),
    ]
    return Picture(
        columns,
        after.award.units[k] != 0,
        bars=("cost", "score"),
        captions=("status",),
        levels=levels,
        facts=facts,
        story=story,
        track={"winning score": float(score[winner]), **levels} if winner >= 0 else {},
    )


@lru_cache(maxsize=8)
def _params(scenario: TaskMarketScenario) -> Params:
    return params(scenario)

"""One task of a task market as people see it, and what the dict APIs tell about it."""

from functools import lru_cache

import numpy as np

from econo_env.economy.ledger import FREE, balances_of
from econo_env.engine.state import Arrays
from econo_env.market import agents_of
from econo_env.markets.task_market.document import transfers
from econo_env.markets.task_market.explain import explained
from econo_env.markets.task_market.scenario import TaskMarketScenario
from econo_env.markets.task_market.state import Params, State, params
from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.rounds import TaskRound
from econo_env.money import to_credits, written
from econo_env.telemetry.picture import Column, Picture, credits_written, told

GRADES = np.array(["-", "excellent", "satisfactory", "poor", "byzantine"])


def info(scenario: TaskMarketScenario, state: State) -> Arrays:
    """What the dict APIs tell in `infos`, arrays (markets, agents).

    Of the last task: `won`, `grade` (0 none, 1 excellent to 4 byzantine) and `paid`, the credits received. As it stands
    now: `stake`, the free credits, and `reputation`, the lower confidence bound.
    """
    return {
        "won": state.award.units != 0,
        "grade": state.grades,
        "paid": to_credits(state.transfers),
        "stake": to_credits(balances_of(state.balances, FREE)),
        "reputation": state.bound,
    }


def picture(scenario: TaskMarketScenario, before: State, after: State, k: int) -> Picture:
    """Costs, scores, grade and pay of market `k` for the task between the two states; a score of "-" is no bid."""
    now = {name: column[k] for name, column in info(scenario, after).items()}
    winner = int(after.winner[k])
    score = np.where(after.scores[k] >= 0, to_credits(after.scores[k]), np.nan)
    task = float(to_credits(before.task_value[k]))
    asks = float(before.threshold[k])
    facts = [f"task worth {task:.3f}", f"asks for reputation {asks:.0%}" if asks else "open to all"]
    levels: dict[str, float] = {}
    story: list[str] = []
    grades = GRADES[now["grade"]]
    if winner >= 0:
        second = float(to_credits(after.second_scores[k, winner]))
        gained, best = credits_written(to_credits(np.array([after.surplus[k], after.best_surplus[k]])))
        levels["second score"] = second
        paid = transfers(int(after.second_scores[k, winner]), int(before.task_value[k]), _params(scenario))[1]
        bids = np.where(before.eligible[k], score, np.nan)
        cleared = TaskRound(scenario.mechanism, bids, winner, second, names=agents_of(scenario))
        story = explained(mechanism(scenario.mechanism.name), cleared, paid, told(after.award.units[k] != 0))
        story.append(f"its work was {grades[winner]}: it is paid {written(now['paid'][winner])}")
        facts += [f"{grades[winner]} work, paid {now['paid'][winner]:.3f}", f"expected surplus {gained} of {best}"]
    elif after.tick[k] > before.tick[k]:
        facts.append("nobody takes it")
    status = np.where(after.active[k], np.where(before.eligible[k], "", "not eligible"), "banned")
    columns = [
        Column("cost", to_credits(before.cost[k])),
        Column("reliability", after.reliability[k], "share"),
        Column("score", score),
        Column("effort", np.where(after.award.units[k] != 0, after.effort[k], np.nan), "share"),
        Column("grade", grades, "text"),
        Column("paid", now["paid"]),
        Column("stake", now["stake"]),
        Column("reputation", now["reputation"], "share"),
        Column("status", status, "text"),
    ]
    return Picture(
        columns,
        after.award.units[k] != 0,
        bars=("cost", "score"),
        captions=("status", "grade", "stake", "reputation"),
        levels=levels,
        facts=facts,
        idle=frozenset(np.flatnonzero(~before.eligible[k]).tolist()),
        story=story,
        track={"winning score": float(score[winner]), **levels} if winner >= 0 else {},
    )


@lru_cache(maxsize=8)
def _params(scenario: TaskMarketScenario) -> Params:
    return params(scenario)

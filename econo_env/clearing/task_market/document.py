"""One task from a file: reports of cost and reliability in, who takes it and what each grade pays out.

{mechanism: {name: second_score}, task_value: 1.0,
 reports: [{cost: 0.2, reliability: 0.9}, {cost: 0.1, reliability: 0.6}]}
"""

import math
from collections.abc import Mapping

import numpy as np
from pydantic import AliasChoices, Field

from econo_env.clearing.document import NO_OFFER, Amount, Document, Floats, Ints, gap_between, lottery_of, read_document
from econo_env.clearing.task_market.explain import explained
from econo_env.economy.contracts import BYZANTINE, efficient_effort, money, payout, score, value_of
from econo_env.economy.parts.contracts import GRADES, ContractsSection
from econo_env.economy.staking import contract_lock, required_stake
from econo_env.markets.task_market.scenario import TaskMarketScenario
from econo_env.markets.task_market.state import Params, params
from econo_env.mechanisms.document import Cleared, Rounding
from econo_env.mechanisms.rounds import TaskRound
from econo_env.money import LARGEST_CREDITS, to_credits, to_money, written
from econo_env.settings import Section, validated


class Report(Section):
    """What a bidder says of itself.

    Attributes:
        cost: Cost of the work at full effort, credits.
        reliability: Chance of success at full effort.
    """

    cost: Amount = Field(ge=0.0, le=LARGEST_CREDITS)
    reliability: float = Field(ge=0.0, le=1.0)


class TaskDocument(Document):
    """The keys of a file.

    Attributes:
        task_value: V(satisfactory) in credits.
        contract: The value schedule in multiples of that, as in `economy.contracts` of a scenario.
        reports: One a bidder; null is no bid.
    """

    task_value: Amount = Field(1.0, gt=0.0, le=LARGEST_CREDITS)
    contract: ContractsSection = ContractsSection()
    reports: list[Report | None] = Field(min_length=1, validation_alias=AliasChoices("reports", "bids"))


def clear_document(document: Mapping[str, object], seed: int = 0, rounding: Rounding | None = None) -> Cleared:
    """Clears one task from a mapping; see `econo_env.mechanisms.document.clear_document`.

    `payments` is what the winner owes, the second score, whatever its work turns out to be; it receives V(grade) beside
    it. `details` holds the `scores` and the winner's `transfers` in each grade, V(grade) less what it owes, not below
    its locked `stake`.
    """
    parsed, row, options = read_document(TaskDocument, document, rounding)
    rules = params(_scenario(parsed))
    value = int(to_money(parsed.task_value))
    scores = np.array([_score(report, value, rules) for report in parsed.reports], dtype=np.int64)
    allocation, owed = np.zeros_like(scores), np.zeros_like(scores)
    row.rule(scores, rules.weights, lottery_of(seed), rules.rule, allocation, owed)
    winners = np.flatnonzero(allocation).tolist()
    stake, paid = transfers(int(owed[winners[0]]), value, rules) if winners else (0.0, {})
    bid = np.array([report is not None for report in parsed.reports])
    said = np.where(bid, to_credits(scores), np.nan)
    welfare = float(to_credits((allocation * scores).sum()))
    optimal = max(0.0, float(to_credits(scores.max())))
    return Cleared(
        winners=winners,
        allocation=allocation.tolist(),
        payments=to_credits(owed).tolist(),
        welfare=welfare,
        optimal=optimal,
        gap=gap_between(welfare, optimal),
        explanation=[
            *_reckoned(parsed, rules, said),
            *explained(row, TaskRound(options, said, *_winner(winners, owed)), paid),
        ],
        details={
            "scores": [float(one) if there else None for one, there in zip(said, bid, strict=True)],
            "transfers": paid,
            "stake": stake,
        },
    )


def _scenario(parsed: TaskDocument) -> TaskMarketScenario:
    """The market in which the task stands, for the constants that its rules take."""
    document = {"id": "clearing_v0", "market": "task_market", "num_agents": len(parsed.reports), "max_cycles": 1}
    economy = {"ledger": {}, "staking": {}, "contracts": parsed.contract.model_dump()}
    sections = {"mechanism": parsed.mechanism, "economy": economy}
    return validated(TaskMarketScenario, document | sections, "clearing_v0")


def _score(report: Report | None, value: int, rules: Params) -> int:
    """The score of a report in micro-credits."""
    if report is None:
        return NO_OFFER
    cost = float(to_money(report.cost))
    return int(math.floor(score(cost, report.reliability, float(value), rules.schedule) + 0.5))


def transfers(owed: int, value: int, rules: Params) -> tuple[float, dict[str, float]]:
    """The stake locked behind the contract, and what the winner receives in each grade, credits."""
    worst = money(value_of(BYZANTINE, float(value), rules.schedule))
    lock = contract_lock(owed, worst, required_stake(value, rules.schedule, rules.stake_cap))
    paid = {name: payout(grade, value, owed, lock, rules.schedule) for grade, name in enumerate(GRADES) if grade}
    return float(to_credits(lock)), {name: float(to_credits(amount)) for name, amount in paid.items()}


def _winner(winners: list[int], owed: Ints) -> tuple[int | None, float]:
    """Who takes the task, and what it owes in credits."""
    return (winners[0], float(to_credits(owed[winners[0]]))) if winners else (None, 0.0)


def _reckoned(parsed: TaskDocument, rules: Params, scores: Floats) -> list[str]:
    """How each score comes about."""
    value, schedule = parsed.task_value, rules.schedule
    lines = [
        f"success is worth {written(schedule.success * value)} on average, failure {written(schedule.poor * value)}; "
        "a score is what the work is worth in expectation less its cost"
    ]
    for i, report in enumerate(parsed.reports):
        if report is None:
            continue
        effort = efficient_effort(report.cost, report.reliability, value, schedule)
        succeeds = report.reliability * effort
        lines.append(
            f"bidder_{i} scores {succeeds:.12g} x {written(schedule.success * value)} + {1 - succeeds:.12g} x "
            f"{written(schedule.poor * value)} - {written(report.cost * effort**2)} = {written(scores[i])} at effort "
            f"{effort:.12g}"
        )
    return lines

"""Whether agents come out well: not worse off for taking part, nor for the strategy they follow, nor wronged."""

from collections.abc import Sequence

import numpy as np

from econo_env.market import alike
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.evaluation.deviations import Replaced
from econo_env.training.evaluation.metrics import Metric, over_seeds
from econo_env.training.evaluation.play import Record, play
from econo_env.training.evaluation.statistics import zero_events_bound

_REGRET = 0.01  # of what the truth would have earned
_ROUNDING = 1e-9  # credits


def satisfaction(
    scenario: Scenario, policy: Policy, truthful: Policy, seeds: Sequence[int], records: Sequence[Record]
) -> Metric:
    """The share of agents, over whole episodes as they came out, that are content.

    An agent is if it (a) earned no less than by staying out, which is 0, (b) would have earned at most 1 % more by the
    truth, with the same draws and luck, everybody else following the policy, and (c) was not penalised without cause.
    One agent of each role replays the truth and stands for the role. An idle agent is content only where the truth
    would have earned it nothing.

    Args:
        scenario: The market.
        policy: What everybody does.
        truthful: What the truth is there.
        seeds: The seeds of the records.
        records: Of everybody following the policy, one for each seed.
    """
    roles = alike(scenario)
    sizes = [len(members) for members in roles]
    by_seed = []
    for seed, record in zip(seeds, records, strict=True):
        shares = [_content(scenario, Replaced(policy, role[0], truthful), role[0], seed, record) for role in roles]
        by_seed.append(float(np.average(shares, weights=sizes)))
    metric = over_seeds(by_seed, "share", 0.0, 1.0)
    unseen = zero_events_bound(sum(record.markets for record in records))
    low = min(metric.ci95[0], 1.0 - unseen) if metric.mean == 1.0 else metric.ci95[0]
    high = max(metric.ci95[1], unseen) if metric.mean == 0.0 else metric.ci95[1]
    return Metric(metric.mean, (low, high), metric.unit, metric.by_seed)


def _content(scenario: Scenario, honest: Policy, agent: int, seed: int, record: Record) -> float:
    own, truth = record.earned[:, agent], play(scenario, honest, seed, record.markets).earned[:, agent]
    takes_part = own >= -_ROUNDING
    no_regret = truth - own <= _REGRET * np.abs(truth) + _ROUNDING
    return float((takes_part & no_regret & ~record.wronged[:, agent]).mean())

"""Learners that hear what every arm would have earned, put together from their options."""

import math
from functools import partial
from typing import Any

import numpy as np

from econo_env.policies.adaptive import full_information
from econo_env.policies.adaptive.arms import grid_of
from econo_env.policies.adaptive.counterfactual import hearing
from econo_env.policies.adaptive.learner import Learner
from econo_env.policies.adaptive.situations import Situations
from econo_env.policies.options import between, whole
from econo_env.scenario import Scenario


def by_sums(
    form: int,
    name: str,
    scenario: Scenario,
    seed: int = 0,
    *,
    rate: float = 0.0,
    forgetting: float = 1.0,
    window: int = 0,
    floors: bool = False,
    payoff_range: float = 1.0,
    num_threads: int = 1,
    **grid: Any,
) -> Learner:
    """A learner that hears what every arm would have earned.

    Args:
        form: How chances come from sums of payoffs.
        name: Its name.
        scenario: A sealed-bid market that shows all bids afterwards.
        seed: Of its luck.
        rate: Eta, per credit; 0 is sqrt(8 ln K / t) over the range of payoffs, which needs no horizon.
        forgetting: What a payoff counts after one more choice, in (0, 1].
        window: How many of the last payoffs count; 0 for all.
        floors: Of regret matching: regrets do not fall below 0 (regret matching+).
        payoff_range: Credits between the least and the largest payoff.
        num_threads: Threads that share the markets; results do not depend on it.
        **grid: See `grid_of`.
    """
    arms = grid_of(scenario, **grid)
    last = whole("window", window, 0, 1_000_000, "choices")
    fades = between("forgetting", forgetting, 0.0, 1.0, open_low=True)
    if last and fades < 1.0:
        raise ValueError(f"window={window!r} and forgetting={forgetting!r}: choose one of the two")
    params = full_information.sum_params(
        form,
        len(arms.levels),
        rate=between("rate", rate, 0.0, math.inf),
        forgetting=fades,
        window=last > 0,
        floors=bool(floors),
        payoff_range=between("payoff_range", payoff_range, 0.0, math.inf, open_low=True),
    )
    return Learner(
        name,
        scenario,
        arms,
        Situations(scenario, {}),
        full_information.sums_learn,
        full_information.sums_choose,
        params,
        np.zeros(1),
        weigh=full_information.sums_weigh,
        seed=seed,
        window=last,
        hears=hearing(scenario),
        num_threads=num_threads,
    )


hedge = partial(by_sums, full_information.HEDGE, "hedge")
regret_matching = partial(by_sums, full_information.MATCHING, "regret_matching")
dual_averaging = partial(by_sums, full_information.AVERAGING, "dual_averaging")

"""The learners that go by a name, with their options."""

from typing import Any

from econo_env.policies.adaptive.by_reward import exp3, q_learning, regime_filter, roth_erev, sensing, upper_bound
from econo_env.policies.adaptive.by_sums import dual_averaging, hedge, regret_matching
from econo_env.policies.adaptive.counterfactual import shows_all_payoffs
from econo_env.policies.adaptive.learner import Learner
from econo_env.policy import Row
from econo_env.scenario import Scenario

GRID = ("of", "arms", "lowest", "highest")
_COMMON = ("num_threads", *GRID)
_RANGE = ("least_reward", "largest_reward")


def adaptive(
    scenario: Scenario,
    seed: int = 0,
    *,
    lowest: float = 0.0,
    highest: float = 2.0,
    arms: int | None = None,
    num_threads: int = 1,
) -> Learner:
    """What plays the adaptive level: it follows markets that change, by all that is shown of them.

    Hedge that forgets where all bids are shown, and so what every multiple would have earned; else the regime filter.

    Args:
        scenario: The market.
        seed: Of its luck.
        lowest: The least multiple of the truth.
        highest: The largest.
        arms: Multiples; by default every 0.05 where all are heard of, else every 0.1, for each has to be tried.
        num_threads: Threads that share the markets; results do not depend on it.
    """
    heard = shows_all_payoffs(scenario)
    count = max(2, round((highest - lowest) * (20 if heard else 10)) + 1) if arms is None else arms
    grid: dict[str, Any] = {"arms": count, "lowest": lowest, "highest": highest, "num_threads": num_threads}
    if heard:
        learner = hedge(scenario, seed, rate=10.0, forgetting=0.92, **grid)
    else:
        learner = regime_filter(scenario, seed, **grid)
    learner.name = "adaptive"
    return learner


_SUMS = ("rate", "forgetting", "window", "payoff_range", *_COMMON)
ROWS = (
    Row(
        "adaptive",
        "The adaptive level: Hedge that forgets where all bids are shown, else the regime filter.",
        adaptive,
        ("lowest", "highest", "arms", "num_threads"),
    ),
    Row(
        "exp3",
        "EXP3 over multiples of the truth; with a `share` EXP3.S, which follows switches.",
        exp3,
        ("exploration", "share", "horizon", *_RANGE, "sees", *_COMMON),
    ),
    Row(
        "ucb",
        "Upper confidence bounds over multiples of the truth, discounted by `forgetting`.",
        upper_bound,
        ("forgetting", "width", *_RANGE, "sees", *_COMMON),
    ),
    Row(
        "sensing",
        "Upper confidence bounds that notice changes and begin anew (CUSUM-UCB), above a floor.",
        sensing,
        ("exploration", "width", "drift", "limit", "floor", *_RANGE, "sees", *_COMMON),
    ),
    Row(
        "regime_filter",
        "Thompson sampling among remembered regimes, above a floor: follows markets that switch and switch back.",
        regime_filter,
        (
            "regimes",
            "hazard",
            "novelty",
            "surprise",
            "most",
            "exploration",
            "patience",
            "width",
            "floor",
            *_RANGE,
            "sees",
            *_COMMON,
        ),
    ),
    Row(
        "q_learning",
        "Q-learning over multiples of the truth, with exploration that fades.",
        q_learning,
        ("rate", "discount", "exploration", "decay", "initial", "feedback", "sees", *_COMMON),
    ),
    Row(
        "roth_erev",
        "Roth and Erev's reinforcement over multiples of the truth, in the form for markets or the original.",
        roth_erev,
        ("recency", "experimentation", "modified", "initial", "least_reward", "sees", *_COMMON),
    ),
    Row("hedge", "Hedge, where all bids are shown: exponential weights of what arms would have earned.", hedge, _SUMS),
    Row(
        "regret_matching",
        "Regret matching, where all bids are shown: chances in proportion to regrets.",
        regret_matching,
        ("floors", *_SUMS),
    ),
    Row("dual_averaging", "Dual averaging on the simplex, where all bids are shown.", dual_averaging, _SUMS),
)

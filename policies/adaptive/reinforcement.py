"""Reinforcement of Roth and Erev: what has paid is done more often.

Erev and Roth, "Predicting how people play games: reinforcement learning in experimental games with unique, mixed
strategy equilibria", American Economic Review 88 (1998), where what an arm earns goes in part to all others alike;
modified by Nicolaisen, Petrov and Tesfatsion, "Market power and efficiency in a computational electricity market with
discriminatory double-auction pricing", IEEE Transactions on Evolutionary Computation 5 (2001). After arm j earned R, of
K arms

    q_j <- (1 - phi) q_j + R (1 - epsilon),
    q_i <- (1 - phi) q_i + R epsilon / (K - 1)      for the others in the original,
    q_i <- (1 - phi) q_i + q_i epsilon / (K - 1)    in the modified form,

R in excess of the least reward. In the original a reward of 0 changes no chance, so who never trades learns nothing.
"""

from typing import NamedTuple

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s
from econo_env.policies.adaptive.memory import Memory, drawn, sum_of

_LEAST = 1e-200
"""Below it a propensity is this: chances are then as even as numbers can tell."""


class RothErevParams(NamedTuple):
    """Constants."""

    recency: float  # phi
    experimentation: float  # epsilon
    modified: bool
    lowest: float  # credits, the least reward


@compiled
def roth_erev_learn(
    k: int, i: int, now: int, memory: Memory, params: RothErevParams, gains: Float64s, row: Float64s
) -> None:
    """Moves all propensities of the situation, see the top of the file."""
    propensities, played = memory.values[k, i, memory.place[k, i]], memory.played[k, i]
    reward = max(0.0, memory.earned[k, i] - params.lowest)
    shared = params.experimentation / (propensities.shape[0] - 1)
    for arm in range(propensities.shape[0]):
        if arm == played:
            gain = reward * (1.0 - params.experimentation)
        else:
            gain = shared * (propensities[arm] if params.modified else reward)
        propensities[arm] = max(_LEAST, (1.0 - params.recency) * propensities[arm] + gain)


@compiled
def roth_erev_choose(
    k: int, i: int, now: int, memory: Memory, params: RothErevParams, luck: float, detail: float, row: Float64s
) -> int:
    """An arm with chances in proportion to the propensities."""
    propensities = memory.values[k, i, now]
    total = sum_of(propensities)
    arm = drawn(propensities, total, luck)
    memory.chance[k, i] = propensities[arm] / total
    return arm

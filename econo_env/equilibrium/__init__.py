"""Equilibria found numerically, for one-shot games with independent one-dimensional private types.

`solved(scenario)` discretises types and bids, follows the logit equilibrium from noise to none, reads monotone bid
functions off it, and measures what the best deviation gains against the exact distribution of the rivals' bids.
"""

from econo_env.equilibrium.grids import Choices
from econo_env.equilibrium.solve import MOST_IN_A_TABLE, Solution, solved
from econo_env.equilibrium.strategy import BidFunction

__all__ = ["MOST_IN_A_TABLE", "BidFunction", "Choices", "Solution", "solved"]

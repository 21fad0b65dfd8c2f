"""Equilibria found numerically, for one-shot games with independent private values: one each, or two under pay-as-bid.

`solved(scenario)` discretises types and bids, follows the logit equilibrium from noise to none, reads monotone bid
functions off it, and measures what the best deviation gains against the exact distribution of the rivals' bids.
"""

from econo_env.equilibrium.grids import Choices
from econo_env.equilibrium.solution import Solution
from econo_env.equilibrium.solve import MOST_IN_A_TABLE, solved
from econo_env.equilibrium.unit_bids import UnitBids
from econo_env.valuations.bid_function import BidFunction

__all__ = ["MOST_IN_A_TABLE", "BidFunction", "Choices", "Solution", "UnitBids", "solved"]

"""From a calibration to the market that bidders are trained in."""

import numpy as np

from econo_env.catalogue import from_mapping
from econo_env.scenario import Scenario
from econo_env.valuations.calibration import Calibration
from econo_env.valuations.calibration.smoothing import PROBABILITIES
from econo_env.valuations.priors import Empirical

DRAWN_IN_ABOVE = 0.95
"""Values above this quantile are drawn in."""
HIGHEST = 1.5
"""The highest value then, in multiples of that quantile."""


def bounded_prior(found: Calibration, num_bidders: int) -> Empirical:
    """The estimated values with a short tail, so that learners can tell the others apart.

    Learners see values as shares of the highest, which in a table of real bids lies far from the rest. Up to the
    95 % quantile the prior is the estimate. Above it the calibration itself only holds the markup; here values rise
    straight on, to 1.5 times that quantile (or the estimate, where that is lower). Setting them all to one value
    instead would leave the game without a pure equilibrium.
    """
    values = found.estimate(num_bidders).values
    edge = float(np.interp(DRAWN_IN_ABOVE, PROBABILITIES, values))
    ramp = edge * (1.0 + (HIGHEST - 1.0) * (PROBABILITIES - DRAWN_IN_ABOVE) / (1.0 - DRAWN_IN_ABOVE))
    drawn_in = np.where(PROBABILITIES <= DRAWN_IN_ABOVE, values, np.minimum(values, ramp))
    return Empirical(quantiles=tuple(float(f"{value:.6g}") for value in drawn_in))


def training_market(found: Calibration, num_bidders: int) -> Scenario:
    """A one-shot first-price auction with the calibrated values; see `bounded_prior`."""
    sections = found.scenario(num_bidders)
    sections["values"] = {"name": "empirical", "quantiles": list(bounded_prior(found, num_bidders).quantiles)}
    return from_mapping(sections)

"""Calibration: the value distribution behind observed first-price bids.

`calibrate` reads a table of bids, takes out what the covariates explain (Haile, Hong and Shum 2003), inverts the
first-order condition of bidding for each number of bidders (Guerre, Perrigne and Vuong 2000) and returns a
`Calibration`, which becomes a prior and a scenario. The method is told in `docs/calibration.md`.
"""

from econo_env.valuations.calibration.options import TIMBER, EstimateOptions, TableOptions
from econo_env.valuations.calibration.pipeline import calibrate
from econo_env.valuations.calibration.result import Calibration

__all__ = ["TIMBER", "Calibration", "EstimateOptions", "TableOptions", "calibrate"]

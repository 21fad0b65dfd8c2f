"""The result of a calibration: estimates, what was dropped, and the prior and scenario they become."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from econo_env.valuations.calibration.comparison import Comparison
from econo_env.valuations.calibration.estimate import ValueEstimate
from econo_env.valuations.calibration.homogenise import Coefficient
from econo_env.valuations.calibration.options import EstimateOptions, TableOptions
from econo_env.valuations.calibration.revenue import WhatIf, what_if
from econo_env.valuations.calibration.smoothing import PROBABILITIES
from econo_env.valuations.calibration.tables import Dropped
from econo_env.valuations.priors import Empirical
from econo_env.version import __version__


@dataclass(frozen=True)
class Homogenisation:
    """What the regression of log bids on the covariates found."""

    r_squared: float
    """Share of the variance of log bids explained by covariates and numbers of bidders."""
    residual_deviation: float
    auction_share: float
    """Share of the residual variance common to the bids of an auction; 0 under independent private values."""
    amount_per_credit: float
    """One credit in the table's unit of money, in the auction with the median covariate index."""
    coefficients: tuple[Coefficient, ...]


@dataclass(frozen=True)
class Calibration:
    """The market behind a table of bids.

    One credit is the median homogenised bid: the median bid in the auction with the median covariate index.
    """

    name: str
    source: str
    table_options: TableOptions
    estimate_options: EstimateOptions
    rows_read: int
    auctions_read: int
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    homogenisation: Homogenisation
    estimates: dict[int, ValueEstimate]
    """By number of bidders."""
    skipped: dict[int, str]
    """Numbers of bidders that were not estimated, and why."""
    comparison: Comparison | None

    @property
    def default_num_bidders(self) -> int:
        """The number of bidders with the most bids."""
        return max(self.estimates, key=lambda n: self.estimates[n].observed.size)

    def estimate(self, num_bidders: int | None = None) -> ValueEstimate:
        """The estimate for a number of bidders, by default the one with the most bids.

        Raises:
            ValueError: That number was not estimated.
        """
        n = self.default_num_bidders if num_bidders is None else num_bidders
        if n not in self.estimates:
            why = f" ({self.skipped[n]})" if n in self.skipped else ""
            raise ValueError(
                f"no estimate for {n} bidders{why}: choose one of {', '.join(map(str, sorted(self.estimates)))}"
            )
        return self.estimates[n]

    def prior(self, num_bidders: int | None = None, cap: float = 1.0) -> Empirical:
        """The value distribution as a prior, in credits.

        Args:
            num_bidders: Whose estimate, by default the one with the most bids.
            cap: Values above this quantile are set to it. Learners scale what they observe by the highest value, which
                in a table with wild bids is far from the rest.
        """
        values = self.estimate(num_bidders).values
        capped = np.minimum(values, np.interp(cap, PROBABILITIES, values))
        return Empirical(quantiles=tuple(float(f"{value:.6g}") for value in capped))

    def scenario(self, num_bidders: int | None = None, cap: float = 1.0) -> dict[str, Any]:
        """A one-shot first-price market with these values, as the sections of a scenario file; see `prior`."""
        n = self.estimate(num_bidders).num_bidders
        return {
            "id": f"{self.name}_v0",
            "market": "sealed_bid",
            "num_agents": n,
            "max_cycles": 1,
            "values": {"name": "empirical", "quantiles": list(self.prior(n, cap).quantiles)},
            "mechanism": {"name": "first_price", "reserve": 0.0},
        }

    def what_if(self, num_bidders: int | None = None) -> WhatIf:
        """Revenue of other rules in this market."""
        return what_if(self.estimate(num_bidders))

    def as_dict(self) -> dict[str, Any]:
        """Every figure as plain lists and numbers; bootstrap samples and single bids are left out."""
        return {
            "name": self.name,
            "source": self.source,
            "rows_read": self.rows_read,
            "auctions_read": self.auctions_read,
            "dropped": [dataclasses.asdict(entry) for entry in self.dropped],
            "notes": list(self.notes),
            "homogenisation": dataclasses.asdict(self.homogenisation),
            "probabilities": PROBABILITIES.tolist(),
            "estimates": {str(n): _plain(found) for n, found in sorted(self.estimates.items())},
            "skipped": {str(n): why for n, why in self.skipped.items()},
            "comparison": self.comparison
            and {**dataclasses.asdict(self.comparison), "verdict": self.comparison.verdict},
            "what_if": {str(n): dataclasses.asdict(self.what_if(n)) for n in sorted(self.estimates)},
            "provenance": {
                "econo_env": __version__,
                "table": self.table_options.model_dump(),
                "estimate": self.estimate_options.model_dump(),
            },
        }

    def to_json(self) -> str:
        """`as_dict` as JSON text."""
        return json.dumps(self.as_dict(), indent=1)


def _plain(found: ValueEstimate) -> dict[str, Any]:
    return {
        "auctions": found.auctions,
        "bids_observed": int(found.observed.size),
        "smoothing": dataclasses.asdict(found.smoothing),
        "rearranged": found.rearranged,
        "bids": found.bids.tolist(),
        "values": found.values.tolist(),
        "values_low": found.values_low.tolist(),
        "values_high": found.values_high.tolist(),
        "fit": dataclasses.asdict(found.fit),
    }

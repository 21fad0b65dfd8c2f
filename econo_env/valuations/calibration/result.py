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
from econo_env.valuations.calibration.revenue import Price, WhatIf, expected_price, what_if
from econo_env.valuations.calibration.smoothing import PROBABILITIES
from econo_env.valuations.calibration.symmetry import Symmetry
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
    assumed: tuple[str, ...]
    """How the table was read where it did not say so itself."""
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    """What can be read but may well be wrong, and would bias the estimate."""
    homogenisation: Homogenisation
    estimates: dict[int, ValueEstimate]
    """By number of bidders."""
    skipped: dict[int, str]
    """Numbers of bidders that were not estimated, and why."""
    comparison: Comparison | None
    symmetry: Symmetry | None
    """Whether bidders are alike; None where the table does not let them be compared."""

    @property
    def procurement(self) -> bool:
        """Whether the lowest bid was taken to win."""
        return self.table_options.procurement

    @property
    def winner(self) -> str:
        """Who is taken as the winner, one sentence."""
        if self.procurement:
            return "taken as procurement: the lowest bid of each auction wins and is paid, so costs lie below bids"
        return (
            "taken as sales: the highest bid of each auction wins and pays, so values lie above bids "
            "(--procurement if the lowest wins)"
        )

    @property
    def default_num_bidders(self) -> int:
        """The number of bidders with the most bids."""
        return max(self.estimates, key=lambda n: self.estimates[n].single_bids.size)

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
        """A one-shot first-price market with these values, as the sections of a scenario file; see `prior`.

        In procurement the values are costs and the ceiling is the one given, or else the highest cost.
        """
        found = self.estimate(num_bidders)
        prior = self.prior(found.num_bidders, cap)
        reserve = None if found.reserve is None else float(f"{found.reserve:.6g}")
        sections: dict[str, Any] = {
            "id": f"{self.name}_v0",
            "market": "sealed_bid",
            "num_agents": found.num_bidders,
            "max_cycles": 1,
            "values": {"name": "empirical", "quantiles": list(prior.quantiles)},
            "mechanism": {"name": "first_price", "reserve": 0.0 if found.procurement else reserve or 0.0},
        }
        if found.procurement:
            ceiling = prior.highest if reserve is None else reserve
            sections |= {"procurement": {"ceiling": ceiling}, "bids": "amount"}
            # the action space reaches up to the ceiling, which may lie above the highest cost
            sections["largest_bid"] = max(1.0, float(f"{1.000001 * ceiling / prior.highest:.6g}"))
        return sections

    def what_if(self, num_bidders: int | None = None) -> WhatIf:
        """Revenue of other rules in this market.

        Raises:
            ValueError: It is procurement, where no best ceiling can be known without what the buyer would do without.
        """
        found = self.estimate(num_bidders)
        if found.procurement:
            raise ValueError("what_if is of sales: in procurement ask price() for what the buyer pays")
        return what_if(found)

    def price(self, num_bidders: int | None = None) -> Price:
        """What the buyer pays in procurement, observed and in equilibrium."""
        return expected_price(self.estimate(num_bidders))

    def as_dict(self) -> dict[str, Any]:
        """Every figure as plain lists and numbers; bootstrap samples and single bids are left out."""
        return {
            "name": self.name,
            "source": self.source,
            "rows_read": self.rows_read,
            "auctions_read": self.auctions_read,
            "dropped": [dataclasses.asdict(entry) for entry in self.dropped],
            "winner": self.winner,
            "assumed": list(self.assumed),
            "notes": list(self.notes),
            "warnings": list(self.warnings),
            "homogenisation": dataclasses.asdict(self.homogenisation),
            "probabilities": PROBABILITIES.tolist(),
            "estimates": {str(n): _plain(found) for n, found in sorted(self.estimates.items())},
            "skipped": {str(n): why for n, why in self.skipped.items()},
            "comparison": self.comparison
            and {**dataclasses.asdict(self.comparison), "verdict": self.comparison.verdict},
            "symmetry": self.symmetry and {**dataclasses.asdict(self.symmetry), "verdict": self.symmetry.verdict},
            "price" if self.procurement else "what_if": {
                str(n): dataclasses.asdict(self.price(n) if self.procurement else self.what_if(n))
                for n in sorted(self.estimates)
            },
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
        "bids_observed": int(found.single_bids.size),
        "reserve": found.reserve,
        "excluded": [found.excluded, found.excluded_low, found.excluded_high],
        "smoothing": dataclasses.asdict(found.smoothing),
        "rearranged": found.rearranged,
        "bids": found.bids.tolist(),
        "values": found.values.tolist(),
        "values_low": found.values_low.tolist(),
        "values_high": found.values_high.tolist(),
        # no money is left on the table where no auction has two bids
        "fit": {key: None if np.isnan(value) else value for key, value in dataclasses.asdict(found.fit).items()},
    }

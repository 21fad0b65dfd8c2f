"""What a calibration is told: the columns of the table and the settings of the estimate."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

TIMBER = "timber"
"""The word that stands for the timber bids of the `simple_fpa` distribution."""

LARGEST_LEVELS = 2000
"""Discrete covariates may have this many levels in all: the regression solves one equation a level."""


class TableOptions(BaseModel):
    """Which columns of a table of bids mean what; one row is one bid.

    Continuous covariates enter the regression as logs, discrete ones as one dummy per level. Covariates describe the
    auction: they are the same in all its rows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    auction_column: str = "auction"
    bid_column: str = "bid"
    continuous: tuple[str, ...] = ()
    discrete: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _each_column_once(self) -> "TableOptions":
        names = [self.auction_column, self.bid_column, *self.continuous, *self.discrete]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"column {twice[0]!r} is named twice: a column is the auction, the bid, a continuous or a discrete "
                "covariate; name it once"
            )
        return self

    @property
    def columns(self) -> list[str]:
        """Every column that is read."""
        return [self.auction_column, self.bid_column, *self.continuous, *self.discrete]


TIMBER_COLUMNS = TableOptions(
    auction_column="auctionid",
    bid_column="actual_bid",
    continuous=("adv_value", "hhi", "volume_total_1"),
    discrete=("forest", "state", "year"),
)
"""The columns of the timber bids: advertised value, species concentration, volume; forest, state, year."""


class EstimateOptions(BaseModel):
    """Settings of the estimate; the defaults are the ones the tests and `docs/calibration.md` speak of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(0, ge=0)
    bootstrap: int = Field(200, ge=20, le=10_000)
    """Bootstrap samples of whole auctions behind every band."""
    outliers: float = Field(0.01, ge=0.0, le=1.0)
    """Bids this far out are expected this often in a table of the same size; 0 keeps every bid."""
    trim: float = Field(0.05, ge=0.0, le=0.5)
    """Share of the highest bids whose relative markup is not estimated but held at its last estimate: it rests on
    the few bids in the tail, where errors in the table gather."""
    auction_effects: bool = False
    """Whether to take out what is common to the bids of an auction beyond its covariates, approximately."""
    minimum_auctions: int = Field(5, ge=3)
    """A number of bidders seen in fewer auctions is reported and left out."""

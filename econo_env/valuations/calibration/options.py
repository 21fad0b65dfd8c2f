"""What a calibration is told: the columns of the table and the settings of the estimate."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

TIMBER = "timber"
"""The word that stands for the timber bids of the `simple_fpa` distribution."""

LARGEST_LEVELS = 2000
"""Discrete covariates may have this many levels in all: the regression solves one equation a level."""


class TableOptions(BaseModel):
    """Which columns of a table of bids mean what, and how its text is read.

    One row is one bid, or with `bid_columns` one auction. Continuous covariates enter the regression as logs, discrete
    ones as one dummy per level. Covariates describe the auction: they are the same in all its rows. Ids, names and
    discrete covariates are labels: they are equal where their text is.

    Attributes:
        auction_column: Label of the auction. A wide table without such a column has one auction a row.
        bid_column: The bid, an amount above 0.
        bid_columns: Wide tables, one column a bidder: columns of bids, or patterns such as `bid*`; blank is no bid.
        bidder_column: Label of the bidder. Of several bids of one bidder in one auction the best counts.
        class_column: A class of bidders (incumbents and entrants): symmetry is tested between classes, not bidders.
        continuous: Positive numbers that describe the auction.
        discrete: Labels that describe the auction.
        procurement: The lowest bid wins and is paid; otherwise the highest wins and pays.
        reserve: The binding reserve price (in procurement the ceiling), an amount or a column; none is assumed.
        potential_bidders: With a reserve, bidders there are, bidding or not; by default the most seen in an auction.
        separator: Between the cells of a file; by default found from the header.
        decimal: Decimal mark of numbers; by default found from the cells.
        thousands: Thousands separator of numbers, `none` for none; by default found from the cells.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    auction_column: str = "auction"
    bid_column: str = "bid"
    bid_columns: tuple[str, ...] = ()
    bidder_column: str | None = None
    class_column: str | None = None
    continuous: tuple[str, ...] = ()
    discrete: tuple[str, ...] = ()
    procurement: bool = False
    reserve: float | str | None = None
    potential_bidders: int | None = Field(None, ge=2)
    separator: Literal[",", ";", "\t", "|"] | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[",", ".", "'", " ", "none"] | None = None

    @model_validator(mode="after")
    def _each_column_once(self) -> "TableOptions":
        names = self.columns
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"column {twice[0]!r} is named twice: a column is the auction, the bid, the bidder, the reserve, a "
                "continuous or a discrete covariate; name it once"
            )
        return self

    @model_validator(mode="after")
    def _fits_together(self) -> "TableOptions":
        said = None
        if self.bid_columns and self.bidder_column:
            said = "a wide table has one column a bidder: leave bidder_column out"
        elif self.bid_columns and self.class_column:
            said = "a wide table has one row an auction, so no column holds the class of a bidder: leave it out"
        elif self.decimal is not None and self.decimal == self.thousands:
            said = f"decimal and thousands are both {self.decimal!r}: choose two different marks"
        elif isinstance(self.reserve, float) and not 0.0 < self.reserve < float("inf"):
            said = f"reserve = {self.reserve:g}: give an amount above 0, or the name of a column"
        elif self.potential_bidders is not None and self.reserve is None:
            said = "potential_bidders goes with a reserve, which keeps some of them away: give reserve too"
        elif self.reserve is not None and (self.continuous or self.discrete):
            said = (
                "a reserve goes without covariates, which would move the value it cuts off from auction to auction: "
                "leave them out, or give a column of reserves that values scale with"
            )
        if said:
            raise ValueError(said)
        return self

    @property
    def reserve_column(self) -> str | None:
        """The column of the reserve, if it is one."""
        return self.reserve if isinstance(self.reserve, str) else None

    @property
    def columns(self) -> list[str]:
        """Every column that is named; those of wide bids may be patterns."""
        others = (self.bidder_column, self.class_column, self.reserve_column)
        return [
            self.auction_column,
            *(self.bid_columns or (self.bid_column,)),
            *(name for name in others if name is not None),
            *self.continuous,
            *self.discrete,
        ]


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

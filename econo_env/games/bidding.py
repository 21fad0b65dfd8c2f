"""What bidders of a one-shot game bid for, as far as the search for equilibria has to know."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bidding:
    """What bidders of a one-shot game bid for.

    Attributes:
        units: Units or slots for sale.
        wanted: Units that a bidder wants.
        weights: By which bids are ranked, one an agent; None where they are ranked as they are.
        entry_costs: Credits that it costs to bid.
        all_there: Everybody is there for certain, and to bid costs nothing.
        highest_bid: The largest bid worth a thought in credits; None is the own highest value.
    """

    units: int = 1
    wanted: int = 1
    weights: tuple[float, ...] | None = None
    entry_costs: float = 0.0
    all_there: bool = True
    highest_bid: float | None = None

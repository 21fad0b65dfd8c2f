"""What bidders see of all bids of the last round, in every kind of market: names of the features, limit, writing."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled

MOST_BIDS_SHOWN = 1000


def bids_shown(names: tuple[str, ...], num_agents: int) -> list[str]:
    """Features that hold all bids of the last round, agent by agent: `bid_of_0`, or `bid_1_of_0`, `bid_2_of_0`, ...

    Args:
        names: What each part of a bid is called.
        num_agents: Bidders.
    """
    return [f"{name}_of_{agent}" for agent in range(num_agents) for name in names]


def whose_bid(feature: str) -> tuple[str, str] | None:
    """The part and the bidder's number that a feature of `bids_shown` is about, None for other features."""
    name, _, agent = feature.rpartition("_of_")
    return (name, agent) if name and agent.isdecimal() else None


def about_bid_shown(feature: str) -> str:
    """What a feature of `bids_shown` means."""
    part, agent = whose_bid(feature) or ("", "")
    return f"{part.replace('_', ' ')} of agent {agent} in the last round over the largest possible one, 0 for none"


def meanings(names: tuple[str, ...], told: Mapping[str, str]) -> dict[str, str]:
    """What features mean: as `told`, or a bid of `bids_shown`."""
    return {name: about_bid_shown(name) if whose_bid(name) else told[name] for name in names}


def check_bids_shown(count: int) -> None:
    """Raises a ValueError if that many bids are too many to be shown to everybody."""
    if count > MOST_BIDS_SHOWN:
        raise ValueError(f"feedback all_bids shows everybody every bid: at most {MOST_BIDS_SHOWN} bids, not {count}")


@compiled
def show_bids(bids: NDArray[Any], largest: float, row: NDArray[Any], first: int, step: int) -> None:
    """Writes bids over the largest possible one to an observation, 0 for no bid.

    Args:
        bids: Shape (n,), negative for none.
        largest: The largest possible bid.
        row: The observation, shape (features,).
        first: Where the first bid goes.
        step: How far behind it the next one goes.
    """
    for j in range(bids.shape[0]):
        row[first + j * step] = min(1.0, max(bids[j], 0) / largest)

"""What agents see of the last round in repeated play, in every kind of market."""

from collections.abc import Callable

from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature, each_of
from econo_env.markets.records import Bids, Scales

MOST_BIDS_SHOWN = 1000
SHOWS_ALL = ("all_bids", "all_orders")


def check_bids_shown(feedback: str, count: int) -> None:
    """Raises a ValueError if the feedback shows everybody that many bids and they are too many."""
    if feedback in SHOWS_ALL and count > MOST_BIDS_SHOWN:
        raise ValueError(f"feedback {feedback} shows everybody every bid: at most {MOST_BIDS_SHOWN} bids, not {count}")


@compiled
def over_largest(bid: int, largest: float) -> float:
    """A bid over the largest possible one; 0 for no bid, which is negative."""
    return min(1.0, max(bid, 0) / largest)


@compiled
def bid_placed(k: int, j: int, state: Bids, params: Scales) -> float:
    """The j-th bid of the last round over the largest possible one."""
    return over_largest(state.bids[k, j], params.largest_amount)


def all_bids(parts: tuple[str, ...], num_agents: int, placed: Callable[..., float] = bid_placed) -> tuple[Feature, ...]:
    """All bids of the last round, agent by agent: `bid_of_0`, or `bid_1_of_0`, `bid_2_of_0`, ...

    Args:
        parts: What each part of a bid is called.
        num_agents: Bidders.
        placed: Compiled, `(k, j, state, params)`: the j-th part of all, see `over_largest`.
    """
    told = [
        (
            f"{part}_of_{agent}",
            f"{part.replace('_', ' ')} of agent {agent} in the last round over the largest possible one, 0 for none",
        )
        for agent in range(num_agents)
        for part in parts
    ]
    return each_of(told, placed, shared=True)


def last_round(
    feedback: str, rounds: int, result: tuple[Feature, ...], best: tuple[Feature, ...], bids: tuple[Feature, ...]
) -> tuple[Feature, ...]:
    """What is shown of the last round, as far as the feedback goes.

    Args:
        feedback: `nothing`, or the own result, with the best bid or price or with all bids.
        rounds: Rounds of an episode: after a single one nobody looks back.
        result: What the own result shows.
        best: What is shown of the best bid, or the price.
        bids: All bids.
    """
    if rounds == 1 or feedback == "nothing":
        return ()
    return result + {"winning_bid": best, "price": best, "all_bids": bids}.get(feedback, ())

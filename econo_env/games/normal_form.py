"""Finite games in normal form: payoffs, best replies, equilibria, and how far a profile is from one."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations, product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.rng import Lottery, ticket

Floats = NDArray[np.float64]
Profile = Sequence[Floats]
"""A mixed strategy of each player, (strategies,), adding up to 1."""
_MOST_BIDDERS = 6


@dataclass(frozen=True, eq=False)
class NormalForm:
    """A finite game.

    Attributes:
        payoffs: Of each player, float64 (strategies of player 0, strategies of player 1, ...).
    """

    payoffs: tuple[Floats, ...]

    def __post_init__(self) -> None:
        """Checks that every player has a payoff in every profile.

        Raises:
            ValueError: Shapes differ, there is no payoff for each player, or one is not finite.
        """
        shapes = {payoff.shape for payoff in self.payoffs}
        if len(shapes) != 1 or len(next(iter(shapes))) != len(self.payoffs) or 0 in next(iter(shapes)):
            raise ValueError(f"payoffs of shapes {sorted(shapes)} for {len(self.payoffs)} players: one axis a player")
        if not all(np.isfinite(payoff).all() for payoff in self.payoffs):
            raise ValueError("payoffs must be finite")

    @property
    def num_players(self) -> int:
        """How many play."""
        return len(self.payoffs)

    def against(self, player: int, profile: Profile) -> Floats:
        """What each strategy of a player earns against the others' mixed strategies, (strategies,)."""
        earned = np.moveaxis(self.payoffs[player], player, -1)
        for other in range(self.num_players):
            if other != player:
                earned = np.tensordot(np.asarray(profile[other], dtype=np.float64), earned, axes=(0, 0))
        found: Floats = earned
        return found

    def value(self, player: int, profile: Profile) -> float:
        """What a player earns in expectation."""
        return float(np.asarray(profile[player]) @ self.against(player, profile))

    def nash_conv(self, profile: Profile) -> float:
        """What all players together gain by their best replies (Lanctot et al. 2017); 0 in equilibrium alone."""
        return float(sum(self.against(p, profile).max() - self.value(p, profile) for p in range(self.num_players)))

    def pure_equilibria(self) -> list[tuple[int, ...]]:
        """Every profile of pure strategies from which nobody gains by leaving, in order."""
        stays = [payoff >= payoff.max(axis=p, keepdims=True) for p, payoff in enumerate(self.payoffs)]
        return [tuple(map(int, profile)) for profile in np.argwhere(np.logical_and.reduce(stays))]

    def restricted(self, kept: Sequence[Sequence[int]]) -> "NormalForm":
        """The game in which each player has some of its strategies only."""
        return NormalForm(tuple(payoff[np.ix_(*kept)] for payoff in self.payoffs))

    @property
    def zero_sum(self) -> bool:
        """Whether two play, and what one gains the other loses."""
        return self.num_players == 2 and bool(np.allclose(self.payoffs[0], -self.payoffs[1]))

    @property
    def symmetric(self) -> bool:
        """Whether two play, and neither could tell which of the two it is."""
        rows, *columns = self.payoffs[0].shape
        return self.num_players == 2 and [rows] == columns and bool((self.payoffs[0] == self.payoffs[1].T).all())


def auction(rule: Callable[..., Any], params: Any, values: ArrayLike, bids: Sequence[ArrayLike]) -> NormalForm:
    """The game that a sealed-bid rule makes of known values and grids of bids; ties by fair lot, in expectation.

    Args:
        rule: A mechanism's compiled rule, generic in the kind of numbers.
        params: Its parameters, in the unit of the bids.
        values: What a unit is worth to each bidder, (bidders,).
        bids: The bids that each may make.

    Raises:
        ValueError: There are more than 6 bidders: every order of tickets is played.
    """
    worth, grids = np.asarray(values, dtype=np.float64), [np.asarray(grid, dtype=np.float64) for grid in bids]
    bidders = len(worth)
    if len(grids) != bidders or not 1 <= bidders <= _MOST_BIDDERS:
        raise ValueError(f"{bidders} values and {len(grids)} grids of bids: one each, for at most {_MOST_BIDDERS}")
    shape = tuple(map(len, grids))
    payoffs = np.zeros((bidders, *shape))
    units, pays, weights = np.zeros(bidders), np.zeros(bidders), np.full(bidders, 1000, dtype=np.int64)
    for profile in np.ndindex(shape):
        made = np.array([grid[one] for grid, one in zip(grids, profile, strict=True)])
        orders = lotteries(bidders) if len(set(made)) < bidders else lotteries(bidders)[:1]
        for lottery in orders:
            rule(made, weights, lottery, params, units, pays)
            payoffs[(slice(None), *profile)] += (units * worth - pays) / len(orders)
    return NormalForm(tuple(payoffs))


@cache
def lotteries(bidders: int) -> tuple[Lottery, ...]:
    """Lotteries that order the tickets of bidders in each possible way, once."""
    found: dict[tuple[int, ...], Lottery] = {}
    wanted = set(permutations(range(bidders)))
    for key in range(1000 * math.factorial(bidders)):
        lottery = Lottery(np.uint64(key), 0, 0)
        order = tuple(int(i) for i in np.argsort([int(ticket(lottery, i)) for i in range(bidders)]))
        found.setdefault(order, lottery)
        if len(found) == len(wanted):
            break
    return tuple(found[order] for order in sorted(found))


def profiles(game: NormalForm) -> list[tuple[int, ...]]:
    """Every profile of pure strategies."""
    return list(product(*(range(count) for count in game.payoffs[0].shape)))

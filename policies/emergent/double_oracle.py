"""Double oracle: play a small game, add every player's best reply in the whole one, until there is none to add.

McMahan, Gordon and Blum (ICML 2003); with approximate replies it is PSRO (Lanctot et al., NeurIPS 2017).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from econo_env.games.normal_form import Floats, NormalForm, Profile

MetaSolver = Callable[[NormalForm], list[Floats]]
"""A mixed strategy of each player of a small game."""
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Expansion:
    """One step.

    Attributes:
        kept: The strategies that each player has in it, in the order in which they came.
        profile: The meta-solver's answer, on all strategies of the whole game.
        nash_conv: What best replies in the whole game gain.
    """

    kept: tuple[tuple[int, ...], ...]
    profile: tuple[Floats, ...]
    nash_conv: float


def zero_sum_solution(game: NormalForm) -> list[Floats]:
    """The maximin strategies of both players, by linear programming.

    Raises:
        ValueError: The game is not zero-sum, or the solver fails.
    """
    if not game.zero_sum:
        raise ValueError("maximin strategies are an equilibrium of zero-sum games of two players only")
    return [_maximin(game.payoffs[0]), _maximin(game.payoffs[1].T)]


def _maximin(payoff: Floats) -> Floats:
    """The mixed strategy of the row player that secures most: max w, x'A >= w."""
    rows, columns = payoff.shape
    objective = np.zeros(rows + 1)
    objective[-1] = -1.0
    above = np.hstack([-payoff.T, np.ones((columns, 1))])
    total = np.concatenate([np.ones(rows), [0.0]])[None]
    bounds = [(0.0, None)] * rows + [(None, None)]
    found = linprog(objective, A_ub=above, b_ub=np.zeros(columns), A_eq=total, b_eq=[1.0], bounds=bounds)
    if not found.success:
        raise ValueError(f"the linear program of a {rows} by {columns} game was not solved: {found.message}")
    mixed = np.clip(found.x[:-1], 0.0, None)
    strategy: Floats = mixed / mixed.sum()
    return strategy


def uniform_mixture(game: NormalForm) -> list[Floats]:
    """Every strategy alike: with it a double oracle is fictitious play of a kind."""
    return [np.full(count, 1.0 / count) for count in game.payoffs[0].shape]


def equilibrium(game: NormalForm) -> list[Floats]:
    """An equilibrium of a small game: maximin of a zero-sum one, else the last pure one, else by regret matching."""
    if game.zero_sum:
        return zero_sum_solution(game)
    if pure := game.pure_equilibria():
        return [np.eye(count)[one] for count, one in zip(game.payoffs[0].shape, pure[-1], strict=True)]
    return matched(game)


def matched(game: NormalForm, rounds: int = 20_000) -> list[Floats]:
    """The average play of regret matching+ with expected payoffs: near a coarse correlated equilibrium."""
    regrets = [np.zeros(count) for count in game.payoffs[0].shape]
    sums = [np.zeros(count) for count in game.payoffs[0].shape]
    for step in range(1, rounds + 1):
        profile = [r / r.sum() if r.sum() > 0.0 else np.full(len(r), 1.0 / len(r)) for r in regrets]
        for player in range(game.num_players):
            earned = game.against(player, profile)
            regrets[player] = np.maximum(regrets[player] + earned - profile[player] @ earned, 0.0)
            sums[player] += step * profile[player]
    return [total / total.sum() for total in sums]


def double_oracle(
    game: NormalForm, start: Sequence[Sequence[int]], solver: MetaSolver = equilibrium, most: int = 10_000
) -> list[Expansion]:
    """Expands a small game until nobody gains by a strategy outside it.

    Args:
        game: The whole game.
        start: The strategies that each player has at first.
        solver: Of the small games.
        most: Steps after which it stops anyway.

    Returns:
        Every step, the start first; the last one's profile is an equilibrium of the whole game if the solver's were.

    Raises:
        ValueError: A player starts with no strategy, or with one that it has not got.
    """
    counts = game.payoffs[0].shape
    for player, own in enumerate(start):
        if not own or not all(0 <= one < counts[player] for one in own):
            raise ValueError(
                f"player {player} starts with {list(own)}: some of its strategies 0 to {counts[player] - 1}"
            )
    kept = [list(dict.fromkeys(own)) for own in start]
    steps: list[Expansion] = []
    while len(steps) < most:
        profile = _spread(solver(game.restricted(kept)), kept, counts)
        steps.append(Expansion(tuple(map(tuple, kept)), profile, game.nash_conv(profile)))
        added = False
        for player in range(game.num_players):
            earned = game.against(player, profile)
            reply = int(np.argmax(earned))
            if reply not in kept[player] and earned[reply] > earned @ profile[player] + _TOLERANCE:
                kept[player].append(reply)
                added = True
        if not added:
            break
    return steps


def _spread(profile: Profile, kept: Sequence[Sequence[int]], counts: Sequence[int]) -> tuple[Floats, ...]:
    """Mixed strategies of a small game as such of the whole one."""
    whole = []
    for mixed, own, count in zip(profile, kept, counts, strict=True):
        strategy = np.zeros(count)
        strategy[list(own)] = mixed
        whole.append(strategy)
    return tuple(whole)

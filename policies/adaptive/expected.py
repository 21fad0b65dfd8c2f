"""Learners on a finite game, with expected payoffs: no luck, so exact."""

from dataclasses import dataclass

import numpy as np

from econo_env.games.normal_form import Floats, NormalForm
from econo_env.policies.adaptive.full_information import HEDGE, chances, sum_params


@dataclass(frozen=True)
class Course:
    """What became of a game that learners played.

    Attributes:
        last: The mixed strategy of each player in the last round.
        average: The mean of each player's mixed strategies.
        means: What a weighing of profiles was worth in each round, (rounds,): see `play_expected`.
    """

    last: tuple[Floats, ...]
    average: tuple[Floats, ...]
    means: Floats


def play_expected(
    game: NormalForm, rounds: int, rate: float, *, form: int = HEDGE, weighing: Floats | None = None
) -> Course:
    """Every player learns from what its strategies earn in expectation against the others' mixed ones, from uniform on.

    Args:
        game: The game.
        rounds: Rounds, at least 1.
        rate: Eta, per unit of payoff; 0 for sqrt(8 ln K / t) over the range of payoffs.
        form: How chances come from sums, of `full_information`.
        weighing: A figure of each profile, such as revenue, the shape of the payoffs.

    Raises:
        ValueError: There is no round.
    """
    if rounds < 1:
        raise ValueError(f"rounds={rounds!r}: at least 1")
    counts = game.payoffs[0].shape
    spread = max(float(np.ptp(payoff)) for payoff in game.payoffs)
    params = [sum_params(form, count, rate=rate, payoff_range=spread if spread > 0.0 else 1.0) for count in counts]
    sums, totals = [np.zeros(count) for count in counts], [np.zeros(count) for count in counts]
    mixed, means = [np.zeros(count) for count in counts], np.zeros(rounds)
    figure = np.zeros(counts) if weighing is None else weighing
    for step in range(rounds):
        for player in range(game.num_players):
            chances(sums[player], step, params[player], mixed[player])
        mean = figure
        for own in mixed:
            mean = np.tensordot(own, mean, axes=(0, 0))
        means[step] = mean
        earned = [game.against(player, mixed) for player in range(game.num_players)]
        for player, gained in enumerate(earned):
            totals[player] += mixed[player]
            sums[player] += gained - (mixed[player] @ gained if form != HEDGE else 0.0)
    return Course(tuple(own.copy() for own in mixed), tuple(total / rounds for total in totals), means)

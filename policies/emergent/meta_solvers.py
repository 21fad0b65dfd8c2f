"""Meta-solvers: the mixture of a small game's strategies that a population plays, and replies are trained against.

Strategies may be as good as alike, so games are solved outright where that can be done: zero-sum games by linear
programming, other games of two by mixed-integer programming (Sandholm, Gilpin and Conitzer, AAAI 2005), both HiGHS's.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from econo_env.games.normal_form import Floats, NormalForm
from econo_env.policies.emergent.double_oracle import MetaSolver, matched, uniform_mixture, zero_sum_solution

_STILL, _GENERATIONS, _STRENGTH = 1e-12, 10_000, 0.5


def nash(game: NormalForm) -> list[Floats]:
    """A Nash equilibrium of two players, a symmetric one of a symmetric game; of several the one that pays most.

    Raises:
        ValueError: More than two play, or the solver fails.
    """
    if game.num_players != 2:
        raise ValueError(f"a game of {game.num_players} players is not solved outright: take the solver 'replicator'")
    if game.zero_sum:
        first, second = zero_sum_solution(game)
        return [first, first] if game.symmetric else [first, second]
    if game.symmetric:
        return _solved([game.payoffs[0]], [0], game) * 2
    return _solved([game.payoffs[0], game.payoffs[1].T], [1, 0], game)


def _solved(payoffs: list[Floats], rivals: list[int], game: NormalForm) -> list[Floats]:
    """Mixed strategies x_p, each a best reply to x_rival(p): what is played with a chance has no regret.

    For each player the variables are x, whether each strategy is played, and the payoff u; regrets u - A x_rival lie
    between 0 and, where it is played, 0.
    """
    sizes = [len(payoff) for payoff in payoffs]
    starts = np.cumsum([0, *(2 * size + 1 for size in sizes)])
    total = int(starts[-1])
    rows: list[Floats] = []
    low: list[float] = []
    high: list[float] = []
    lowest, highest = np.zeros(total), np.ones(total)
    integral, objective = np.zeros(total), np.zeros(total)
    for player, payoff in enumerate(payoffs):
        size, at, other = sizes[player], int(starts[player]), int(starts[rivals[player]])
        spread, worth = float(np.ptp(payoff)), at + 2 * size
        lowest[worth], highest[worth] = payoff.min(), payoff.max()
        integral[at + size : worth], objective[worth] = 1, -1.0
        whole = np.zeros(total)
        whole[at : at + size] = 1.0
        rows, low, high = [*rows, whole], [*low, 1.0], [*high, 1.0]
        for one in range(size):
            played, regret = np.zeros(total), np.zeros(total)
            played[at + one], played[at + size + one] = 1.0, -1.0
            regret[worth] = 1.0
            regret[other : other + payoff.shape[1]] -= payoff[one]
            bounded = regret.copy()
            bounded[at + size + one] = spread
            rows, low, high = [*rows, played, regret, bounded], [*low, -1.0, 0.0, -np.inf], [*high, 0.0, np.inf, spread]
    # HiGHS 1.12 rejects an answer of its own now and then, at the edge of its tolerance: another way leads past it
    for weight, presolve in ((1.0, True), (1.0, False), (0.0, True), (0.0, False), (-1.0, True), (-1.0, False)):
        found = milp(
            weight * objective, constraints=LinearConstraint(np.array(rows), low, high), integrality=integral,
            bounds=Bounds(lowest, highest), options={"presolve": presolve},
        )  # fmt: skip
        if found.x is not None:
            break
    if found.x is None:
        raise ValueError(f"no equilibrium of a game of {sizes} strategies was found: {found.message}")
    mixed = [np.clip(found.x[at : at + size], 0.0, None) for at, size in zip(starts[:-1], sizes, strict=True)]
    return _polished([x / x.sum() for x in mixed], payoffs, rivals, game)


def _polished(mixed: list[Floats], payoffs: list[Floats], rivals: list[int], game: NormalForm) -> list[Floats]:
    """The same with payoffs of what is played made equal to rounding, where that is nearer to an equilibrium."""
    exact = [np.zeros_like(x) for x in mixed]
    for player, payoff in enumerate(payoffs):
        own, theirs = np.flatnonzero(mixed[player] > 1e-6), np.flatnonzero(mixed[rivals[player]] > 1e-6)
        system = np.zeros((len(own) + 1, len(theirs) + 1))
        system[:-1, :-1], system[:-1, -1], system[-1, :-1] = payoff[np.ix_(own, theirs)], -1.0, 1.0
        found, *_ = np.linalg.lstsq(system, np.append(np.zeros(len(own)), 1.0))
        exact[rivals[player]][theirs] = np.clip(found[:-1], 0.0, None)
    times = game.num_players // len(mixed)
    if any(x.sum() <= 0.0 for x in exact):
        return mixed
    exact = [x / x.sum() for x in exact]
    return min([exact, mixed], key=lambda profile: game.nash_conv(profile * times))


def replicator(game: NormalForm) -> list[Floats]:
    """Where exponential replicator dynamics of every player rest from all alike, else their average over time.

    Players alike start and stay alike. In zero-sum games the dynamics go round, and the average is an equilibrium
    (Hofbauer, Sorin and Viossat 2009).
    """
    spread = max(float(np.ptp(payoff)) for payoff in game.payoffs)
    now, strength = uniform_mixture(game), _STRENGTH / spread if spread > 0.0 else 0.0
    sums = [np.zeros_like(x) for x in now]
    for _ in range(_GENERATIONS):
        earned = [game.against(player, now) for player in range(game.num_players)]
        grown = [x * np.exp(strength * (f - f.max())) for x, f in zip(now, earned, strict=True)]
        after = [x / x.sum() for x in grown]
        sums = [total + x for total, x in zip(sums, after, strict=True)]
        if max(float(np.abs(x - y).max()) for x, y in zip(now, after, strict=True)) < _STILL:
            return after
        now = after
    average = [total / _GENERATIONS for total in sums]
    return min([now, average], key=game.nash_conv)


def alpha_rank(game: NormalForm) -> list[Floats]:
    """The marginals of alpha-rank's stationary distribution at infinite intensity (Omidshafiei et al. 2019).

    Raises:
        ImportError: open_spiel, which computes it, is missing.
    """
    module = _open_spiel("egt.alpharank")
    tables = [game.payoffs[0]] if game.symmetric and game.num_players == 2 else list(game.payoffs)
    *_, shares, _, _ = module.compute(tables, m=50, alpha=100.0, use_inf_alpha=True, inf_alpha_eps=0.01)
    if len(tables) == 1:
        return [np.asarray(shares, dtype=np.float64)] * 2
    joint = np.asarray(shares, dtype=np.float64).reshape(game.payoffs[0].shape)
    everybody = range(game.num_players)
    return [joint.sum(axis=tuple(other for other in everybody if other != player)) for player in everybody]


def projected_replicator(game: NormalForm) -> list[Floats]:
    """Projected replicator dynamics, which keep exploring (Lanctot et al. 2017), as open_spiel computes them.

    Raises:
        ImportError: open_spiel is missing.
    """
    module = _open_spiel("algorithms.projected_replicator_dynamics")
    found: list[Any] = module.projected_replicator_dynamics(list(game.payoffs), prd_iterations=20_000)
    return [np.asarray(x, dtype=np.float64) for x in found]


def _open_spiel(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(f"open_spiel.python.{name}")
    except ImportError:
        raise ImportError("this meta-solver is open_spiel's: pip install 'econo-env[openspiel]'") from None


META_SOLVERS: Mapping[str, MetaSolver] = MappingProxyType(
    {
        "nash": nash,
        "replicator": replicator,
        "uniform": uniform_mixture,
        "regret_matching": matched,
        "alpha_rank": alpha_rank,
        "projected_replicator": projected_replicator,
    }
)
"""Every meta-solver by its name in configurations."""


def support(mixed: NDArray[np.float64]) -> int:
    """Strategies that are played with a chance above 1e-6."""
    return int((mixed > 1e-6).sum())

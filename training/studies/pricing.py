"""Tacit collusion of pricing algorithms: Q-learning firms in a logit duopoly (Calvano et al. 2020).

A high profit gain is no proof of collusion: the study also forces a deviation and looks for its punishment, and is to
be run with `discount: 0` and `memory: false`, where nothing can be upheld by threats.
"""

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

import econo_env
from econo_env.engine.state import Float64s, Int64s
from econo_env.mechanisms.logit_demand import LogitDemand, clear, monopoly_price, nash_price, profit_of_each
from econo_env.policies.adaptive.by_reward import q_learning
from econo_env.policies.adaptive.learner import Learner
from econo_env.policies.adaptive.situations import Situations
from econo_env.training.studies.base import (
    Curves,
    Finding,
    Findings,
    Settings,
    Study,
    Told,
    mean_between,
    share_between,
)
from econo_env.training.studies.sessions import Sessions

_SOURCE = "Calvano et al. (2020), replication package"
_AFTER = 16
"""Periods of the impulse response."""


class PricingSettings(Settings):
    """Settings.

    Attributes:
        sessions: Independent pairs of firms.
        firms: Firms of a session.
        prices: Prices on the grid.
        beyond: xi: the grid goes so much of the way from Nash to monopoly price beyond both.
        memory: Whether firms see the last prices.
        rate: alpha.
        decay: beta: exploration is exp(-beta t).
        discount: delta.
        quality: a.
        cost: c.
        differentiation: mu.
        outside: a_0.
        steady: Periods in a row in which no best price of a visited state changed that make a session settled.
        longest: Periods after which a session is given up.
        threads: That share the sessions; findings do not depend on it.
    """

    study: Literal["pricing"] = "pricing"
    sessions: int = Field(200, ge=2, le=100_000)
    firms: int = Field(2, ge=1, le=4)
    prices: int = Field(15, ge=2, le=100)
    beyond: float = Field(0.1, ge=0.0, le=10.0)
    memory: bool = True
    rate: float = Field(0.15, gt=0.0, le=1.0)
    decay: float = Field(4e-6, ge=0.0, le=1.0)
    discount: float = Field(0.95, ge=0.0, lt=1.0)
    quality: float = 2.0
    cost: float = Field(1.0, ge=0.0)
    differentiation: float = Field(0.25, gt=0.0)
    outside: float = 0.0
    steady: int = Field(100_000, ge=1)
    longest: int = Field(20_000_000, ge=1)
    threads: int = Field(2, ge=1, le=256)

    @model_validator(mode="after")
    def _fits(self) -> "PricingSettings":
        if self.memory and self.prices**self.firms > 1_000_000:
            states = f"{self.prices}^{self.firms} states"
            raise ValueError(f"prices={self.prices}, firms={self.firms}: {states}, at most 10^6: choose fewer")
        return self

    @property
    def demand(self) -> LogitDemand:
        """The demand rule's parameters."""
        return LogitDemand(self.quality, self.cost, self.differentiation, self.outside)


class _Game:
    """The stage game on the grid of prices.

    Attributes:
        prices: float64 (prices,), credits.
        profits: Of firm 0 at each profile, (prices,) * firms, its own price first.
        nash: Profit of each at the Nash price.
        monopoly: Profit of each at the monopoly price.
    """

    def __init__(self, settings: PricingSettings) -> None:
        firms, demand = settings.firms, settings.demand
        low, high = nash_price(firms, demand), monopoly_price(firms, demand)
        margin = settings.beyond * (high - low)
        self.prices: Float64s = np.linspace(low - margin, high + margin, settings.prices)
        self.nash, self.monopoly = profit_of_each(low, firms, demand), profit_of_each(high, firms, demand)
        self.profits: Float64s = np.zeros((settings.prices,) * firms)
        shares, asks = np.zeros(firms), np.ones(firms, dtype=np.bool_)
        for profile in np.ndindex(self.profits.shape):
            clear(self.prices[list(profile)], asks, demand, shares)
            self.profits[profile] = (self.prices[profile[0]] - demand.cost) * shares[0]

    def of(self, firm: int, profile: Int64s) -> float:
        """The profit of a firm where all ask the prices of a profile; firms are alike."""
        others = [price for other, price in enumerate(profile) if other != firm]
        return float(self.profits[(profile[firm], *others)])

    def gain(self, profit: Float64s) -> Float64s:
        """Delta: 0 at the Nash profit, 1 at that of the monopoly."""
        gain: Float64s = (profit - self.nash) / (self.monopoly - self.nash)
        return gain

    def best_reply(self, firm: int, profile: Int64s) -> int:
        """The price that earns a firm most in one round, given the others'."""
        trial = np.array(profile)
        earned = []
        for price in range(len(self.prices)):
            trial[firm] = price
            earned.append(self.of(firm, trial))
        return int(np.argmax(earned))


def _learner(settings: PricingSettings, game: _Game) -> tuple[econo_env.Scenario, Learner]:
    scenario = econo_env.load(
        "logit_demand_v0",
        num_agents=settings.firms,
        max_cycles=1_000_000_000,
        lowest_price=float(game.prices[0]),
        highest_price=float(game.prices[-1]),
        mechanism={"name": "logit_demand", **settings.demand._asdict()},
    )
    own = game.profits.reshape(settings.prices, -1).mean(axis=1)  # against rivals who ask any price alike
    learner = q_learning(
        scenario,
        of="action",
        arms=settings.prices,
        rate=settings.rate,
        discount=settings.discount,
        decay=settings.decay,
        initial=own / (1.0 - settings.discount),
        sees={f"price_of_{firm}": settings.prices for firm in range(settings.firms)} if settings.memory else {},
    )
    return scenario, learner


class _Strategies:
    """What the firms of each session have learned: the best price in each state."""

    def __init__(self, settings: PricingSettings, best: Int64s) -> None:
        self._prices, self._memory, self._best = settings.prices, settings.memory, best

    def next(self, session: int, profile: Int64s) -> Int64s:
        """The prices that follow a profile."""
        state = int(np.ravel_multi_index(tuple(profile), (self._prices,) * len(profile))) if self._memory else 0
        following: Int64s = self._best[session, :, state]
        return following

    def cycle(self, session: int, profile: Int64s) -> list[Int64s]:
        """The profiles that come round and round, from a first one on."""
        path, places = [profile], {tuple(profile): 0}
        while True:
            profile = self.next(session, profile)
            if tuple(profile) in places:
                return path[places[tuple(profile)] :]
            places[tuple(profile)] = len(path)
            path.append(profile)


def _impulse(game: _Game, strategies: _Strategies, session: int, rest: Int64s) -> Float64s:
    """Prices (periods, firms) from rest on, where firm 0 asks its best reply once, in period 1."""
    path, profile = [rest], np.array(rest)
    profile[0] = game.best_reply(0, rest)
    for _ in range(1, _AFTER):
        path.append(profile)
        profile = strategies.next(session, profile)
    prices: Float64s = game.prices[np.array(path)]
    return prices


def _value_of_deviation(game: _Game, strategies: _Strategies, session: int, rest: Int64s, discount: float) -> float:
    """What deviating once is worth to firm 0 over staying, as a share of what staying is worth."""
    profile, weight, total = np.array(rest), 1.0, 0.0
    profile[0] = game.best_reply(0, rest)
    stays = game.of(0, rest)
    while weight > 1e-9:
        total += weight * (game.of(0, profile) - stays)
        profile, weight = strategies.next(session, profile), weight * discount
    return float(total * (1.0 - discount) / stays)


def run(settings: PricingSettings, told: Told) -> Findings:
    """Plays the sessions, and looks at what was learned."""
    game = _Game(settings)
    scenario, learner = _learner(settings, game)
    longest = settings.longest + settings.steady
    sessions = Sessions(
        scenario, learner, settings.sessions, settings.seed,
        steady=settings.steady, longest=longest, threads=settings.threads,
    )  # fmt: skip
    sessions.play(told)
    strategies = _Strategies(settings, sessions.memories["values"].argmax(axis=-1))
    binned = Situations(scenario, {f"price_of_{firm}": settings.prices for firm in range(settings.firms)})
    numbers = binned.of(sessions.last[:, :1])[:, 0]
    rests = np.stack(np.unravel_index(numbers, (settings.prices,) * settings.firms), axis=1)
    cycles = [strategies.cycle(session, rest) for session, rest in enumerate(rests)]
    profits = np.array([np.mean([[game.of(f, p) for f in range(settings.firms)] for p in one]) for one in cycles])
    return _findings(settings, game, strategies, sessions, cycles, game.gain(profits))


def _findings(
    settings: PricingSettings,
    game: _Game,
    strategies: _Strategies,
    sessions: Sessions,
    cycles: list[list[Int64s]],
    gains: Float64s,
) -> Findings:
    lengths = np.array([len(cycle) for cycle in cycles])
    known = _known(settings)
    source, took = _SOURCE if known else "", (sessions.periods - settings.steady) / 1e6
    figures = [
        Finding("Nash price", nash_price(settings.firms, settings.demand)),
        Finding("monopoly price", monopoly_price(settings.firms, settings.demand)),
        share_between("sessions that settled", sessions.settled),
        mean_between("profit gain, 0 Nash and 1 monopoly", gains, known.get("gain"), source),
        mean_between("million periods to settle", took, known.get("periods"), source),
        *(
            share_between(f"sessions that end on a cycle of {n}", lengths == n, known.get(f"cycle {n}"), source)
            for n in (1, 2)
        ),
    ]
    curves: Curves = {}
    ones = np.flatnonzero(lengths == 1)
    if settings.memory and settings.discount > 0.0 and len(ones) > 1 and settings.firms > 1:
        more, curves = _punishment(settings, game, strategies, [(int(s), cycles[s][0]) for s in ones], known)
        figures += more
    gain = figures[3]
    said = (
        f"Firms that learn by trial earn {100 * gain.value:.0f} % of the way from Nash to monopoly profit "
        f"(95 % interval {100 * gain.low:.0f} to {100 * gain.high:.0f}, {settings.sessions} sessions)."
    )
    axes = dict.fromkeys(curves, ("periods after the deviation", "price, credits"))
    return Findings(said, tuple(figures), curves, axes)


def _punishment(
    settings: PricingSettings,
    game: _Game,
    strategies: _Strategies,
    rests: list[tuple[int, Int64s]],
    known: dict[str, tuple[float, float]],
) -> tuple[list[Finding], Curves]:
    """The impulse response of sessions that rest at one pair of prices."""
    moved = [(s, rest) for s, rest in rests if game.best_reply(0, rest) != rest[0]]
    if len(moved) < 2:
        return [], {}
    paths = np.array([_impulse(game, strategies, s, rest) for s, rest in moved])
    values = np.array([_value_of_deviation(game, strategies, s, rest, settings.discount) for s, rest in moved])
    rival = paths[:, :, 1]
    back = np.abs(paths[:, 9, 1] / rival[:, 0] - 1.0) <= 0.01
    source, cut = _SOURCE if known else "", 100 * (rival[:, 2] / rival[:, 0] - 1.0)
    figures = [
        mean_between("rival's price after a deviation, change in %", cut, known.get("cut"), source),
        share_between("deviations that do not pay", values <= 0.0, known.get("unprofitable"), source),
        mean_between("discounted gain of deviating, in % of what staying is worth", 100 * values),
        share_between("rivals back within 1 % of the old price after 9 periods", back),
    ]
    ticks = np.arange(_AFTER)
    mean = paths.mean(axis=0)
    curves: Curves = {"A forced deviation": {"deviator": (ticks, mean[:, 0]), "rival": (ticks, mean[:, 1])}}
    return figures, curves


_KNOWN: tuple[tuple[dict[str, object], dict[str, tuple[float, float]]], ...] = (
    (
        {},
        {
            "gain": (0.823, 0.873),
            "periods": (1.64, 1.86),
            "cycle 1": (0.53, 0.71),
            "cycle 2": (0.16, 0.33),
            "cut": (-16.0, -9.0),
            "unprofitable": (0.9, 1.0),
        },
    ),
    ({"rate": 0.25, "decay": 2e-5}, {"gain": (0.7727, 0.8327)}),
    ({"decay": 2e-6}, {"gain": (0.756, 0.836)}),
    ({"rate": 0.025}, {"gain": (0.7732, 0.8132)}),
    ({"memory": False, "discount": 0.0, "rate": 0.25, "decay": 1e-3}, {"gain": (0.155, 0.215)}),
    ({"memory": False}, {"gain": (0.934, 0.974)}),
)
"""Settings that were run before, as changes of the defaults, with the ranges in which what they find lies."""


def _known(settings: PricingSettings) -> dict[str, tuple[float, float]]:
    """Known answers with their tolerances by figure; none for settings that nobody has run."""
    plain = PricingSettings(seed=settings.seed, sessions=settings.sessions, threads=settings.threads)
    return next((found for changes, found in _KNOWN if settings == plain.model_copy(update=changes)), {})


STUDY = Study("pricing", "Do pricing algorithms learn to collude, and to punish?", PricingSettings, run)

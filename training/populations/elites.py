"""Quality-diversity: the best of every kind of behaviour, by `ribs` (MAP-Elites, Mouret and Clune 2015)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from econo_env.engine.engine import Engine
from econo_env.games.normal_form import Floats
from econo_env.interfaces.opponents import players_of
from econo_env.market import market_of
from econo_env.policies.emergent.bid_curve import BidCurve
from econo_env.policy import Policy
from econo_env.scenario import Scenario

Judge = Callable[[Floats], tuple[float, Floats]]
"""What parameters earn, and where their behaviour lies, (descriptors,)."""


@dataclass(frozen=True)
class Elites:
    """The best of every niche that was reached.

    Attributes:
        parameters: float64 (elites, parameters).
        fitness: (elites,).
        behaviour: Descriptors, (elites, descriptors).
        coverage: Share of the niches that were reached.
    """

    parameters: Floats
    fitness: Floats
    behaviour: Floats
    coverage: float

    @property
    def best(self) -> int:
        """The number of the elite that earns most."""
        return int(np.argmax(self.fitness))


def illuminate(
    judge: Judge,
    start: Sequence[float],
    *,
    niches: Sequence[int],
    ranges: Sequence[tuple[float, float]],
    bounds: tuple[float, float],
    spread: float,
    rounds: int,
    batch: int = 16,
    seed: int = 0,
) -> Elites:
    """Fills an archive of niches by varying what is in it, Gaussian steps on all parameters.

    Args:
        judge: Tells fitness and behaviour; let it use the same luck for all.
        start: The first parameters.
        niches: How many along each descriptor.
        ranges: Of each descriptor; behaviour beyond counts to the outermost niche.
        bounds: Of each parameter.
        spread: Standard deviation of a step.
        rounds: How often a batch is judged.
        batch: Solutions judged at once.
        seed: Of the draws.

    Raises:
        ImportError: The library is missing.
    """
    archives, emitters, schedulers = _library()
    archive = archives.GridArchive(solution_dim=len(start), dims=list(niches), ranges=list(ranges), seed=seed)
    limits = [bounds] * len(start)
    emitter = emitters.GaussianEmitter(
        archive, sigma=spread, x0=np.asarray(start), bounds=limits, batch_size=batch, seed=seed + 1
    )
    scheduler = schedulers.Scheduler(archive, [emitter])
    for _ in range(rounds):
        asked = np.asarray(scheduler.ask(), dtype=np.float64)
        found = [judge(one) for one in asked]
        scheduler.tell(np.array([fitness for fitness, _ in found]), np.array([where for _, where in found]))
    kept = archive.data(["solution", "objective", "measures"])
    return Elites(
        np.asarray(kept["solution"], dtype=np.float64),
        np.asarray(kept["objective"], dtype=np.float64),
        np.asarray(kept["measures"], dtype=np.float64),
        float(archive.stats.coverage),
    )


def bidder_judge(scenario: Scenario, others: Mapping[int, Policy], seat: int, seed: int, markets: int) -> Judge:
    """Judges bid functions in one seat: what they earn in an episode, share of awards, share of the value that is bid.

    Args:
        scenario: The market; its awards count units.
        others: Who plays the other seats.
        seat: Where the bid function plays.
        seed: Fixes types and luck.
        markets: Markets of an episode each.
    """
    values: Any = market_of(scenario).baselines.bids

    def judge(parameters: Floats) -> tuple[float, Floats]:
        curve = BidCurve(scenario, parameters)
        engine, ticks = Engine(scenario, markets), 0
        engine.reset(seed)
        buffers, players = engine.buffers, players_of(scenario, [], {**others, seat: curve})
        for player in players:
            player.reset(seed)
        earned, won, share = np.zeros(markets), 0.0, 0.0
        while not buffers.ended.all():
            live = ~buffers.ended
            own = values.values(scenario, buffers.observations[:, [seat]])
            for player in players:
                player.play(buffers)
            engine.step(buffers.actions)
            for player in players:
                player.watch(buffers)
            earned += buffers.rewards[:, seat] * live
            won += float((engine.state.award.units[:, seat] > 0)[live].mean())
            share += float(curve.at(own)[live].sum() / max(float(own[live].sum()), 1e-12))
            ticks += 1
        return float(earned.mean()), np.array([won / ticks, share / ticks])

    return judge


def _library() -> tuple[Any, Any, Any]:
    try:
        from ribs import archives, emitters, schedulers
    except ImportError:
        raise ImportError("quality-diversity needs its library: pip install 'econo-env[evolution]'") from None
    return archives, emitters, schedulers

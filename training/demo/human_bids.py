"""The bids people made beside those of trained bidders and of equilibrium play."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine
from econo_env.market import market_of, offered
from econo_env.player import Player
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.evaluation.sampling import act, tick
from econo_env.valuations.calibration import Calibration

Floats = NDArray[np.float64]
COMPARED = (0.05, 0.95)
"""Probabilities of a value between which bid functions are compared: beyond them the estimate is held, not made."""


@dataclass(frozen=True)
class Play:
    """Bids of one kind of bidder.

    Attributes:
        bids: Single bids in credits, any order.
        winning: Highest bid of each auction, credits.
        money_on_table: Mean log ratio of the two highest bids of an auction.
    """

    bids: Floats
    winning: Floats
    money_on_table: float


@dataclass(frozen=True)
class HumanBids:
    """What people did, and how far others are from it.

    Attributes:
        values: Value quantiles in credits, shape (points,).
        bids_at_values: The bid people with these values made, by the calibration, shape (points,).
        human_bids: Observed homogenised bids.
        others: The same of policies in the engine.
        bid_distance: By policy, Kolmogorov-Smirnov distance of single bids from people's.
        winning_distance: The same for winning bids.
        bid_gap: By policy, mean absolute difference of the bid functions in credits between 5 % and 95 % of values.
        markets: Auctions that each policy played.
        seed: Of their draws.
    """

    values: Floats
    bids_at_values: Floats
    human_bids: Play
    others: dict[str, Play]
    bid_distance: dict[str, float]
    winning_distance: dict[str, float]
    bid_gap: dict[str, float]
    markets: int
    seed: int


def compare_with_human_bids(
    found: Calibration, scenario: Scenario, policies: dict[str, Policy], *, seed: int, markets: int
) -> HumanBids:
    """Lets policies bid in the calibrated market and lays their bids beside the observed ones.

    Args:
        found: The calibration.
        scenario: The market that came of it.
        policies: By name.
        seed: Of the values drawn.
        markets: Auctions each policy plays.
    """
    estimate = found.estimate(scenario.num_agents)
    observed = np.exp(estimate.observed)
    competing = np.exp(of_auction(found, scenario.num_agents))
    human_bids = _play(observed, competing)
    others = {name: _played(scenario, policy, seed, markets) for name, policy in policies.items()}
    probabilities = np.linspace(0.005, 0.98, 196)
    grid = np.linspace(0.0, 1.0, len(estimate.values))
    values, theirs = np.interp(probabilities, grid, estimate.values), np.interp(probabilities, grid, estimate.bids)
    inside = (probabilities >= COMPARED[0]) & (probabilities <= COMPARED[1])
    gaps = {
        name: float(np.abs(bids_at(scenario, policy, values) - theirs)[inside].mean())
        for name, policy in policies.items()
    }
    return HumanBids(
        values=values,
        bids_at_values=theirs,
        human_bids=human_bids,
        others=others,
        bid_distance={name: distance(human_bids.bids, other.bids) for name, other in others.items()},
        winning_distance={name: distance(human_bids.winning, other.winning) for name, other in others.items()},
        bid_gap=gaps,
        markets=markets,
        seed=seed,
    )


def of_auction(found: Calibration, num_bidders: int) -> Floats:
    """Log bids as they competed in an auction, shape (auctions, bidders).

    With auction effects taken out, the estimate holds each bid's deviation from its auction stretched by
    sqrt(n / (n - 1)); the deviations themselves are what competed.
    """
    observed = found.estimate(num_bidders).observed
    if not found.estimate_options.auction_effects:
        return observed
    mean = observed.mean(axis=1, keepdims=True)
    return np.asarray(mean + np.sqrt((num_bidders - 1) / num_bidders) * (observed - mean))


def bids_at(scenario: Scenario, policy: Policy, values: Floats) -> Floats:
    """The policy's bids at given values in credits, shape (values,), as the engine takes them."""
    market = market_of(scenario)
    made = offered(market.judging.bids, "bids in credits", scenario).made
    engine = Engine(scenario, len(values))
    engine.reset(0)
    market.types.put(scenario, engine, 0, values[:, None])
    engine.show()
    engine.step(act(policy, engine))
    return made(scenario, engine.state)[:, 0]


def distance(first: Floats, second: Floats) -> float:
    """Kolmogorov-Smirnov distance of two samples."""
    from scipy.stats import ks_2samp

    return float(ks_2samp(first, second, method="asymp").statistic)


def _played(scenario: Scenario, policy: Policy, seed: int, markets: int) -> Play:
    engine = Engine(scenario, markets)
    engine.reset(seed)
    player = Player(policy)
    player.reset(seed)
    tick(engine, player, act(player, engine))
    bids = offered(market_of(scenario).judging.bids, "bids in credits", scenario).made(scenario, engine.state)
    return _play(bids, bids)


def _play(bids: Floats, competing: Floats) -> Play:
    ranked = np.sort(competing, axis=1)
    ratio = np.log(np.maximum(ranked[:, -1], 1e-12) / np.maximum(ranked[:, -2], 1e-12))
    return Play(bids.ravel(), ranked[:, -1], float(ratio.mean()))

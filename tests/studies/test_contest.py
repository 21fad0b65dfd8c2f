"""The contest that only mixing solves: its exact measure, and that replies by PPO come to its equilibrium."""

import numpy as np
import pytest

import econo_env
from econo_env.policies.emergent.bid_curve import BidCurve
from econo_env.training.populations.empirical import returns
from econo_env.training.studies.contest import chance, nash_conv_of_efforts
from tests.studies.test_studies import all_hold, found


@pytest.mark.parametrize("seed", range(4))
def test_chances_and_gains_are_those_of_play(seed):
    """Two random efforts and a random power: what each earns in the market itself, to the luck of who wins."""
    generator = np.random.default_rng(seed)
    power, efforts = float(generator.uniform(0.5, 6.0)), generator.uniform(0.0, 1.0, 2)
    scenario = econo_env.load("tullock_v0", **{"mechanism.power": power})
    earned = returns(scenario, {k: BidCurve(scenario, [effort]) for k, effort in enumerate(efforts)}, seed, 40_000)
    known = chance(efforts, efforts[::-1], power) - efforts
    np.testing.assert_allclose(earned, known, atol=4 * 0.5 / np.sqrt(40_000))


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_pure_efforts_rest_up_to_a_power_of_two_and_no_further(power):
    """r / 4 of the prize is left by nobody (Tullock 1980); with a higher power every pure effort is."""
    assert nash_conv_of_efforts(np.array([power / 4]), np.ones(1), power) == pytest.approx(0.0, abs=1e-6)
    assert nash_conv_of_efforts(np.array([power / 4 + 0.1]), np.ones(1), power) > 1e-3
    pure = [nash_conv_of_efforts(np.array([effort]), np.ones(1), power + 2.0) for effort in np.linspace(0.0, 1.0, 101)]
    assert min(pure) > 0.02


@pytest.mark.parametrize("seed", range(4))
def test_gains_on_mixtures_are_those_of_a_plain_sum(seed):
    generator = np.random.default_rng(seed)
    power, efforts, shares = 3.0, generator.uniform(0.0, 0.8, 5), generator.dirichlet(np.ones(5))
    efforts[0] = 0.0

    def earns(own):
        won = [0.5 if own == other == 0.0 else own**power / (own**power + other**power) for other in efforts]
        return float(np.dot(shares, won)) - own

    best = max(map(earns, [1e-6, *np.linspace(0.0, 1.0, 5_001)]))
    own = sum(share * earns(effort) for share, effort in zip(shares, efforts, strict=True))
    assert nash_conv_of_efforts(efforts, shares, power) == pytest.approx(2.0 * (best - own), abs=1e-5)


@pytest.mark.slow
def test_a_population_of_replies_by_ppo_mixes_within_one_percent_of_equilibrium():
    figures = found("contest", "seeds=2")
    all_hold(figures)
    assert figures["policies in the mixture"].value >= 3.0
    assert figures["NashConv of its mean effort, unmixed"].low > 0.02

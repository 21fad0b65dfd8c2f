"""Scoring auctions: Che's qualities and prices, equal expected scores, the best announced scale, and who deviates."""

from math import log

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.markets.scoring.menu import best_score, menu
from econo_env.training.evaluation import Budget, regrets
from tests.baselines import baseline

NAMES = ("first_score", "second_score")
MICRO = 1e-6
UNIT = {"name": "uniform", "low": 0.0, "high": 1.0}
QUICK = Budget(types=16, actions=441, luck=512, finals=4)

# V = 2 sqrt(q), c = theta q, theta U[1/2,1]: the best score at cost is 1 / theta, and u = 2 theta - 1 is uniform
BUYER_GAIN = {2: 4 * (1 - log(2)), 3: 18 - 24 * log(2)}


class Play:
    def __init__(self, name, play="equilibrium", markets=200_000, seed=0, **overrides):
        self.scenario = econo_env.load(name, **overrides)
        self.market = market_of(self.scenario)
        self.engine = Engine(self.scenario, markets)
        self.engine.reset(seed)
        types = self.market.types.now(self.scenario, self.engine.state)
        self.theta, self.start = types[..., 0], self.engine.snapshot()
        self.actions = baseline(self.scenario, play)(self.engine.buffers.observations)
        self.engine.step(self.actions)
        state = self.engine.state
        self.quality = menu(self.scenario).qualities[state.qualities]
        self.prices, self.scores = state.prices * MICRO, state.scores * MICRO
        self.welfare = self.market.welfare(self.scenario, state, types)
        self.utility = self.engine.buffers.rewards.copy()

    def gain_of(self, **moves):
        """What supplier 0 gains by moving its action, mean and standard error."""
        self.engine.restore(self.start)
        actions = self.actions.copy()
        for name, move in moves.items():
            at = market_of(self.scenario).actions(self.scenario).index(name)
            actions[:, 0, at] = np.clip(actions[:, 0, at] + move, -1.0, 1.0)
        self.engine.step(actions)
        gain = self.engine.buffers.rewards[:, 0] - self.utility[:, 0]
        return gain.mean(), gain.std() / np.sqrt(gain.size)


FAMILIES = [
    ({}, 1.0),
    ({"buyer.worth": 3.0, "buyer.exponent": 0.5, "cost_exponent": 2.0}, 1.0),
    ({"buyer.exponent": 0.8, "cost_exponent": 1.5, "buyer.highest_quality": 9.0}, 1.0),
    ({"costs": UNIT, "buyer.highest_quality": 2.5}, 1.0),
    ({"costs": UNIT}, 0.5),
]


@pytest.mark.parametrize(("fields", "scale"), FAMILIES)
def test_quality_maximises_the_score_at_cost(fields, scale):
    """s a q^b - theta q^k / k is greatest at q = (s a b / theta)^(1 / (k - b)), or at the highest quality."""
    played = Play("second_score", "truthful", markets=5_000, **fields, **{"scoring.scale": scale})
    buyer, k = played.scenario.buyer, played.scenario.cost_exponent
    a, b, step = scale * buyer.worth, buyer.exponent, buyer.highest_quality / 1000
    best = np.minimum((a * b / np.maximum(played.theta, 1e-12)) ** (1 / (k - b)), buyer.highest_quality)
    assert np.abs(played.quality - best).max() <= 0.51 * step
    reached = a * best**b - played.theta * best**k / k
    # off by less than a step, the score is lower by the curvature times the square of that
    curvature = a * b * (1 - b) * best ** (b - 2) + played.theta * (k - 1) * best ** (k - 2)
    assert np.all(np.abs(played.scores - reached) <= curvature * step**2 + 2 * MICRO)
    assert np.abs(best_score(played.scenario, played.theta) - reached).max() <= (curvature * step**2).max() + 2 * MICRO


@pytest.mark.parametrize("n", [2, 3])
def test_prices_of_the_first_score_equilibrium(n):
    """theta U[1/2,1]: scores are (n - 1) / (1 - theta)^(n - 1) times the integral from theta of (1 - t)^(n - 2) / t."""
    played = Play("first_score", markets=20_000, num_agents=n)
    theta, left = played.theta, 1 - played.theta
    score = -np.log(theta) / left if n == 2 else 2 * (-np.log(theta) - left) / left**2
    away = left > 1e-3  # where both sides of the quotient vanish the formula itself is noise
    assert np.abs(played.scores - score)[away].max() < 1e-5
    assert np.abs(played.prices - (2 / theta - score))[away].max() < 0.51 * 0.004, "half a step of quality, at V' <= 1"


@pytest.mark.parametrize("n", [2, 5])
@pytest.mark.parametrize("name", NAMES)
def test_quality_does_not_depend_on_the_competition(name, n):
    """Che (1993), lemma 1: in equilibrium everybody offers the quality of truth."""
    played, truth = (Play(name, play, markets=2_000, num_agents=n) for play in ("equilibrium", "truthful"))
    assert np.array_equal(played.quality, truth.quality)
    assert name == "second_score" or np.all(played.prices > truth.prices)


@pytest.mark.parametrize("n", BUYER_GAIN)
@pytest.mark.parametrize("name", NAMES)
def test_the_buyer_expects_the_same_in_both(within_errors, name, n):
    """E[second highest 1 / theta]: 4 (1 - ln 2) of two suppliers, 18 - 24 ln 2 of three; the best supplier wins."""
    played = Play(name, num_agents=n)
    assert within_errors(played.welfare.revenue, BUYER_GAIN[n])
    lost = played.welfare.optimal["value"] - played.welfare.realised["value"]
    assert lost.min() >= -1e-12
    assert lost.mean() < 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_suppliers_share_what_the_buyer_leaves(within_errors, name):
    """E[highest 1 / theta] = 4 (2 ln 2 - 1) of two suppliers; they keep it minus the buyer's part, half each."""
    played = Play(name)
    assert within_errors(played.welfare.realised["value"], 4 * (2 * log(2) - 1))
    for supplier in range(2):
        assert within_errors(played.utility[:, supplier], (4 * (2 * log(2) - 1) - BUYER_GAIN[2]) / 2)


def test_the_first_score_auction_is_the_safer_one():
    """Same mean, less spread: its scores are conditional means of those of the second-score auction."""
    first, second = (Play(name, markets=50_000).welfare.revenue.std() for name in NAMES)
    assert first < 0.7 * second


@pytest.mark.parametrize("name", NAMES)
def test_a_reserve_score(within_errors, name):
    """R = 5/4, n = 2, with u = 2 theta - 1 and served below 3/5: 2 R 3/5 2/5 + integral_0^0.6 of 4 u / (1 + u)."""
    played = Play(name, **{"mechanism.reserve": 1.25})
    assert within_errors(played.welfare.revenue, 2 * 1.25 * 0.6 * 0.4 + 4 * (0.6 - log(1.6)))
    assert within_errors(-played.engine.state.award.units.sum(axis=1), 1 - 0.4**2)


SCALED = {"costs": UNIT}  # V = 2 sqrt(q) up to q = 4


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("scale", "exact"), [(1.0, 5 / 3), (0.5, 4 / 3 + log(4) - 3 / 4)])
def test_the_buyer_gains_by_scoring_less_than_the_worth(within_errors, name, scale, exact):
    """theta U[0,1], two suppliers: at 1/2 the buyer gets Che's optimum E[max V(q) - 2 theta q], 1.9696 against 5/3.

    The best rule has V'(q) = theta + F / f = 2 theta, which is s V'(q) = theta with s = 1/2.
    """
    played = Play(name, **SCALED, **{"scoring.scale": scale})
    assert within_errors(played.welfare.revenue, exact)


@pytest.mark.parametrize("name", NAMES)
def test_one_half_is_the_best_scale(name):
    gains = [Play(name, **SCALED, **{"scoring.scale": s}).welfare.revenue.mean() for s in (0.3, 0.4, 0.5, 0.6, 0.8)]
    assert np.argmax(gains) == 2
    assert gains[2] > max(gains[0], gains[-1]) + 0.02


def test_a_lower_scale_lowers_quality_and_welfare():
    """s = 1/2 divides the quality by four where the highest one does not bind: surplus 3 / (4 theta), not 1 / theta."""
    played = Play("second_score", "truthful", markets=20_000, **{"scoring.scale": 0.5})
    assert np.abs(played.quality - 1 / (4 * played.theta**2)).max() <= 0.51 * 0.004
    efficiency = played.welfare.realised["value"].sum() / played.welfare.optimal["value"].sum()
    assert efficiency == pytest.approx(0.75, abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("moves", [{"price": 0.1}, {"price": -0.1}, {"quality": 0.2}, {"quality": -0.2}])
def test_nobody_gains_by_another_price_or_quality(name, moves):
    mean, error = Play(name, num_agents=3).gain_of(**moves)
    assert mean < -3 * error


def test_several_suppliers_alike_are_drawn_with_equal_chances():
    alike = {"costs": {"name": "empirical", "quantiles": [0.7, 0.7]}, "num_agents": 4}
    for name in NAMES:
        won = -Play(name, "truthful", markets=40_000, **alike).engine.state.award.units.sum(axis=0)
        assert won.sum() == 40_000
        assert ((won - 10_000) ** 2 / 10_000).sum() < 16.3, "chi squared with 3 degrees of freedom, 0.1 %"


def test_one_supplier_asks_for_all_that_the_reserve_leaves():
    for name in NAMES:
        played = Play(name, markets=1_000, num_agents=1, **{"mechanism.reserve": 0.75})
        assert played.welfare.revenue == pytest.approx(0.75, abs=4 * MICRO)


@pytest.mark.parametrize(
    ("name", "play", "gains"),
    [("second_score", "truthful", False), ("first_score", "equilibrium", False), ("first_score", "truthful", True)],
)
def test_the_search_for_deviations_finds_those_there_are(name, play, gains):
    from econo_env.policies import make_policy

    scenario = econo_env.load(name, num_agents=3)
    (found,) = regrets(scenario, make_policy(play, scenario), (0, 1), budget=QUICK)
    assert found.method == "action_grid"
    if gains:
        assert found.mean_gain.mean() > 0.02
    else:
        assert found.mean_gain.mean() < 1e-4

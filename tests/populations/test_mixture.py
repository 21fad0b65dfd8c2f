"""Mixed populations: who plays is drawn with its share, once an episode, and belongs to the market."""

import numpy as np
import pytest

import econo_env
from econo_env.policies.emergent.bid_curve import BidCurve
from econo_env.policies.emergent.mixture import Group, Mixture
from econo_env.policies.proactive import Learned
from tests.policies.test_proactive import network


class Says:
    """Plays one action, and remembers how often it was asked for each seat."""

    def __init__(self, action):
        self.action, self.asked = np.float32(action), None

    def reset(self, seed):
        self.asked = None

    def act(self, observations, mask):
        self.asked = np.zeros(mask.shape) if self.asked is None else self.asked
        self.asked = self.asked + mask
        return np.where(mask[..., None], self.action, np.float32(0.0))

    def observe(self, rewards, ended):
        assert rewards.shape == self.asked.shape

    def snapshot(self):
        return {} if self.asked is None else {"asked": self.asked.copy()}

    def restore(self, memory):
        self.asked = memory["asked"].copy() if memory else None


@pytest.fixture(scope="module")
def scenario():
    return econo_env.load("first_price_v0", num_agents=3)


def mixed(scenario, *shares, seed=0):
    policies = tuple(Says(0.1 * (number + 1)) for number in range(len(shares)))
    return Mixture(scenario, [Group((0, 2), policies, shares), Group((1,), (Says(-0.5),), (1.0,))], seed=seed)


def played(mixture, markets, ticks=1, ended=True):
    seen, mask = np.zeros((markets, 3, 4), np.float32), np.ones((markets, 3), np.bool_)
    rows = []
    for _ in range(ticks):
        rows.append(mixture.act(seen, mask)[..., 0])
        mixture.observe(np.zeros((markets, 3)), np.full(markets, ended))
    return np.array(rows)


def test_each_seat_draws_by_the_shares_and_independently(scenario):
    actions = played(mixed(scenario, 0.2, 0.5, 0.3), 20_000)[0]
    assert (actions[:, 1] == np.float32(-0.5)).all()
    for seat in (0, 2):
        found = [float(np.mean(actions[:, seat] == np.float32(0.1 * k))) for k in (1, 2, 3)]
        np.testing.assert_allclose(found, [0.2, 0.5, 0.3], atol=0.015)
    both = float(np.mean((actions[:, 0] == np.float32(0.1)) & (actions[:, 2] == np.float32(0.1))))
    assert both == pytest.approx(0.04, abs=0.006)


def test_a_draw_lasts_an_episode_and_differs_between_episodes_and_seeds(scenario):
    assert len(np.unique(played(mixed(scenario, 0.5, 0.5), 50, ticks=4, ended=False), axis=0)) == 1
    fresh = played(mixed(scenario, 0.5, 0.5), 2_000, ticks=2)
    other = played(mixed(scenario, 0.5, 0.5, seed=1), 2_000)
    assert np.mean(fresh[0, :, 0] == fresh[1, :, 0]) == pytest.approx(0.5, abs=0.05)
    assert np.mean(fresh[0, :, 0] == other[0, :, 0]) == pytest.approx(0.5, abs=0.05)


def test_a_market_in_a_batch_is_the_market_alone_and_goes_on_from_a_snapshot(scenario):
    many, few = mixed(scenario, 0.4, 0.6), mixed(scenario, 0.4, 0.6)
    np.testing.assert_array_equal(played(many, 40, ticks=3)[:, :5], played(few, 5, ticks=3))
    memory = many.snapshot()
    ahead = played(many, 40, ticks=2)
    fresh = mixed(scenario, 0.4, 0.6)
    fresh.restore({name: array[7:9] for name, array in memory.items()})
    np.testing.assert_array_equal(played(fresh, 2, ticks=2), ahead[:, 7:9])


def test_a_policy_is_asked_for_the_seats_that_it_plays_alone(scenario):
    mixture = mixed(scenario, 0.5, 0.5)
    played(mixture, 500, ticks=1)
    asked = [policy.asked for policy in mixture.groups[0].policies]
    np.testing.assert_array_equal(asked[0] + asked[1], np.ones((500, 2)))


@pytest.mark.parametrize(
    ("shares", "says"), [((0.5, 0.6), "together"), ((0.5,), "one from 0 on each"), ((1.2, -0.2), "from 0")]
)
def test_shares_are_checked(shares, says):
    with pytest.raises(ValueError, match=says):
        Group((0,), (Says(0.0), Says(1.0)), shares)


def test_every_agent_is_seated_once(scenario):
    with pytest.raises(ValueError, match="each of 3 agents once"):
        Mixture(scenario, [Group((0, 1), (Says(0.0),), (1.0,))])
    whole = Learned(scenario, [network((0,)), network((1, 2))])
    with pytest.raises(ValueError, match="wants all seats"):
        Group((0, 1, 2), (whole,), (1.0,))


class TestBidCurves:
    @pytest.mark.parametrize("seed", range(3))
    def test_bids_are_linear_between_knots_as_the_market_takes_them(self, scenario, seed):
        from econo_env.training.studies.psro import bids_at

        shares = np.random.default_rng(seed).random(5)
        values = np.linspace(0.001, 1.0, 50)
        expected = values * np.interp(values, [0.0, 0.25, 0.5, 0.75, 1.0], shares)
        np.testing.assert_allclose(BidCurve(scenario, shares).at(values), expected, atol=1e-12)
        np.testing.assert_allclose(bids_at(scenario, BidCurve(scenario, shares), values), expected, atol=1e-5)
        np.testing.assert_allclose(BidCurve(scenario, [0.3]).at(values), 0.3 * values)

    def test_wrong_shares_are_refused(self, scenario):
        for shares in ([-0.1], [np.nan, 0.5], [[0.1]]):
            with pytest.raises(ValueError, match="from 0 on"):
                BidCurve(scenario, shares)

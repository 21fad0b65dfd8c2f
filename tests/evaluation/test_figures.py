"""Figures counted by hand, and intervals of the size and at the place that a bootstrap gives them."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, Regret, regrets
from econo_env.training.evaluation.incentives import regret_metrics
from econo_env.training.evaluation.metrics import market_metrics, over_seeds
from econo_env.training.evaluation.play import Record, play
from econo_env.training.evaluation.satisfaction import satisfaction

SEEDS = tuple(range(5))


def record(rounds=10, **fields):
    given = {"markets": rounds, "rounds": rounds, "moves": 2 * rounds, "decisions": 2 * rounds}
    given |= {"realised": {"value": 1.0}, "optimal": {"value": 1.0}, "utility": np.ones(2)}
    return Record(**{**given, **fields})


def regret(members=(0,), gain=((0.0, 0.0), (0.0, 0.0)), utility=((1.0, 1.0), (1.0, 1.0)), weights=(0.5, 0.5), **fields):
    gains, types = np.array(gain, dtype=float), np.zeros((len(weights), 1))
    given = {
        "agent": members[0],
        "members": members,
        "method": "bid_grid",
        "type_names": ("value",),
        "report_names": ("bid",),
        "types": types,
        "weights": np.array(weights),
        "drawn_types": np.zeros((len(gains), len(weights), 1)),
        "own_reports": types,
        "best_reports": types,
        "win_probability": None,
        "selected_gain": gains.mean(axis=0),
        "noticeable_gain": np.zeros(len(weights)),
        "own_utility": np.array(utility, dtype=float),
        "gain": gains,
    }
    return Regret(**{**given, **fields})


# searches under noise


def test_noise_averages_to_nothing_in_the_search_over_bids(linear_bid):
    """At an equilibrium the best of many bids looks good on 256 rivals, by type and at the worst of them."""
    scenario, tiny = econo_env.load("first_price_v0", num_agents=5), Budget(selection=256, evaluation=256, bids=256)
    found = [regrets(scenario, linear_bid(0.8), (seed, seed + 50), budget=tiny)[0] for seed in range(12)]
    looked = np.mean([one.selected_gain @ one.weights for one in found])
    worst = np.mean([one.selected_gain.max() for one in found])
    assert looked > 3e-4
    assert np.mean([one.mean_gain.mean() for one in found]) < 0.1 * looked
    assert np.mean([one.worst_gain.mean() for one in found]) < 0.3 * worst


def test_the_worst_type_is_chosen_where_deviations_are():
    """The evaluation sample has its largest gain elsewhere."""
    one = regret(gain=[[0.0, 5.0], [1.0, 7.0]], selected_gain=np.array([2.0, 1.0]))
    np.testing.assert_array_equal(one.worst_gain, [0.0, 1.0])


# means over agents and types


def test_types_count_by_their_weight():
    one = regret(gain=[[1.0, 3.0], [2.0, 4.0]], utility=[[4.0, 8.0], [4.0, 8.0]], weights=(0.75, 0.25))
    np.testing.assert_allclose(one.mean_gain, [1.5, 2.5])
    np.testing.assert_allclose(one.mean_utility, [5.0, 5.0])


def test_roles_and_all_give_the_same_mean():
    alone = [regret((i,), gain=[[g] * 2] * 2, utility=[[u] * 2] * 2) for i, g, u in ((0, 1, 2), (1, 1, 2), (2, 4, 8))]
    roles = [regret((0, 1), gain=[[1.0] * 2] * 2, utility=[[2.0] * 2] * 2), alone[2]]
    everybody, grouped = regret_metrics(alone), regret_metrics(roles)
    for name, metric in everybody.items():
        assert grouped[name].mean == pytest.approx(metric.mean), name
    assert grouped["regret_mean"].mean == pytest.approx(2.0)


def test_a_role_of_the_engine_stands_for_its_members(linear_bid):
    scenario = econo_env.load("second_price_v0", num_agents=3, weights=[1.0, 2.0, 1.0])
    quick = Budget(types=32, bids=128, selection=4096, evaluation=2048)
    by_role, everybody = (
        regret_metrics(regrets(scenario, linear_bid(0.7), SEEDS, budget=quick, agents=agents))
        for agents in ("roles", "all")
    )
    assert by_role["regret_mean"].mean == pytest.approx(everybody["regret_mean"].mean, rel=0.03)


# losses and shares


@pytest.mark.parametrize(
    ("utility", "gain", "loss", "relative"),
    [
        (1.0, 1.0, 0.5, 1.0),
        (0.0, 1.0, 1.0, np.nan),  # idle where something could be earned
        (-1.0, 3.0, 1.5, np.nan),  # ruin loses more than all
        (-1.0, 0.5, np.nan, np.nan),  # even the best response earns nothing
        (-1.0, 0.0, np.nan, np.nan),
        (0.0, 0.0, 0.0, np.nan),
        (2.0, 0.0, 0.0, 0.0),
    ],
)
def test_ruin_is_not_scored_as_no_loss(utility, gain, loss, relative):
    metrics = regret_metrics([regret(gain=[[gain] * 2] * 2, utility=[[utility] * 2] * 2)])
    assert metrics["utility_loss"].mean == pytest.approx(loss, nan_ok=True)
    assert metrics["relative_gain"].mean == pytest.approx(relative, nan_ok=True)


def test_intervals_of_shares_end_where_shares_do():
    noisy = regret_metrics([regret(gain=[[0.9, 0.9], [0.7, 0.7]], utility=[[0.1, 0.1], [0.3, 0.3]])])["utility_loss"]
    assert noisy.mean == pytest.approx(0.8)
    assert noisy.ci95[1] == 1.0
    records = [record(realised={"value": reached}) for reached in (0.9, 1.0)]
    assert market_metrics(records, records)["efficiency"].ci95[1] == 1.0


def test_noise_of_a_mean_falls_with_the_root_of_seeds():
    """A type that loses 0.4 with a spread of 0.4 over 36 seeds is clear of noise, at 3.3 standard errors."""
    spread = np.tile([-0.8, 0.0], 18)
    losing = regret(gain=np.zeros((36, 2)), utility=np.stack([spread, np.ones(36)], axis=1))
    metric = regret_metrics([losing])["interim_rational_share"]
    assert (metric.mean, *metric.ci95) == (0.5, 0.5, 0.5)
    few = regret(gain=np.zeros((4, 2)), utility=np.stack([spread[:4], np.ones(4)], axis=1))
    metric = regret_metrics([few])["interim_rational_share"]
    assert (metric.mean, *metric.ci95) == (1.0, 0.5, 1.0)


# what play was worth


def test_losses_of_a_clock_are_counted_by_sale():
    """One bidder overbids in each sale: of two bidders one loses, however many ticks the clock takes."""
    scenario = econo_env.load("english_v0")
    policy = make_policy("shading", scenario, factor=1.5)
    played = play(scenario, policy, 0, 400)
    assert played.rounds == 400
    assert played.moves == 800
    assert played.decisions > 800  # ticks
    lost = sum(int((earned < -1e-9).sum()) for earned in played.earned)
    assert played.losses == lost > 0
    share = market_metrics([played], [played])["ex_post_loss_share"].mean
    assert share == lost / 800


def test_banned_agents_are_gone_when_shares_are_counted():
    scenario = econo_env.load(
        "task_market_v0", max_cycles=8, **{"economy.eligibility.open_share": 1.0, "economy.contracts.detection": 1.0}
    )

    class Forger:
        """Everybody forges whatever it wins."""

        def reset(self, seed):
            """Nothing to restart."""

        def act(self, observations, mask):
            actions = np.zeros((*mask.shape, 4), dtype=np.float32)
            actions[..., 3] = 1.0
            return actions

    played, engine = play(scenario, Forger(), 0, 50), Engine(scenario, 50)
    engine.reset(0)
    present, moves, losses = np.ones((50, 5), dtype=bool), 0, 0
    live = np.ones(50, dtype=bool)
    while live.any():
        engine.step(Forger().act(engine.buffers.observations, engine.buffers.action_mask))
        moves += int(present[live].sum())
        losses += int((engine.buffers.rewards[live] < -1e-9).sum())
        live &= ~engine.buffers.ended
        present &= ~(engine.buffers.terminated | engine.buffers.truncated)
    assert (played.moves, played.losses) == (moves, losses)
    assert moves < 50 * 5 * 8
    assert not played.wronged.any()


def test_rounding_is_no_imbalance():
    for name in ("first_price_v0", "task_market_v0"):
        scenario = econo_env.load(name)
        assert play(scenario, make_policy("random", scenario), 0, 64).imbalance == 0.0


def test_full_waste_does_not_look_perfect():
    """Bidders who spend more to enter than the item is worth: what is created is less than nothing."""
    scenario = econo_env.load("second_price_v0", num_agents=4, **{"participation.entry_cost": 0.3})
    played = play(scenario, make_policy("truthful", scenario), 0, 4000)
    rounds = played.rounds
    assert played.realised["value"] / rounds == pytest.approx(4 / 5 - 4 * 0.3, abs=0.01)
    alone = 4 / 5 - 0.3 + 0.3**5 / 5  # E[max(v - c, 0)] of the highest of four
    assert played.optimal["value"] / rounds == pytest.approx(alone, abs=0.01)
    assert played.imbalance == 0.0
    total = played.revenue + played.utility.sum()
    assert played.realised["value"] == pytest.approx(total, rel=1e-9)
    assert market_metrics([played], [played])["efficiency"].mean < 0.0


def test_normalised_efficiency_is_null_off_its_scale():
    def shown(reached, floor):
        played, base = ([record(realised={"value": w}) for w in figures] for figures in (reached, floor))
        return market_metrics(played, base)["normalised_efficiency"]

    assert shown([0.8, 0.9], [0.7, 0.7]).mean == pytest.approx(0.5)
    assert shown([0.5, 0.5], [0.7, 0.7]).mean == pytest.approx(-2 / 3)
    assert np.isnan(shown([-0.46, -0.46], [0.988, 0.988]).mean)  # was -12,131 %
    assert np.isnan(shown([1.0, 1.0], [0.9995, 0.9995]).mean)


def test_idle_and_ruined_agents_have_no_fairness():
    for utility in (np.zeros(3), np.full(3, -2.0)):
        metrics = market_metrics([record(utility=utility)], [record()])
        assert all(np.isnan(metrics[name].mean) for name in ("jain_index", "gini_index", "largest_share"))


# intervals


def test_an_interval_is_that_of_a_bootstrap():
    """Size and centre: resampled means of 40 seeds lie within it as often as they should."""
    rng = np.random.default_rng(0)
    sample = rng.gamma(3.0, size=40)
    metric = over_seeds(sample, "credits")
    means = rng.choice(sample, (20_000, 40)).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    assert metric.mean == pytest.approx(means.mean(), abs=0.02)
    assert metric.ci95[1] - metric.ci95[0] == pytest.approx(high - low, rel=0.08)
    assert sum(metric.ci95) / 2 == pytest.approx(metric.mean)


def test_events_that_come_together_widen_a_share():
    """The same share, once the same in every seed, once all in a few of them."""
    even = [record(100, losses=20) for _ in range(10)]
    lumps = [record(100, losses=100 * (seed < 2)) for seed in range(10)]
    shares = [market_metrics(records, even)["ex_post_loss_share"] for records in (even, lumps)]
    assert [share.mean for share in shares] == [0.1, 0.1]
    widths = [share.ci95[1] - share.ci95[0] for share in shares]
    assert widths[1] > 4 * widths[0]
    assert widths[0] == pytest.approx(4 * np.sqrt(0.1 * 0.9 / 2000), rel=0.05)  # binomial


# satisfaction


@pytest.mark.parametrize(
    ("name", "policy", "options", "share"),
    [
        ("second_price_v0", "truthful", {}, 1.0),
        ("second_price_v0", "shading", {"factor": 0.0}, 0.5),  # idle: the one whom the truth would serve is not content
        ("first_price_v0", "shading", {"factor": 1.5}, 0.5),  # the winner pays more than the item is worth
        ("first_price_v0", "equilibrium", {}, 1.0),
    ],
)
def test_satisfaction(name, policy, options, share):
    scenario = econo_env.load(name)
    played = make_policy(policy, scenario, **options)
    records = [play(scenario, played, seed, 500) for seed in (0, 1)]
    metric = satisfaction(scenario, played, make_policy("truthful", scenario), (0, 1), records)
    assert metric.mean == pytest.approx(share, abs=0.05)
    assert metric.ci95[0] < metric.mean <= metric.ci95[1] <= 1.0


def test_a_penalty_without_cause_dissatisfies():
    scenario = econo_env.load("second_price_v0")
    truthful = make_policy("truthful", scenario)
    played = play(scenario, truthful, 0, 100)
    played.wronged[:25, 0] = True
    assert satisfaction(scenario, truthful, truthful, (0,), [played]).mean == 0.75

"""Learning dynamics with exact answers: Hedge with expected payoffs, replicators, fixation, double oracle."""

import math

import numpy as np
import pytest

from econo_env.games.normal_form import NormalForm, auction, lotteries, profiles
from econo_env.mechanisms.base import mechanism
from econo_env.policies.adaptive.expected import play_expected
from econo_env.policies.adaptive.full_information import AVERAGING, MATCHING
from econo_env.policies.emergent.double_oracle import double_oracle, matched, uniform_mixture, zero_sum_solution
from econo_env.policies.emergent.replicator import fixation, meeting, replicate, replicator_path


def game(name, values, bids):
    row = mechanism(name)
    return auction(row.rule, row.parameters(), values, bids)


def hedge(name, values, bids, rounds):
    """Eta = 0.1, uniform start; revenue is the highest bid, or the second one."""
    revenue = (np.maximum if name == "first_price" else np.minimum).outer(*(np.arange(float(b)) for b in bids))
    return play_expected(game(name, values, [range(b) for b in bids]), rounds, 0.1, weighing=revenue)


class TestHedge:
    @pytest.mark.parametrize(
        ("rounds", "at_8", "at_9", "revenue"),
        [
            (200, 0.996386, 0.003612, 7.688295),
            (2_000, 0.994660, None, 7.976668),
            pytest.param(20_000, None, 1.000000, 8.716562, marks=pytest.mark.slow),
        ],
    )
    def test_first_price_of_equals_looks_settled_at_v_minus_2_for_long(self, rounds, at_8, at_9, revenue):
        found = hedge("first_price", [10, 10], [10, 10], rounds)
        for bid, share in ((8, at_8), (9, at_9)):
            assert share is None or found.last[0][bid] == pytest.approx(share, abs=1e-6)
        assert found.means.mean() == pytest.approx(revenue, abs=1e-6)

    @pytest.mark.parametrize(("rounds", "revenue", "low"), [(200, 6.298289, 5.909192), (2_000, 6.929825, 5.909230)])
    def test_the_stronger_bidder_pays_the_second_value(self, rounds, revenue, low):
        found = hedge("first_price", [10, 7], [10, 7], rounds)
        assert found.means.mean() == pytest.approx(revenue, abs=1e-6)
        assert found.last[1] @ np.arange(7) == pytest.approx(low, abs=1e-6)
        assert found.last[0][7] > 0.999

    def test_second_price_learners_pay_less_than_the_second_value(self):
        found = hedge("second_price", [10, 5], [11, 6], 200)
        assert found.means[-1] == pytest.approx(2.784703, abs=1e-6)
        assert found.means.mean() == pytest.approx(2.768670, abs=1e-6)

    @pytest.mark.parametrize("form", [MATCHING, AVERAGING])
    @pytest.mark.parametrize("seed", range(3))
    def test_other_learners_have_little_regret_against_each_other(self, form, seed):
        """Sum of regrets below 2 sqrt(T) times the spread for each, whatever the game."""
        payoffs = np.random.default_rng(seed).random((2, 4, 5))
        one, rounds = NormalForm((payoffs[0], payoffs[1])), 2_000
        found = play_expected(one, rounds, 0.0 if form == AVERAGING else 1.0, form=form)
        assert one.nash_conv(found.average) < 2.0, "utilities stay in [0, 1]"
        for player, count in enumerate(payoffs.shape[1:]):
            mean = play_expected(one, rounds, 0.0, form=form, weighing=payoffs[player]).means.sum()
            others = [found.average[0], found.average[1]]
            best = rounds * max(one.against(player, others))
            assert best - mean < 2.0 * math.sqrt(rounds * count)


class TestReplicator:
    def test_hawks_and_doves(self):
        """V = 2, C = 3: the share of hawks goes to V / C, and its way is known."""
        value, cost = 2.0, 3.0
        fitness = meeting([[(value - cost) / 2, value], [0.0, value / 2]])
        assert replicator_path(fitness, [0.1, 0.9], [5.0])[0, 0] == pytest.approx(0.547379, abs=1e-6)
        assert replicator_path(fitness, [0.9, 0.1], [5.0])[0, 0] == pytest.approx(0.744059, abs=1e-6)
        end = replicator_path(fitness, [0.1, 0.9], [200.0])[0]
        assert end[0] == pytest.approx(value / cost, abs=1e-6)
        assert end @ fitness(end) == pytest.approx((1 - value / cost) * value / 2, abs=1e-6)
        after = replicate(lambda shares: fitness(shares) + 3.0, [0.1, 0.9], 20)[-1, 0]
        assert after == pytest.approx(0.562886, abs=1e-6)

    def test_rock_paper_scissors_goes_round(self):
        fitness = meeting([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
        start, period = np.array([1 / 3 + 1e-3, 1 / 3, 1 / 3 - 1e-3]), 2 * math.pi * math.sqrt(3)
        path = replicator_path(fitness, start, np.linspace(0.0, period, 50))
        np.testing.assert_allclose(path.prod(axis=1), start.prod(), rtol=1e-9)
        np.testing.assert_allclose(path[-1], start, atol=1e-6)

    def test_shading_evolves_to_one_step_below_equilibrium_on_a_coarse_grid(self):
        """n = 2, s = 0, .05, ..., 1: .454071 after 100 generations, .45 in the end, where 1/2 is the equilibrium."""
        levels = np.linspace(0.0, 1.0, 21)
        table = np.array([[shading(a, s) for s in levels] for a in levels])
        path = replicate(meeting(table), np.full(21, 1 / 21), 1_000, strength=10.0)
        assert path[100] @ levels == pytest.approx(0.454071, abs=1e-6)
        assert path[1_000] @ levels == pytest.approx(0.450004, abs=1e-6)
        assert path[1_000] @ table @ path[1_000] == pytest.approx(0.183333, abs=1e-5)

    def test_discriminators_against_defectors(self):
        """b = 3, c = 1: stable where reputation is known with q > c / b; from both sides of the unstable mix."""
        b, c = 3.0, 1.0

        def fitness(q):
            return meeting([[b - c, -c * (1 - q)], [b * (1 - q), 0.0]])

        assert replicator_path(fitness(0.5), [0.45, 0.55], [20.0])[0, 0] == pytest.approx(0.001120, abs=1e-6)
        assert replicator_path(fitness(0.5), [0.55, 0.45], [20.0])[0, 0] == pytest.approx(0.998880, abs=1e-6)
        assert replicator_path(fitness(0.3), [0.9, 0.1], [20.0])[0, 0] == pytest.approx(0.001065, abs=1e-6)

    def test_one_mutant_takes_over_with_the_known_chance(self):
        cooperator, defector = fixation([[2, -1], [3, 0]], 10, 0.1), fixation([[0, 3], [-1, 2]], 10, 0.1)
        assert cooperator == pytest.approx(0.04941337, abs=1e-8)
        assert defector == pytest.approx(0.16585156, abs=1e-8)
        assert fixation([[1, 1], [1, 1]], 10, 0.5) == pytest.approx(0.1)

    @pytest.mark.parametrize("seed", range(3))
    def test_the_chance_to_take_over_is_that_of_the_process(self, seed):
        """Against the absorbing Markov chain, solved outright."""
        generator = np.random.default_rng(seed)
        (a, b), (c, d) = payoffs = generator.uniform(-1, 1, (2, 2))
        n, w = 6, 0.3
        chain = np.zeros((n + 1, n + 1))
        chain[0, 0] = chain[n, n] = 1.0
        for i in range(1, n):
            f = 1 - w + w * (a * (i - 1) + b * (n - i)) / (n - 1)
            g = 1 - w + w * (c * i + d * (n - i - 1)) / (n - 1)
            up, down = i * f / (i * f + (n - i) * g) * (n - i) / n, (n - i) * g / (i * f + (n - i) * g) * i / n
            chain[i, i + 1], chain[i, i - 1], chain[i, i] = up, down, 1 - up - down
        taken = np.linalg.solve(np.eye(n - 1) - chain[1:n, 1:n], chain[1:n, n])
        assert fixation(payoffs, n, w) == pytest.approx(taken[0], abs=1e-12)

    @pytest.mark.parametrize("shares", [[0.5, 0.6], [1.5, -0.5], [[1.0]], [np.nan, 1.0]])
    def test_shares_that_are_none_are_refused(self, shares):
        with pytest.raises(ValueError, match="add up to 1"):
            replicate(meeting(np.eye(2)), shares, 1)


def shading(own, other):
    """What shading a earns against shading s, values U[0, 1]."""
    if own == other == 0.0:
        return 0.25
    if own <= other:
        return (1 - own) * own / (3 * other)
    return (1 - own) * (0.5 - other**2 / (6 * own**2))


class TestDoubleOracle:
    def test_bids_are_found_one_by_one_and_the_last_equilibria_never(self):
        whole = game("first_price", [10, 10], [range(11)] * 2)
        assert whole.pure_equilibria() == [(8, 8), (9, 9), (10, 10)]
        steps = double_oracle(whole, [[0], [0]])
        np.testing.assert_allclose([step.nash_conv for step in steps], np.arange(8.0, -1.0, -1.0), atol=1e-9)
        assert steps[-1].kept == (tuple(range(9)),) * 2

    @pytest.mark.parametrize("seed", range(5))
    def test_zero_sum_games_are_solved(self, seed):
        """The last step is an equilibrium of the whole game, after no more steps than there are strategies."""
        table = np.random.default_rng(seed).normal(size=(12, 15))
        whole = NormalForm((table, -table))
        steps = double_oracle(whole, [[0], [0]])
        assert steps[-1].nash_conv < 1e-8
        assert len(steps) <= 27
        assert whole.value(0, steps[-1].profile) == pytest.approx(whole.value(0, zero_sum_solution(whole)), abs=1e-8)

    def test_with_a_meta_solver_that_mixes_all_alike_it_can_stop_far_from_equilibrium(self):
        """Rock alone meets paper; against both alike paper is best again, so scissors are never found."""
        table = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
        steps = double_oracle(NormalForm((table, -table)), [[0], [0]], uniform_mixture)
        assert steps[-1].nash_conv == pytest.approx(1.0, abs=1e-12)

    @pytest.mark.parametrize("seed", range(3))
    def test_regret_matching_comes_near_equilibrium_of_zero_sum_games(self, seed):
        table = np.random.default_rng(seed).uniform(-1, 1, (5, 6))
        assert NormalForm((table, -table)).nash_conv(matched(NormalForm((table, -table)), 5_000)) < 0.01

    def test_starts_are_checked(self):
        with pytest.raises(ValueError, match="some of its strategies 0 to 1"):
            double_oracle(NormalForm((np.eye(2), np.eye(2))), [[0], [2]])


class TestNormalForm:
    @pytest.mark.parametrize("bidders", [1, 2, 3, 4])
    def test_every_order_of_tickets_comes_once(self, bidders):
        assert len(lotteries(bidders)) == math.factorial(bidders)

    @pytest.mark.parametrize("name", ["first_price", "second_price", "all_pay"])
    def test_ties_are_shared_alike(self, name):
        """Three bidders of one value on a coarse grid: whoever is exchanged, payoffs are exchanged too."""
        one = game(name, [4, 4, 4], [range(4)] * 3)
        for profile in profiles(one):
            for i, j in ((0, 1), (1, 2)):
                swapped = list(profile)
                swapped[i], swapped[j] = swapped[j], swapped[i]
                assert one.payoffs[i][profile] == pytest.approx(one.payoffs[j][tuple(swapped)], abs=1e-12)

    @pytest.mark.parametrize("seed", range(5))
    def test_distance_from_equilibrium_is_what_deviations_gain(self, seed):
        generator = np.random.default_rng(seed)
        one = NormalForm(tuple(generator.normal(size=(3, 2, 4)) for _ in range(3)))
        mixed = [generator.dirichlet(np.ones(count)) for count in (3, 2, 4)]
        total = 0.0
        for player in range(3):
            own = np.einsum("abc,a,b,c->", one.payoffs[player], *mixed)
            gains = []
            for pure in np.eye(len(mixed[player])):
                other = [pure if p == player else m for p, m in enumerate(mixed)]
                gains.append(np.einsum("abc,a,b,c->", one.payoffs[player], *other) - own)
            total += max(gains)
        assert one.nash_conv(mixed) == pytest.approx(total, abs=1e-12)

    def test_wrong_shapes_are_refused(self):
        with pytest.raises(ValueError, match="one axis a player"):
            NormalForm((np.zeros((2, 2)),))
        with pytest.raises(ValueError, match="finite"):
            NormalForm((np.full((1, 1), np.inf), np.zeros((1, 1))))

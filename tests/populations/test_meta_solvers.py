"""Meta-solvers: what they call an equilibrium nobody gains by leaving, in any game."""

import numpy as np
import pytest

from econo_env.games.normal_form import NormalForm
from econo_env.policies.emergent.meta_solvers import META_SOLVERS, alpha_rank, nash, projected_replicator, replicator

ROCK_PAPER_SCISSORS = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])


def same(*profiles):
    for one, other in zip(*profiles, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_nobody_gains_by_leaving_a_nash_equilibrium(seed):
    generator = np.random.default_rng(seed)
    rows, columns = generator.integers(1, 8, 2)
    first, second = 10.0 ** generator.integers(-3, 3) * generator.normal(size=(2, rows, columns))
    scale = max(np.ptp(first), np.ptp(second), 1e-9)
    for game in (NormalForm((first, second)), NormalForm((first, -first))):
        assert game.nash_conv(nash(game)) < 1e-6 * scale
    table = generator.normal(size=(rows, rows))
    game = NormalForm((table, table.T.copy()))
    one, other = nash(game)
    same([one], [other])
    assert game.nash_conv([one, other]) < 1e-6


def test_hawks_and_doves_mix_and_the_better_of_two_conventions_is_taken():
    hawks = np.array([[-0.5, 2.0], [0.0, 1.0]])
    same(nash(NormalForm((hawks, hawks.T.copy()))), [[2 / 3, 1 / 3]] * 2)
    stag = np.array([[4.0, 0.0], [3.0, 2.0]])
    same(nash(NormalForm((stag, stag.T.copy()))), [[1.0, 0.0]] * 2)


def test_the_replicator_rests_or_goes_round_an_equilibrium():
    hawks = np.array([[-0.5, 2.0], [0.0, 1.0]])
    same(replicator(NormalForm((hawks, hawks.T.copy()))), [[2 / 3, 1 / 3]] * 2)
    skewed = ROCK_PAPER_SCISSORS * np.array([[1.0, 1.0, 3.0], [1.0, 1.0, 1.0], [3.0, 1.0, 1.0]])
    game = NormalForm((skewed, -skewed))
    assert game.nash_conv(replicator(game)) < 0.01 * 6.0, "one percent of the range of payoffs"


def test_the_replicator_plays_games_of_three():
    """Each wants to be where the fewer are: one third of a chance alike is no place to leave."""
    game = NormalForm(tuple(np.array([[[float(a == b) + (a == c), float(a == b) + (a == c)] for c in (0, 1)]
                                      for b in (0, 1)]) for a in ((0,) * 3)))  # fmt: skip
    assert game.nash_conv(replicator(game)) < 1e-9
    with pytest.raises(ValueError, match="replicator"):
        nash(game)


def test_only_games_alike_from_both_sides_are_symmetric():
    assert NormalForm((ROCK_PAPER_SCISSORS, ROCK_PAPER_SCISSORS.T.copy())).symmetric
    assert not NormalForm((np.eye(2), np.array([[1.0, 0.0], [0.5, 1.0]]))).symmetric
    assert not NormalForm((np.zeros((2, 3)), np.zeros((2, 3)))).symmetric


class TestOpenSpiel:
    def test_a_sentence_says_how_to_install_it(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "open_spiel", None)
        for name in ("alpha_rank", "projected_replicator"):
            with pytest.raises(ImportError, match=r"pip install 'econo-env\[openspiel\]'"):
                META_SOLVERS[name](NormalForm((np.eye(2), np.eye(2))))

    def test_its_meta_solvers_find_what_dominates_and_mix_what_goes_round(self):
        pytest.importorskip("open_spiel")
        prisoners = np.array([[3.0, 0.0], [5.0, 1.0]])
        other = np.array([[2.0, 1.0, 0.0], [4.0, 0.0, 3.0]])
        for solver, slack in ((alpha_rank, 0.05), (projected_replicator, 0.05)):
            found = solver(NormalForm((prisoners, prisoners.T.copy())))
            assert found[0][1] > 1.0 - slack
            for mixed in solver(NormalForm((ROCK_PAPER_SCISSORS, -ROCK_PAPER_SCISSORS))):
                np.testing.assert_allclose(mixed, np.full(3, 1 / 3), atol=slack)
            assert [len(mixed) for mixed in solver(NormalForm((other, 1.0 - other)))] == [2, 3]

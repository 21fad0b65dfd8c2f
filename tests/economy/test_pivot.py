"""The dynamic pivot: example E of two periods, and no gain by any report in random games of up to four periods."""

import numpy as np
import pytest

from econo_env.economy.pivot import NOBODY, EligibilityGame, expected_best

NEWCOMER, INCUMBENT = 0, 1  # the newcomer and the incumbent, who alone is eligible for the second period
ELIGIBLE = 1 << INCUMBENT
E = EligibilityGame(agents=2, value=1.0, discount=0.9, open_to_all=(True, False))
GRID = (np.arange(601) + 0.5) / 601


def later_utility(agent, winner):
    """Expected utility of the second period under second price: alone all of V is paid, together the other's cost."""
    if winner == NEWCOMER:
        return 0.9 / 6
    return 0.9 / 2 if agent == INCUMBENT else 0.0


def static_award(costs):
    """The static second-score rule: the lowest report serves and is paid the other."""
    winner = NEWCOMER if costs[NEWCOMER] <= costs[INCUMBENT] else INCUMBENT
    return winner, np.where(np.arange(2) == winner, costs[1 - winner], 0.0)


def pivot_award(costs):
    found = E.award(0, ELIGIBLE, costs)
    return found.winner, found.received


def pivot_utility(agent, winner):
    eligible = ELIGIBLE | (1 << winner)
    return 0.9 * E.marginal_contribution(1, eligible, agent)


def utilities(agent, reports, award, later):
    """Utility but for the own cost, and whether the agent serves, at each report against each cost of the other."""
    earned, serves = np.empty((len(reports), len(GRID))), np.empty((len(reports), len(GRID)), bool)
    for r, report in enumerate(reports):
        for c, rival in enumerate(GRID):
            winner, received = award((report, rival) if agent == NEWCOMER else (rival, report))
            earned[r, c], serves[r, c] = received[agent] + later(agent, winner), winner == agent
    return earned, serves


def interim_gain(agent, award, later, reports):
    """What the best report gains on truth, on average over the own cost, at most one report a cost."""
    earned, serves = utilities(agent, reports, award, later)
    by_cost = earned.mean(axis=1)[:, None] - serves.mean(axis=1)[:, None] * reports[None, :]
    return (by_cost.max(axis=0) - np.diagonal(by_cost)).mean()


REPORTS = (np.arange(121) + 0.5) / 121


@pytest.mark.parametrize(("agent", "known"), [(NEWCOMER, 0.010687), (INCUMBENT, 0.040500)])
def test_a_search_finds_what_misreports_gain_under_the_static_rule(agent, known):
    assert interim_gain(agent, static_award, later_utility, REPORTS) == pytest.approx(known, abs=4e-4)


@pytest.mark.parametrize("agent", [NEWCOMER, INCUMBENT])
def test_the_same_search_finds_nothing_under_the_pivot(agent):
    assert interim_gain(agent, pivot_award, pivot_utility, REPORTS[::3]) == pytest.approx(0.0, abs=1e-9)


def test_example_e():
    """The newcomer wins more often than by cost, is paid the other's cost, and the incumbent less than its rival's."""
    assert E.social_value(1, ELIGIBLE, 3) == pytest.approx(1 / 2)
    assert E.social_value(1, 3, 3) == pytest.approx(2 / 3)
    assert E.social_value(0, ELIGIBLE, 3) == pytest.approx(1 + 0.45 - 0.247646, abs=1e-6)
    rng = np.random.default_rng(0)
    for _ in range(200):
        costs = rng.random(2)
        winner, received = E.award(0, ELIGIBLE, costs)
        assert winner == (NEWCOMER if costs[NEWCOMER] - 0.15 < costs[INCUMBENT] else INCUMBENT)
        expected = [costs[INCUMBENT], 0.0] if winner == NEWCOMER else [0.0, costs[NEWCOMER] - 0.45]
        assert received == pytest.approx(expected)
    wins = np.mean([[E.award(0, ELIGIBLE, (n, i)).winner == NEWCOMER for i in GRID[::3]] for n in GRID[::3]])
    assert wins == pytest.approx(0.638750, abs=5e-3)


def random_game(rng):
    agents, periods = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    opens = tuple(bool(flag) for flag in rng.integers(0, 2, periods))
    game = EligibilityGame(agents, float(rng.uniform(0.2, 1.5)), float(rng.random()), opens)
    return game, int(rng.integers(periods)), int(rng.integers(game.everybody + 1))


def utility(game, period, eligible, agent, costs, report):
    """What an agent can expect from a period on that reports so, all being truthful afterwards; and who serves."""
    reported = np.where(np.arange(game.agents) == agent, report, costs)
    winner, received = game.award(period, eligible, reported)
    after = eligible | (1 << winner) if winner != NOBODY else eligible
    later = game.discount * game.marginal_contribution(period + 1, after, agent)
    return received[agent] - costs[agent] * (winner == agent) + later, winner


def test_no_report_gains_on_truth_whatever_the_others_report():
    """Ex post in the period: random games of up to four agents and periods, 12 reports each."""
    rng, changed = np.random.default_rng(1), 0
    for _ in range(600):
        game, period, eligible = random_game(rng)
        costs, agent = rng.random(game.agents), int(rng.integers(game.agents))
        truth, honest_winner = utility(game, period, eligible, agent, costs, costs[agent])
        assert truth >= -1e-12, "nobody is worse off by taking part"
        for report in rng.uniform(-0.5, 1.5, 12):
            lie, winner = utility(game, period, eligible, agent, costs, report)
            changed += winner != honest_winner
            assert lie <= truth + 1e-12
    assert changed > 500


def test_utilities_are_marginal_contributions_on_average():
    rng = np.random.default_rng(2)
    game, eligible = EligibilityGame(3, 1.2, 0.8, (True, False, True)), 0b001
    found = np.zeros(3)
    for _ in range(4000):
        costs = rng.random(3)
        winner, received = game.award(0, eligible, costs)
        after = eligible | (1 << winner) if winner != NOBODY else eligible
        found += received - costs * (np.arange(3) == winner)
        found += [0.8 * game.marginal_contribution(1, after, i) for i in range(3)]
    known = [game.marginal_contribution(0, eligible, i) for i in range(3)]
    assert found / 4000 == pytest.approx(known, abs=0.02)


def test_the_expected_best_offer():
    assert expected_best(0.3, []) == 0.3
    assert expected_best(0.0, [1.0]) == pytest.approx(0.5)
    assert expected_best(0.0, [1.0, 1.0, 1.0]) == pytest.approx(3 / 4)
    assert expected_best(0.5, [1.0]) == pytest.approx(0.5 + 0.125)
    rng = np.random.default_rng(3)
    offers = rng.uniform(-0.5, 2.0, 5)
    drawn = np.maximum(0.4, (offers - rng.random((200_000, 5))).max(axis=1))
    assert expected_best(0.4, list(offers)) == pytest.approx(drawn.mean(), abs=0.005)


@pytest.mark.parametrize(("change", "words"), [({"agents": 11}, "agents=11"), ({"discount": 1.5}, "discount=1.5")])
def test_games_that_cannot_be_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        EligibilityGame(**({"agents": 2, "value": 1.0, "discount": 0.9, "open_to_all": (True,)} | change))

"""The old rules are found to be defective by searches that the shipped rules pass.

Defects 1, 2 and 10, measures, auctions and replicated stake, are in `test_naive_auctions.py`; 3, the weighted second
bid charged undivided, in `tests/evaluation/test_weighted_second_price.py`; 8, 9 and 11, insurance, leverage and reward
steps, in `test_insurance.py`. docs/enforcement.md lists them all.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econo_env.economy import naive
from econo_env.economy.contracts import efficient_effort, expected_surplus, score, value_schedule
from econo_env.economy.ledger import BURN, INSURANCE, TREASURY, transfer
from econo_env.economy.reputation import lower_bound, reputation_mean
from econo_env.economy.screens import audit_rate, spread, suspicion
from econo_env.economy.slashing import slash, split_slash
from econo_env.economy.standing import faded, with_evidence
from econo_env.economy.unbonding import ACCEPTED, KNOWN, Docket, submit

SCHEDULE = value_schedule(1.25, -0.25, -1.0, 0.9, 0.6)


def test_slashed_value_vanishes_under_the_old_rule_and_is_repeated():
    """Defect 4: after 200 random slashes money is missing, and the same violation is charged again and again."""
    rng, stakes = np.random.default_rng(0), np.full(5, 10**9, np.int64)
    minted = stakes.sum()
    for _ in range(200):
        naive.vanishing_slash(stakes, int(rng.integers(5)), 0.1)
    assert stakes.sum() < 0.1 * minted
    same = [naive.vanishing_slash(np.array([10**9]), 0, 0.1) for _ in range(3)]
    assert same == [10**8] * 3


def test_the_same_slashes_are_conserved_and_charged_once():
    """Defect 4, the shipped rules: 2,000 random reports, many repeated; accounts sum to what was minted."""
    rng = np.random.default_rng(0)
    balances = np.full(10, 10**9, np.int64)  # treasury, burn, insurance and seven agents
    minted, charged = balances.sum(), {}
    docket = Docket(*(np.zeros((1, 400), np.int64) for _ in Docket._fields))
    history = np.full((1, 10, 100), 10**9, np.int64)
    for _ in range(2000):
        operation = int(rng.integers(150))
        offender, victim, reporter = 4 + operation % 6, 9, 4
        answer = submit(0, operation, offender, 0, 5, 90, docket, history)
        assert answer == (KNOWN if operation in charged else ACCEPTED)
        if answer == KNOWN:
            continue
        lost = slash(int(balances[offender]), 100_000)
        split = split_slash(lost, int(rng.integers(10**8)), 1_000_000, 100_000, 500_000)
        for target, amount in zip((victim, reporter, BURN, INSURANCE), split, strict=True):
            assert transfer(balances, offender, target, amount)
        charged[operation] = lost
        assert balances.sum() == minted
        assert balances.min() >= 0
    assert len(charged) == 150
    assert balances[TREASURY] == 10**9


def test_reports_of_nothing_pay_and_faults_pay_where_slashes_come_back():
    """Defect 4: who reports earns, though it saw nothing; a bond that deters does not once half of it comes back."""
    rng, earned, faults = np.random.default_rng(7), 0, []
    for _ in range(500):
        stake = int(rng.integers(10, 10**9))
        if naive.takes_report(saw=False):
            earned += split_slash(slash(stake, 100_000), 0, 0, 100_000, 500_000)[1]
        detected, bond = rng.uniform(0.2, 1.0), float(stake)
        gain = bond * detected / 1.1  # the bond deters it by a tenth
        faults.append(gain - detected * (bond - naive.recovered(stake, 5, 10)))
        assert gain - detected * bond < 0.0
    assert earned > 0
    assert min(faults) > 0.0
    assert naive.recovered(100, 4, 10) == 0


def rejoining_gain(standing_after, newcomer):
    """What an agent gains at most by throwing its identity away, over histories and idle times."""
    rng = np.random.default_rng(1)
    return max(
        newcomer - standing_after(rng.integers(0, 2, rng.integers(0, 40)), idle)
        for idle in (0, 5, 50, 500)
        for _ in range(50)
    )


def old_standing(history, idle):
    score = 0.5
    for kept in history:
        score = 0.9 * score + 0.1 * kept
    return naive.decayed_score(score, idle)


def new_standing(history, idle):
    known = (0.0, 0.0)
    for kept in history:
        known = with_evidence(*known, float(kept), 1.0, 0.98)
    for _ in range(idle):
        known = faded(*known, 0.98)
    return lower_bound(*known, 0.5)


def test_a_score_that_fades_to_zero_rewards_new_names():
    """Defect 5: idle agents fall below the newcomer's 0.5, and then all their stake is slashed for it once more."""
    assert rejoining_gain(old_standing, 0.5) == pytest.approx(0.5, abs=1e-6)
    honest = np.ones(30)
    assert naive.low_score_fraction(old_standing(honest, 0)) == 0.0
    assert naive.low_score_fraction(old_standing(honest, 25)) == 1.0, "for having rested"


def test_a_bound_that_fades_to_ignorance_does_not():
    """Defect 5, the shipped rule: whoever has good evidence never does better as a newcomer, however long it rested;
    only failures are below 0.05, by less than 0.05."""
    assert rejoining_gain(new_standing, 0.05) < 0.05
    for good in range(40):
        for idle in (0, 10, 100, 1000):
            assert new_standing(np.ones(good), idle) >= 0.05 - 1e-12
    assert reputation_mean(*faded(0.0, 0.0, 0.98)) == 0.5


def test_declaring_ones_own_reputation_wins_everything():
    """Defect 6: the worst agent that says it is the best outscores every honest one of the same price."""
    rng = np.random.default_rng(2)
    for _ in range(500):
        price, truth = rng.random(), rng.random(5)
        honest = [naive.self_declared_score(price, each, each) for each in truth]
        assert naive.self_declared_score(price, 1.0, 1.0) >= max(honest)
        assert naive.self_declared_score(price, 1.0, 1.0) - naive.self_declared_score(price, 0.0, 0.0) == pytest.approx(
            0.6
        )


@given(*[st.floats(0.01, 1.0)] * 5)
def test_declaring_more_than_is_delivered_never_pays_where_it_is_settled(cost, reliability, said_cost, said, second):
    """Defect 6, the shipped rule: paid V(grade) - S2, no report of cost and reliability beats the truth."""

    def utility(report_cost, report):
        if score(report_cost, report, 1.0, SCHEDULE) <= second:
            return 0.0
        effort = efficient_effort(cost, reliability, 1.0, SCHEDULE)
        return expected_surplus(cost, reliability, effort, 1.0, SCHEDULE) - second

    assert utility(said_cost, said) <= utility(cost, reliability) + 1e-12


def honest_reports(rng, agents):
    """Reports of agents that all saw the same 50, with an error of 8."""
    return 50.0 + 8.0 * rng.standard_normal(agents)


@pytest.mark.parametrize(("agents", "rounds", "flagged"), [(5, 0.80, 0.40), (10, 1.0, 0.75)])
def test_the_old_detector_suspects_honest_agents(agents, rounds, flagged):
    """Defect 7: two reports in the same bucket of 5 are collusion; the more agree, the more are suspected."""
    rng, told = np.random.default_rng(3), []
    for _ in range(1000):
        reports = honest_reports(rng, agents)
        told.append([naive.colludes(reports, i) for i in range(agents)])
    assert np.any(told, axis=1).mean() > rounds - 0.01
    assert np.mean(told) > flagged


@pytest.mark.parametrize("law", ["normal", "uniform", "lognormal", "few_values"])
@pytest.mark.parametrize("agents", [3, 5, 10])
def test_the_screen_suspects_no_more_honest_tenders_than_it_says(law, agents):
    """Defect 7, the shipped rule: whatever the law of honest bids, at most 5 % look rarer than 5 %; a cartel does."""
    rng = np.random.default_rng([agents, len(law)])
    draws = {
        "normal": lambda: 50 + 8 * rng.standard_normal(agents),
        "uniform": lambda: rng.random(agents) + 0.1,
        "lognormal": lambda: rng.lognormal(size=agents),
        "few_values": lambda: rng.integers(1, 4, agents).astype(float),
    }
    rare, runs = 0, 600
    for _ in range(runs):
        honest = np.array([spread(draws[law]()) for _ in range(99)])
        rare += suspicion(spread(draws[law]()), honest) <= 0.05
    assert rare / runs <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
    if law in ("normal", "lognormal", "uniform"):
        honest = np.array([spread(draws[law]()) for _ in range(999)])
        cartel = 0.9 * (1 + 0.002 * rng.standard_normal(agents))
        assert suspicion(spread(cartel), honest) <= 0.05


@given(st.lists(st.floats(0.1, 100), min_size=2, max_size=8), st.floats(0.01, 100))
def test_the_spread_has_no_scale_and_suspicion_only_raises_audits(bids, scale):
    one = np.array(bids)
    assert spread(one * scale) == pytest.approx(spread(one), abs=1e-9)
    assert spread(one) == pytest.approx(one.std() / one.mean(), abs=1e-9)
    rates = [audit_rate(rarity, 0.05, 0.1, 0.8) for rarity in (0.0, 0.01, 0.05, 0.5, 1.0)]
    assert rates == pytest.approx([0.8, 0.66, 0.1, 0.1, 0.1])
    assert spread(np.zeros(3)) == 0.0


def test_suspicion_is_a_rank():
    """One more than how many are as close, over one more than how many there are: never 0, and 1 for the widest."""
    honest = np.array([0.1, 0.2, 0.2, 0.4])
    assert [suspicion(seen, honest) for seen in (0.05, 0.1, 0.2, 0.3, 0.5)] == pytest.approx([0.2, 0.4, 0.8, 0.8, 1.0])

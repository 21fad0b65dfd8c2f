"""Faults injected into honest play: what is claimed of them, and a harness that notices where it does not hold."""

import numpy as np
import pytest

import econo_env
from econo_env.economy.lasting.section import LastingContractsSection
from econo_env.economy.measurement import Measurement, passing_chances
from econo_env.training.evaluation import sale_faults
from econo_env.training.evaluation.faults import FAULTS, inject
from econo_env.training.evaluation.honest_play import expected_poor, measured, play_honestly
from econo_env.training.evaluation.statistics import share_interval
from econo_env.training.studies.base import read_study
from econo_env.training.studies.faults import SALES, with_default, with_reports
from tests.economy.played import FILES


def flagship(**contract):
    """The flagship with other keys of its contracts."""
    scenario = econo_env.load("task_market_v1")
    return scenario.replace(**{f"economy.contracts.{key}": value for key, value in contract.items()})


@pytest.fixture(scope="module")
def verdicts():
    """One look at each proof, so that some forgeries hold."""
    return inject(flagship(inspections=1), 0, 48, 6)


def test_offenders_gain_nothing_and_the_house_is_whole_where_faults_come_to_light(verdicts):
    assert set(verdicts) == {name for name, sent in FAULTS.items() if "bid" not in sent}
    assert len(verdicts) == 9
    for name, own in verdicts.items():
        found = np.array(own.found)
        assert len(found) > 20, name
        assert all(own.no_gain), name
        assert all(own.sound), name
        assert own.holds[found].all(), name
        assert found.all() or "forge" in name


def test_only_hidden_forgeries_leave_the_house_short(verdicts):
    short = sum((~np.array(own.whole)).sum() for own in verdicts.values())
    hidden = sum((~np.array(own.found)).sum() for own in verdicts.values())
    assert short == hidden > 0


@pytest.mark.parametrize(("inspections", "hidden"), [(2, 0.25), (4, 0.0625)])
def test_each_inspection_finds_its_share_of_what_the_others_have_missed(inspections, hidden):
    """(1 - p)^n of forged proofs hold."""
    found = inject(flagship(detection=0.5, inspections=inspections), 1, 96, 6)
    forged = np.concatenate([own.found for name, own in found.items() if "forge" in name])
    share = share_interval(int((~forged).sum()), len(forged))
    assert share.low < hidden < share.high
    assert len(forged) > 100


def test_without_liability_the_harness_says_who_gains():
    """No stake behind contracts: failing is free, so promising too much pays."""
    verdicts = inject(flagship(stake_cap=0.0), 0, 48, 6)
    assert max(verdicts["promises too much"].gain) > 0.001
    assert not all(verdicts["promises too much"].no_gain)


def watched(detection, looks=1, damages="promised", seen=0.6, pledge=4.0):
    """The flagship in which all may bid, and others report forged proofs that have passed."""
    scenario = flagship(detection=detection, inspections=looks)
    economy = scenario.model_dump(mode="json")["economy"] | {
        "eligibility": {"threshold": 0.0, "open_share": 1.0},
        "enforcement": {"pledge": pledge, "grace": 100, "jail": 0, "correlation": 2},
        "bonding": {"delay": 10},
        "evidence": {"seen": seen, "age": 4, "dispute": 2, "bond": 0.1, "cases": 64, "damages": damages},
    }
    return scenario.replace(economy=economy, max_cycles=24)


def forged(verdicts, of):
    """What `of` tells of each verdict on a forgery."""
    return np.concatenate([of(own) for name, own in verdicts.items() if "forge" in name])


def test_what_reports_bring_to_light_later_is_followed_to_the_end_of_the_evidence():
    """No look finds a forged proof, and four others see it with chance 0.6 each: so many come to light, all later."""
    verdicts = inject(watched(0.0), 2, 96, 6)
    later = forged(verdicts, lambda own: own.later)
    found = forged(verdicts, lambda own: own.found)
    whole = forged(verdicts, lambda own: own.whole)
    np.testing.assert_array_equal(found, later)
    share = share_interval(int(later.sum()), len(later))
    assert share.low < 1 - 0.4**4 < share.high
    np.testing.assert_array_equal(whole, later)
    assert all(all(own.sound) for own in verdicts.values())
    assert forged(verdicts, lambda own: own.no_gain).all()
    assert len(later) > 150


def test_a_stake_that_does_not_outweigh_what_has_passed_leaves_a_gain_and_the_harness_says_so():
    """Deterred iff the stake times the chance to lose it is at least what a forged proof brings."""
    verdicts = inject(watched(0.0, pledge=0.05), 2, 96, 4)
    assert not forged(verdicts, lambda own: own.no_gain).all()
    assert forged(verdicts, lambda own: own.whole).any(), "all that there is of the stake goes to the house"


@pytest.mark.slow
def test_reports_settle_what_one_look_leaves_hidden():
    """A proof of ten passes one look, and a few of a hundred of those are seen by nobody."""
    verdicts = inject(with_reports(econo_env.load("task_market_v1")), 3, 128, 12)
    each = [own for own in verdicts.values() if own.gain]
    assert share_interval(int(sum(own.holds.sum() for own in each)), sum(len(own.gain) for own in each)).mean >= 0.995
    assert sum(sum(own.later) for own in each) > 10


@pytest.mark.slow
def test_to_have_back_what_was_paid_is_less_than_was_promised():
    """By default the house has its money back, and not what it would have kept."""
    verdicts = inject(watched(0.0, damages="paid"), 2, 48, 4)
    later = forged(verdicts, lambda own: own.later)
    whole = forged(verdicts, lambda own: own.whole)
    assert later.mean() > 0.9
    assert whole[later].mean() < 0.5


def test_a_market_without_work_is_refused():
    with pytest.raises(ValueError, match="has no economy"):
        inject(econo_env.load("first_price_v0"), 0, 2)


def check_sales(verdicts):
    """Every fault leaves the house whole and the offender no richer, and a true bid is never walked away from."""
    for name, own in verdicts.items():
        assert own.holds.all(), name
        assert name == sale_faults.HONEST or len(own.gain) > 20, name
    assert not verdicts[sale_faults.HONEST].gain


def sale(**staking):
    """A first-price sale whose winners may walk away, with other keys of its stake."""
    return with_default("first_price_v0").replace(**{f"economy.staking.{key}": value for key, value in staking.items()})


def test_buyers_who_bid_too_much_gain_nothing_and_leave_their_whole_lock():
    check_sales(sale_faults.inject(sale(), 0, 48, 4))


def test_below_the_shock_a_stake_leaves_something_to_gain_by_bidding_too_much():
    found = sale_faults.inject(sale(requirement=0.0, least=0.05), 0, 48, 4)
    twice, honest = found["bids twice what it is worth"], found[sale_faults.HONEST]
    assert not all(twice.no_gain)
    assert all(twice.whole), "what there is of a lock goes to the house all the same"
    assert len(honest.gain) > 5
    assert all(honest.whole)


def test_a_lock_that_is_burned_does_not_make_the_house_whole():
    found = sale_faults.inject(sale(slashed_to="burn"), 0, 48, 4)
    assert not all(found["bids twice what it is worth"].whole)
    assert all(found["bids twice what it is worth"].no_gain)


def test_sales_without_default_are_refused():
    with pytest.raises(ValueError, match="first_price_v0 has no economy"):
        sale_faults.inject(econo_env.load("first_price_v0"), 0, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", SALES)
def test_sales_of_every_kind_settle_faults(name):
    check_sales(sale_faults.inject(with_default(name), 1, 96, 4))


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in FILES if "enforced" not in path.stem], ids=lambda path: path.stem)
def test_the_economies_of_the_source_texts_auctions_settle_faults(path):
    """Without their bonus, for which it is right to bid more."""
    scenario = econo_env.load(path)
    if "default" not in scenario.economy or "procurement" in path.stem:
        pytest.skip("nobody can walk away from what it has to pay")
    economy = {name: section for name, section in scenario.economy.items() if name != "incentives"}
    check_sales(sale_faults.inject(scenario.replace(economy=economy), 1, 64, 8))


def test_the_chance_of_a_poor_grade_is_that_of_the_error():
    """Against draws of quality and error, with fixed boundaries."""
    section = LastingContractsSection(noise=0.15)
    rng, draws = np.random.default_rng(0), 400_000
    reliability, effort = 0.8, 0.9
    good = rng.random(draws) < reliability * effort
    quality = np.where(good, 0.6 + 0.4 * rng.random(draws), 0.6 * rng.random(draws))
    poor = quality + 0.15 * (2 * rng.random(draws) - 1) < section.satisfactory_quality
    wrongly, rightly = expected_poor(np.array(reliability), np.array(effort), section)
    assert (good & poor).mean() == pytest.approx(wrongly, abs=0.002)
    assert (~good & poor).mean() == pytest.approx(rightly, abs=0.002)
    _, passes = passing_chances(0.65, section.schedule, Measurement(0.15, False))
    assert passes == pytest.approx((0.65 + 0.15 - 0.6) / 0.3)


@pytest.mark.slow
def test_no_honest_agent_is_banned_among_offenders_and_poor_grades_are_those_of_the_error():
    found = play_honestly(measured(0.1), 3, 1500, offenders=3)
    assert found.banned == 0
    assert found.offenders_banned > 0.05 * found.offenders
    wrong = share_interval(found.good_graded_poor, found.good)
    assert wrong.low < found.expected_good_graded_poor / found.good < wrong.high
    posterior = share_interval(found.good_graded_poor, found.graded_poor)
    assert posterior.low < found.expected_good_graded_poor / found.expected_graded_poor < posterior.high
    assert 0 < found.upheld < found.good_graded_poor


def test_honest_play_needs_an_error_and_somebody_honest():
    with pytest.raises(ValueError, match="has no economy"):
        play_honestly(flagship(), 0, 1)
    with pytest.raises(ValueError, match="give 0 to 5"):
        play_honestly(measured(0.1), 0, 1, offenders=6)


@pytest.mark.slow
def test_the_study_reaches_its_bars():
    study, settings = read_study("faults")
    findings = study.run(settings, lambda share, said: None)
    assert all(figure.holds is not False for figure in findings.figures), findings.figures
    banned = next(figure for figure in findings.figures if "banned" in figure.what)
    assert banned.high <= 1.3e-4

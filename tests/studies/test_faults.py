"""Faults injected into honest play: what is claimed of them, and a harness that notices where it does not hold."""

import numpy as np
import pytest

import econo_env
from econo_env.training.evaluation.faults import FAULTS, inject
from econo_env.training.studies.base import read_study


def flagship(**contract):
    """The flagship with other keys of its contracts."""
    scenario = econo_env.load("task_market_v1")
    return scenario.replace(**{f"economy.contracts.{key}": value for key, value in contract.items()})


@pytest.fixture(scope="module")
def verdicts():
    return inject(flagship(), 0, 48, 6)


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


def test_without_liability_the_harness_says_who_gains():
    """No stake behind contracts: failing is free, so promising too much pays."""
    verdicts = inject(flagship(stake_cap=0.0), 0, 48, 6)
    assert max(verdicts["promises too much"].gain) > 0.001
    assert not all(verdicts["promises too much"].no_gain)


def test_a_market_without_work_is_refused():
    with pytest.raises(ValueError, match="has no economy"):
        inject(econo_env.load("first_price_v0"), 0, 2)


@pytest.mark.slow
def test_the_study_reaches_its_bars():
    study, settings = read_study("faults")
    findings = study.run(settings, lambda share, said: None)
    assert all(figure.holds is not False for figure in findings.figures), findings.figures
    assert findings.figures[-1].high <= 1.3e-4

"""PPO from scratch in the coordination market by three auctions, with the shipped settings."""

import pytest

from econo_env.policies import make_policy
from econo_env.training.config import read_config
from econo_env.training.trainer import Trainer
from tests.training.test_task_market_learned import earned


def learned(name, *changes):
    """What learned and truthful agents earn a round, and what untrained ones do."""
    config = read_config(name, changes)
    trainer = Trainer(config, 0)
    untrained = earned(config.scenario, trainer.policy(), markets=128)
    while not trainer.finished:
        trainer.iterate()
    truthful = earned(config.scenario, make_policy("truthful", config.scenario), markets=512)
    return earned(config.scenario, trainer.policy(), markets=512), truthful, untrained


@pytest.mark.slow
def test_by_vickrey_learners_earn_what_the_truthful_earn():
    found, truthful, untrained = learned("coordination")
    assert untrained < 0.0
    assert found == pytest.approx(truthful, rel=0.05)


@pytest.mark.slow
def test_by_an_english_clock_learners_earn_no_less_than_the_truthful():
    found, truthful, untrained = learned("coordination_english")
    assert untrained < 0.1 * truthful
    assert 0.95 * truthful < found < 1.3 * truthful


@pytest.mark.slow
def test_by_sealed_bids_learners_shade_and_earn_what_vickrey_leaves():
    """Truth earns little there; who shades earns about what the same agents earn by Vickrey."""
    found, truthful, _ = learned("coordination", "scenario.auction_type=sealed_bid")
    by_vickrey = earned(
        read_config("coordination").scenario, make_policy("truthful", read_config("coordination").scenario)
    )
    assert found > 2.0 * truthful
    assert found == pytest.approx(by_vickrey, rel=0.1)

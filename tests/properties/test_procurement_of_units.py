"""In procurement the multi-unit rules keep what their rows claim, and nobody is paid beyond the ceiling."""

import numpy as np
import pytest

import econo_env
from econo_env.mechanisms import claims, mechanisms
from tests.properties.games import play, random_actions
from tests.properties.test_claims import CHECKS, pairs_of_outcomes

ROWS = {name: row for name, row in mechanisms().items() if row.market == "multi_unit"}
CLAIMS = [(name, claim) for name, row in ROWS.items() for claim in row.claims if claim != claims.MONOTONE]


@pytest.mark.parametrize(("name", "claim"), CLAIMS, ids=[f"{name}: {claim}" for name, claim in CLAIMS])
def test_the_claim_holds_in_procurement(name, claim):
    scenario = econo_env.load(f"procurement_{name}", **dict(claim.fields))
    assert bool(CHECKS[claim.name](scenario, claim)) is claim.holds


@pytest.mark.parametrize("name", ROWS)
def test_a_higher_ask_wins_no_more(name):
    """A monotone allocation, in the mirror."""
    scenario = econo_env.load(f"procurement_{name}", num_agents=3)
    fewer = 0
    for i, before, after in pairs_of_outcomes(scenario, raised=True):
        assert np.all(after.allocation[:, i] <= before.allocation[:, i])
        fewer += int((after.allocation[:, i] < before.allocation[:, i]).sum())
    assert fewer > 100


@pytest.mark.parametrize("name", ROWS)
def test_a_unit_is_paid_between_the_bid_and_the_ceiling(name):
    scenario = econo_env.load(
        f"procurement_{name}", num_agents=3, demand=3, **{"procurement.ceiling": 0.7, "mechanism.units": 4}
    )
    for seed in range(8):
        played = play(scenario, random_actions(scenario, 512, seed), seed=seed)
        received = -played.payments
        assert np.all(received <= 0.7 * played.allocation + 1e-9)
        assert np.all(received >= 0)
        assert played.allocation.sum(axis=1).max() <= 4
    assert played.allocation.max() == 3

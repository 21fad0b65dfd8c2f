"""What it costs to force a halt of a clock, on a small sample; docs/breakers.md has the figures of a large one."""

import numpy as np
import pytest

import econo_env
from tests.economy.breakers.measure import play
from tests.economy.breakers.measure_sales import FILES, SALES, Attack, forced

MARKETS = 150
DUTCH = next(sale for sale in SALES if sale.name == "dutch")


@pytest.mark.parametrize("charge", [0.0, 0.05])
def test_who_takes_a_falling_clock_too_early_twice_pays_two_charges_for_a_halt(charge):
    """It takes the first price, which is beyond the band, until the clock halts; then the sale is what it would be."""
    scenario = econo_env.load(FILES / "breakers_dutch.yaml", **{"economy.breakers.charge": charge})
    attack = Attack(1, 1.0, 0, 2)
    calm, found = play(scenario, DUTCH.bids, 2, MARKETS), play(scenario, attack.among(DUTCH.bids), 2, MARKETS)
    assert not calm.halts[:20].any()
    assert (found.halts - calm.halts).mean() == pytest.approx(1.0, abs=0.02)
    gained = (found.earned - calm.earned)[:, 0]
    error = gained.std() / np.sqrt(MARKETS)
    assert abs(gained.mean() + 2 * charge) < 0.002 + 4 * error
    assert found.welfare.mean() == pytest.approx(calm.welfare.mean(), rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("sale", SALES, ids=lambda sale: sale.name)
def test_no_attack_that_forces_halts_gains_and_a_charge_makes_it_dear(sale):
    for charge in (0.0, 0.02):
        for _, _, own, halts, _, _ in forced(sale, charge, 600):
            error = own.std(ddof=1) / np.sqrt(len(own))
            assert own.mean() < 3 * error + 1e-9
            if halts.mean() > 0.3:
                assert own.mean() < -charge * halts.mean() + 3 * error

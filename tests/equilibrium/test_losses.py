"""The certificate of a strategy: small at an equilibrium, never below what a deviation gains."""

import numpy as np
import pytest

from econo_env.equilibrium.losses import exact_loss
from econo_env.games.bid_curves import BidCurves
from econo_env.valuations.bid_function import BidFunction


def against(share):
    """First price against one rival with U[0, 1] who bids that share of its value."""

    def curves(bids):
        wins = np.clip(bids / share, 0.0, 1.0)
        return BidCurves(bids, wins, bids * wins)

    return curves


def shading(share, intervals):
    types = np.linspace(0.0, 1.0, intervals + 1)
    return BidFunction(types, types, share * types)


def test_the_certificate_of_the_exact_equilibrium_is_of_second_order():
    """5e-7 on 1,000 intervals; the bound U*(v_(j+1)) - U*(v_j) gives 1e-3."""
    loss = exact_loss(shading(0.5, 1000), against(0.5), 0.0, 1.0)
    assert loss.certificate == pytest.approx(5e-7, rel=0.05)
    assert loss.mean <= 1e-9
    assert loss.utility == pytest.approx(1 / 6, abs=1e-6)


@pytest.mark.parametrize("own", [0.3, 0.45, 0.7, 1.0])
@pytest.mark.parametrize("intervals", [7, 50])
def test_no_type_gains_more_than_certified(own, intervals):
    """The best response to v/2 is v/2: it gains 2 (v (own - 1/2))^2, or what is left where the bid is beyond 1/2."""
    loss = exact_loss(shading(own, intervals), against(0.5), 0.0, 1.0)
    values = np.linspace(0.0, 1.0, 9973)
    bids = own * values
    gains = values**2 / 2 - (values - bids) * np.minimum(2 * bids, 1.0)
    assert gains.max() <= loss.certificate + 1e-9
    assert loss.certificate <= gains.max() + 1.0 / intervals
    assert loss.mean == pytest.approx(gains.mean(), abs=0.3 / intervals**2 + 1e-4)


def test_staying_out_is_judged_too():
    """Types below 0.5 that stay out lose v^2/2 at most."""
    types = np.linspace(0.0, 1.0, 101)
    loss = exact_loss(BidFunction(types, types, np.where(types < 0.5, np.nan, types / 2)), against(0.5), 0.0, 1.0)
    assert loss.worst == pytest.approx(0.49**2 / 2, abs=1e-6)
    assert loss.certificate == pytest.approx(0.5**2 / 2, abs=1e-6)


def test_the_distribution_of_bids():
    types = np.array([0.0, 0.4, 0.4000001, 1.0])
    function = BidFunction(types, types, np.array([np.nan, np.nan, 0.2, 0.5]))
    assert function(0.3) == 0.0
    assert function(0.7) == pytest.approx(0.35, abs=1e-6)
    assert function.share_below(np.array([0.0, 0.1, 0.35, 0.6])) == pytest.approx([0.4, 0.4, 0.7, 1.0], abs=1e-5)

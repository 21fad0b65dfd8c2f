"""Equilibria beyond independent private values of risk-neutral bidders who are all there.

`first_price` and `second_price` refer to these functions; other rules have no closed form here. `truth` is the
equilibrium of every rule in which it is dominant.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.mechanisms.order_statistics import entry_place, mean_of_losing
from econo_env.mechanisms.weighted_price import Payment
from econo_env.money import MICRO
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.information import Information, PrivateValues
from econo_env.valuations.places import Places
from econo_env.valuations.utility import RETURN, Budget, RiskNeutral, Utility

Floats = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


@dataclass(frozen=True)
class Conditions:
    """What bidders are like and what they know.

    Attributes:
        utility: Their utility model.
        information: How signals and values hang together.
        present: Chance that a rival is there.
        entry_cost: What a bid costs for certain, credits.
    """

    utility: Utility = field(default_factory=RiskNeutral)
    information: Information = field(default_factory=PrivateValues)
    present: float = 1.0
    entry_cost: float = 0.0

    @property
    def neutral(self) -> bool:
        """Whether utility is the surplus."""
        return isinstance(self.utility, RiskNeutral)


def truth(places: Places, num_bidders: int, parameters: Any) -> BidFunction:
    """The own value: where the price does not hang on the own bid, whatever the others do (Vickrey 1961)."""
    return BidFunction(places.shares, places.values, places.values)


def second_price_under(places: Places, num_bidders: int, parameters: Any, conditions: Conditions) -> BidFunction:
    """Private values: the truth, from the value on that is worth the entry; else E[value | a tie with the best rival].

    Truth is dominant in every utility model that grows with the surplus; a budget cuts it. Milgrom and Weber (1982).
    """
    if not conditions.information.private:
        _require_plain(parameters, conditions)
        at_knots, _ = conditions.information.worth_at_a_tie(places, num_bidders)
        return BidFunction(places.shares, places.values, at_knots)
    if conditions.entry_cost == 0.0:
        return truth(places, num_bidders, parameters)
    if not conditions.information.independent:
        raise ValueError("with an entry fee or cost a closed form is known for independent values")
    places, entry = _entry(places, num_bidders, parameters, conditions)
    return BidFunction(places.shares, places.values, np.where(places.shares >= entry, places.values, np.nan))


def second_price_with_shills(parameters: Any) -> dict[str, Any]:
    """A shill bid a step below the highest bid makes the winner pay its own bid: first price.

    Raises:
        ValueError: Several units, or a payment other than the critical one.
    """
    if parameters.units > 1 or parameters.payment != Payment.critical:
        raise ValueError("with shill bids the second price is the first price for one unit and the critical payment")
    return {"name": "first_price", "reserve": parameters.reserve}


def kth_price_with_shills(parameters: Any) -> dict[str, Any]:
    """A shill bid a step below the highest bid moves the bid of rank k - 1 to rank k."""
    if parameters.rank == 2:
        return {"name": "first_price", "reserve": parameters.reserve}
    return {"name": "kth_price", "reserve": parameters.reserve, "rank": parameters.rank - 1}


def first_price_under(places: Places, num_bidders: int, parameters: Any, conditions: Conditions) -> BidFunction:
    """A mean of max(reserve, best losing rival value), given that the own value wins.

    With G the chance to win against rivals that may be absent, and transform t and power p of the utility model,
    t(b(v)) = [t(r) G^p(r) + integral_r^v t(y) dG^p(y)] / G^p(v): arithmetic mean if risk neutral, with G^(1/rho) under
    constant relative, exponential mean under constant absolute risk aversion, harmonic mean under return on investment
    (each solves u'(v - b) b' G = u(v - b) G'; Krishna 2009, section 4.1; Matthews 1987). With signals of
    interdependent values: the mean of E[value | a tie] at the rival's signal (Milgrom and Weber 1982).

    Raises:
        ValueError: No closed form is known.
    """
    information, utility, reserve = conditions.information, conditions.utility, parameters.reserve
    if not information.private:
        _require_plain(parameters, conditions)
        return _of_signals(places, num_bidders, information)
    if not information.independent:
        raise ValueError("no closed form of the first price is known for correlated private values")
    if utility.model == RETURN and reserve < utility.parameter:
        raise ValueError(f"return on investment has a closed form with a reserve of at least {utility.parameter:g}")
    start = places.of(reserve)
    if conditions.entry_cost > 0.0:
        places, start = _entry(places, num_bidders, parameters, conditions)
    places = places.cut_at(min(start, 1.0))
    bids = mean_of_losing(
        places,
        num_bidders,
        parameters.units,
        reserve,
        start=min(start, 1.0),
        present=conditions.present,
        power=utility.power,
        transform=utility.transform,
        inverse=utility.inverse,
    )
    if conditions.entry_cost > 0.0:
        bids = np.where(places.shares >= start, np.maximum(bids, 1.0 / MICRO), np.nan)  # a bid of 0 stays out
    if isinstance(utility, Budget) and float(np.nanmax(bids)) > utility.amount:
        raise ValueError(f"a budget of {utility.amount} binds: no closed form of the first price is known")
    return BidFunction(places.shares, places.values, bids)


def _of_signals(places: Places, num_bidders: int, information: Information) -> BidFunction:
    if num_bidders < 2:
        return BidFunction(places.shares, places.values, np.zeros_like(places.shares))
    if information.independent:
        worth = information.worth_at_a_tie(places, num_bidders)
        bids = mean_of_losing(places, num_bidders, 1, 0.0, worth=worth)
        return BidFunction(places.shares, places.values, bids)
    share, prior = (_NODES + 1.0) / 2.0, places.prior
    assert prior is not None, "signals come from a prior"
    rivals = information.rival_signal(places.values[:, None], prior, num_bidders, share)
    bids = information.value_at_a_tie(rivals, prior, num_bidders) @ _WEIGHTS / 2.0
    return BidFunction(places.shares, places.values, bids)


def _entry(places: Places, num_bidders: int, parameters: Any, conditions: Conditions) -> tuple[Places, float]:
    """The first place to take part, and places cut there."""
    if not conditions.neutral:
        raise ValueError("with an entry fee or cost a closed form is known for risk-neutral bidders")
    entry = entry_place(
        places, num_bidders, conditions.entry_cost, parameters.reserve, parameters.units, conditions.present
    )
    return places.cut_at(min(entry, 1.0)), entry


def _require_plain(parameters: Any, conditions: Conditions) -> None:
    plain = conditions.neutral and conditions.present == 1.0 and conditions.entry_cost == 0.0
    if not plain or parameters.reserve > 0.0 or parameters.units > 1:
        raise ValueError(
            "with interdependent values a closed form is known for one unit, no reserve, no entry cost, and "
            "risk-neutral bidders who are all there"
        )

"""Equilibria beyond independent private values of risk-neutral bidders who are all there.

`first_price` and `second_price` refer to these functions; other rules have no closed form here. `truth` is the
equilibrium of every rule in which it is dominant.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.mechanisms.order_statistics import entry_value, running_integral, table_cdf, win_probability
from econo_env.mechanisms.weighted_price import Payment
from econo_env.valuations.information import Information, PrivateValues
from econo_env.valuations.priors import Prior
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


def truth(values: ArrayLike, prior: Prior, num_bidders: int, parameters: Any) -> Floats:
    """The own value: where the price does not hang on the own bid, whatever the others do (Vickrey 1961)."""
    return np.asarray(values, dtype=np.float64)


def second_price_under(
    values: ArrayLike, prior: Prior, num_bidders: int, parameters: Any, conditions: Conditions
) -> Floats:
    """Private values: the truth, from the value on that is worth the entry; else E[value | a tie with the best rival].

    Truth is dominant in every utility model that grows with the surplus; a budget cuts it. Milgrom and Weber (1982).
    """
    values = np.asarray(values, dtype=np.float64)
    if not conditions.information.private:
        _require_plain(parameters, conditions)
        return conditions.information.value_at_a_tie(values, prior, num_bidders)
    if conditions.entry_cost == 0.0:
        return values
    return np.where(values >= _entry(prior, num_bidders, parameters, conditions), values, 0.0)


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


def first_price_under(
    values: ArrayLike, prior: Prior, num_bidders: int, parameters: Any, conditions: Conditions
) -> Floats:
    """A mean of max(reserve, best losing rival value), given that the own value wins.

    With G the chance to win against rivals that may be absent, and transform t and power p of the utility model,
    t(b(v)) = [t(r) G^p(r) + integral_r^v t(y) dG^p(y)] / G^p(v): arithmetic mean if risk neutral, with G^(1/rho) under
    constant relative, exponential mean under constant absolute risk aversion, harmonic mean under return on investment
    (each solves u'(v - b) b' G = u(v - b) G'; Krishna 2009, section 4.1; Matthews 1987). With signals of
    interdependent values: the mean of E[value | a tie] at the rival's signal (Milgrom and Weber 1982).

    Raises:
        ValueError: No closed form is known.
    """
    values = np.asarray(values, dtype=np.float64)
    information, utility, reserve = conditions.information, conditions.utility, parameters.reserve
    if not information.private:
        _require_plain(parameters, conditions)
        share = (_NODES + 1.0) / 2.0
        rivals = information.rival_signal(values[..., None], prior, num_bidders, share)
        return np.asarray(information.value_at_a_tie(rivals, prior, num_bidders) @ _WEIGHTS / 2.0)
    if not information.independent:
        raise ValueError("no closed form of the first price is known for correlated private values")
    if utility.model == RETURN and reserve < utility.parameter:
        raise ValueError(f"return on investment has a closed form with a reserve of at least {utility.parameter:g}")
    start = max(reserve, prior.lowest)
    if conditions.entry_cost > 0.0:
        start = _entry(prior, num_bidders, parameters, conditions)
    if not np.isfinite(start):
        return np.zeros_like(values)

    def wins(cdf: ArrayLike) -> Floats:
        there = 1.0 - conditions.present * (1.0 - np.asarray(cdf, dtype=np.float64))
        return win_probability(there, num_bidders - 1, parameters.units) ** utility.power

    at, at_start = (wins(table_cdf(prior, v)) for v in (values, start))
    area = running_integral(lambda y, cdf: utility.slope(y) * wins(cdf), values, prior, start)
    if at_start > 0.0:
        area = area + (utility.transform(start) - utility.transform(reserve)) * at_start
    own = np.maximum(values, start)
    sure = np.where(at > 1e-300, at, 1.0)
    bids = np.where(at > 1e-300, utility.inverse(utility.transform(own) - area / sure), own)
    if isinstance(utility, Budget) and float(bids[values <= prior.highest].max(initial=0.0)) > utility.amount:
        raise ValueError(f"a budget of {utility.amount} binds: no closed form of the first price is known")
    return np.where(values >= start, bids, 0.0)


def _entry(prior: Prior, num_bidders: int, parameters: Any, conditions: Conditions) -> float:
    if not conditions.neutral:
        raise ValueError("with an entry fee or cost a closed form is known for risk-neutral bidders")
    return entry_value(
        prior, num_bidders, conditions.entry_cost, parameters.reserve, parameters.units, conditions.present
    )


def _require_plain(parameters: Any, conditions: Conditions) -> None:
    plain = conditions.neutral and conditions.present == 1.0 and conditions.entry_cost == 0.0
    if not plain or parameters.reserve > 0.0 or parameters.units > 1:
        raise ValueError(
            "with interdependent values a closed form is known for one unit, no reserve, no entry cost, and "
            "risk-neutral bidders who are all there"
        )

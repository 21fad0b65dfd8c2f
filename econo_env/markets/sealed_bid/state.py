"""What a sealed-bid market holds: its state, its constants, and the meaning of observations and actions."""

from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.engine.state import Arrays, Bools, Column, Episode, Int64s, Key, Tick
from econo_env.markets.private_value import of_rounds
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.mechanisms.ranking import WEIGHT_UNIT
from econo_env.money import MICRO, to_credits, to_money
from econo_env.valuations.drawing import DrawTables, draw_tables
from econo_env.valuations.quantile_table import QuantileTable

NO_BID = -1
NO_CEILING = -1
_NO_LIMIT = 2**62


class State(NamedTuple):
    """A batch of sealed-bid markets; the first axis of every array is the market."""

    key: Key
    episode: Episode
    tick: Tick
    values: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits: value, signal, or cost in procurement")]
    bids: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, -1 for none")]
    award: Award
    slots: Annotated[Int64s, Column(np.int64, ("slots",), "of the last round, from 1, 0 for none")]
    worth: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits: realised value of the last round's item")]
    common: Annotated[Int64s, Column(np.int64, (), "micro-credits: the coming item's value to all, where it is common")]
    present: Annotated[Bools, Column(np.bool_, ("agents",), "was there in the last round, where that is random")]
    defaulted: Annotated[Bools, Column(np.bool_, ("agents",), "won the last round and walked away, where one may")]
    seller_bid: Annotated[Int64s, Column(np.int64, (), "micro-credits, -1 for none; 0 where the seller never bids")]
    offers: Annotated[Int64s, Column(np.int64, ("offers",), "scratch: all bids, the seller's last, where it may bid")]
    granted: Annotated[Int64s, Column(np.int64, ("offers",), "scratch: the rule's allocation of those")]
    charged: Annotated[Int64s, Column(np.int64, ("offers",), "scratch: the rule's payments for those")]


class DefaultTerms(NamedTuple):
    """The right to walk away from a sale; None compiles it away."""

    shock: float  # micro-credits
    stake: int  # micro-credits


class SellerTerms(NamedTuple):
    """The seller's own bid; None compiles it away."""

    sees_bids: bool
    reserves: DrawTables  # of the secret reserve, micro-credits
    weights: Int64s  # (agents + 1,) thousandths, the seller's last


class Frictions(NamedTuple):
    """The constants of what goes beyond a sale to risk-neutral bidders with independent private values.

    Without it `Params.frictions` is None, and the compiler leaves out all that looks at it.
    """

    bid_limit: int  # micro-credits: larger bids are cut to the budget
    ceiling: int  # micro-credits: in procurement the most that is paid, else NO_CEILING
    information: int
    information_parameter: float
    utility: int
    utility_parameter: float
    presence: float  # chance to be there
    entry_fee: int  # micro-credits
    entry_cost: int  # micro-credits
    default: DefaultTerms | None
    seller: SellerTerms | None


class Params(NamedTuple):
    """The constants of a scenario, as the compiled kernels take them."""

    rule: Any  # the mechanism's own parameters
    max_cycles: int
    truncates: bool  # the last tick is a truncation, not a termination
    prior_of: Int64s  # (agents,) row of `quantiles` that the agent's value comes from
    quantiles: DrawTables  # micro-credits, one a prior
    weights: Int64s  # (agents,) thousandths
    largest_weight: int  # thousandths
    highest_value: float  # micro-credits
    value_scale: float  # 1 / the highest signal, micro-credits
    bids_are_amounts: bool
    half_largest_bid: float | None  # the bid of action 0 over the own or the highest value, None for 1
    largest_amount: float  # micro-credits, the scale of bids and payments in observations
    frictions: Frictions | None


def axes(scenario: SealedBidScenario) -> dict[str, int]:
    """Lengths of the named axes."""
    return {"offers": scenario.num_agents + 1 if scenario.seller.bids else 0, "slots": 0}


def elementwise(scenario: SealedBidScenario) -> tuple[str, ...]:
    """The stages that treat each bidder by itself."""
    return ("bids", "settle") if scenario.is_plain else ("bids",)


def action_names(scenario: SealedBidScenario) -> tuple[str, ...]:
    """What each action component means."""
    return ("bid",)


def type_name(scenario: SealedBidScenario) -> str:
    """What a bidder knows: its `value`, a `signal` of it, or its `cost`."""
    if scenario.procurement is not None:
        return "cost"
    return "value" if scenario.information.private else "signal"


def params(scenario: SealedBidScenario) -> Params:
    """The scenario's constants for the compiled kernels."""
    weights = scenario.weights or (1.0,) * scenario.num_agents
    row = scenario.row()
    return Params(
        rule=row.params(scenario.mechanism),
        **of_rounds(scenario, scenario.priors()),
        weights=np.rint(np.array(weights) * WEIGHT_UNIT).astype(np.int64),
        largest_weight=round(max(weights) * WEIGHT_UNIT),
        highest_value=float(to_money(scenario.highest_value)),
        value_scale=1.0 / float(to_money(scenario.highest_signal)),
        bids_are_amounts=scenario.bids == "amount",
        half_largest_bid=None if scenario.largest_bid == 2.0 else scenario.largest_bid / 2.0,
        largest_amount=scenario.largest_bid * float(to_money(scenario.bid_unit)),
        frictions=None if scenario.is_plain else _frictions(scenario),
    )


def _frictions(scenario: SealedBidScenario) -> Frictions:
    entry, default, budget = scenario.participation, scenario.default, scenario.utility.budget
    return Frictions(
        bid_limit=_NO_LIMIT if budget is None else int(to_money(max(0.0, budget - entry.entry_fee))),
        ceiling=NO_CEILING if scenario.procurement is None else int(to_money(scenario.ceiling)),
        information=scenario.information.kind,
        information_parameter=scenario.information.parameter,
        utility=scenario.utility.model,
        utility_parameter=scenario.utility.parameter,
        presence=entry.probability,
        entry_fee=int(to_money(entry.entry_fee)),
        entry_cost=int(to_money(entry.entry_cost)),
        default=None if default is None else DefaultTerms(float(to_money(default.shock)), int(to_money(default.stake))),
        seller=_seller(scenario) if scenario.seller.bids else None,
    )


def _seller(scenario: SealedBidScenario) -> SellerTerms:
    reserve = scenario.seller.secret_reserve
    if isinstance(reserve, float | None):
        law = QuantileTable.even(lambda shares: np.full(shares.shape, reserve or 0.0))
    else:
        law = reserve.quantile_table()
    weights = (*(scenario.weights or (1.0,) * scenario.num_agents), 1.0)
    return SellerTerms(
        sees_bids=scenario.seller.shill_bids == "after_bids",
        reserves=draw_tables([law], float(MICRO)),
        weights=np.rint(np.array(weights) * WEIGHT_UNIT).astype(np.int64),
    )


def info(scenario: SealedBidScenario, state: State) -> Arrays:
    """What the dict APIs tell in `infos`, arrays (markets, agents), of the last round: `won` and `paid` (credits).

    What is received counts negative. Where values are interdependent, or shocks follow the sale, also `worth`, the
    realised value in credits; where winners may walk away, `defaulted`; where the seller bids, `seller_bid`, NaN for
    none.
    """
    told = {"won": state.award.units.astype(np.bool_), "paid": to_credits(state.award.pays)}
    if not scenario.information.private or scenario.default is not None:
        told["worth"] = to_credits(state.worth)
    if scenario.default is not None:
        told["defaulted"] = state.defaulted.copy()
    if scenario.seller.bids:
        bid = np.where(state.seller_bid == NO_BID, np.nan, state.seller_bid / MICRO)
        told["seller_bid"] = np.repeat(bid[:, None], scenario.num_agents, axis=1)
    return told

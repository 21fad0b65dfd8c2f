"""What a sealed-bid market says about itself."""

from dataclasses import replace

from econo_env.docs import Docs
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.markets.sealed_bid.state import action_names, type_name
from econo_env.markets.wording import page_of
from econo_env.mechanisms.parameters import reserve_of

ACTIONS = {
    "share_of_value": "the bid is (1 + a) times the own value: -1 bids 0, 0 bids the value, 1 bids twice the value",
    "amount": "the bid is (1 + a) times the highest possible value: -1 bids 0, 0 bids the highest value",
}
_SCALED_ACTIONS = {
    "share_of_value": "the bid is (1 + a) {half:g} times the own {known}: -1 bids 0, 1 bids {largest:g} times it",
    "amount": "the bid is (1 + a) {half:g} times the highest possible {worth}: -1 bids 0, 1 bids {largest:g} times it",
}

_INFORMATION = {
    "private": "independent private values",
    "mixture": "private values that are one shared draw with chance {parameter:g}, else independent",
    "wallet": "independent signals; the item is worth the own signal plus {parameter:g} times every other one",
    "common": "signals of one common value, independent and uniform between 0 and twice that value",
    "affiliated": "affiliated signals; the item is worth their mean to everybody",
}
_REWARDS = {
    "risk_neutral": "Value of what was won minus the payment, in credits.",
    "crra": "x^{parameter:g} of x, value of what was won minus payment in credits; -(-x)^{parameter:g} of a loss.",
    "cara": "(1 - exp(-{parameter:g} x)) / {parameter:g} of x, the value of what was won minus the payment in credits.",
    "budget": "Value of what was won minus the payment, in credits; bids are cut to the budget of {amount:g}.",
    "return_on_investment": "Value of what was won minus payment, over the payment (at least {parameter:g} credits).",
}


def _action(scenario: SealedBidScenario) -> str:
    known, worth = type_name(scenario), "cost" if scenario.procurement else "value"
    text = ACTIONS[scenario.bids]
    if scenario.largest_bid != 2.0 or known != "value":
        half, largest = scenario.largest_bid / 2.0, scenario.largest_bid
        text = _SCALED_ACTIONS[scenario.bids].format(half=half, largest=largest, known=known, worth=worth)
    if scenario.procurement is not None:
        return f"{text}; a bid above the ceiling of {scenario.ceiling:g} credits is no bid"
    return f"{text}; a bid of 0 stays out" if scenario.entry_costs > 0.0 else text


def _description(scenario: SealedBidScenario) -> str:
    rule, entry = scenario.row(), scenario.participation
    known = _INFORMATION[scenario.information.name].format(parameter=scenario.information.parameter)
    if scenario.procurement is not None:
        known = known.replace("values", "costs")
    parts = [f"{scenario.num_agents} bidders with {known} bid at once, in secret.", rule.summary]
    if scenario.procurement is not None:
        parts.append(
            f"Here it is procurement: the rule sees {scenario.ceiling:g} credits minus each bid, so the lowest bid "
            "wins, does the work and receives what the rule leaves of the ceiling."
        )
    if entry.probability < 1.0:
        parts.append(f"Each bidder is there with chance {entry.probability:g}; nobody sees how many are.")
    parts += _about_seller(scenario)
    if scenario.entry_costs > 0.0:
        fee, cost = entry.entry_fee, entry.entry_cost
        parts.append(f"A bid costs a fee of {fee:g} to the seller and {cost:g} to nobody's gain.")
    if scenario.default is not None:
        shock, stake = scenario.default.shock, scenario.default.stake
        work, other = (
            ("the work costs c + e", "buyer") if scenario.procurement else ("the item is worth v + e", "seller")
        )
        parts.append(
            f"After the sale the winner learns that {work}, e uniform between -{shock:g} and {shock:g}. Where keeping "
            f"the sale would lose it more than the stake of {stake:g}, it walks away: it pays the stake and nothing "
            f"else, the {other} keeps the stake, and nobody else is served."
        )
    return " ".join([*parts, "Ties are broken by lottery."])


def _about_seller(scenario: SealedBidScenario) -> list[str]:
    """What the seller may do, in sentences."""
    told, seller = [], scenario.seller
    who, unit = ("buyer", "contract") if scenario.procurement is not None else ("seller", "unit")
    reserve = reserve_of(scenario.mechanism)
    if reserve > 0.0:
        never = "" if seller.bids else f"; the {who} cannot bid"
        told.append(f"The reserve of {reserve:g} is public and fixed before the bids{never}.")
    if seller.secret_reserve is not None:
        fixed = isinstance(seller.secret_reserve, float)
        drawn = "fixed" if fixed else "drawn anew every round"
        told.append(f"The {who} has a secret reserve, {drawn}: one more bid, placed before the others and unseen.")
    if seller.shill_bids == "after_bids":
        told.append(f"The {who} sees all bids and then places the shill bid that earns it most, if any earns it more.")
    if seller.bids:
        told.append(f"A {unit} that the {who}'s bid wins stays with it; if no bidder wins, nobody pays.")
    return told


def _equilibrium(scenario: SealedBidScenario) -> str:
    row = scenario.row()
    known = row.known_answer
    if scenario.default is not None:
        premium = scenario.default.premium
        sign = "the cost minus" if scenario.procurement is not None else "the value plus"
        return (
            f"Where truth is dominant without the right to walk away, as in second price, it is {sign} {premium:g}: "
            "(sqrt(shock) - sqrt(stake))^2, and 0 from stake = shock on."
        )
    if scenario.seller.shill_bids == "after_bids" and not row.shill_proof:
        return (
            "Shill bids turn second price into first price, rank k into rank k - 1, the war of attrition into all-pay, "
            f"and their equilibria with them. Without: {known}"
        )
    if scenario.procurement is not None:
        return f"That of the sale in which what costs and bids leave of the ceiling are values and bids. There: {known}"
    return (
        known if scenario.is_plain else f"Of the sale to risk-neutral bidders with independent private values: {known}"
    )


def docs(scenario: SealedBidScenario) -> Docs:
    """The texts of the scenario's page."""
    if scenario.procurement is not None:
        rewards = "What was received minus the cost of the work if it was won, in credits."
    else:
        numbers = {"parameter": scenario.utility.parameter, "amount": scenario.utility.budget}
        rewards = _REWARDS[scenario.utility.name].format(**numbers)
    if scenario.default is not None:
        rewards += " Whoever walks away gets minus the stake."
    if scenario.entry_costs > 0.0:
        rewards += " Entry fee and cost count as paid."
    shilled = scenario.seller.shill_bids == "after_bids" and not scenario.row().shill_proof
    page = page_of(
        scenario,
        description=_description(scenario),
        actions=dict.fromkeys(action_names(scenario), _action(scenario)),
        rewards=rewards,
        start="A fresh value for every bidder, drawn from its prior; new values every round.",
        limits="without what follows the bids here" if shilled or scenario.default is not None else "",
    )
    return replace(page, equilibrium=_equilibrium(scenario))

"""What a sealed-bid market says about itself."""

from econo_env.markets.manual import Manual
from econo_env.markets.sealed_bid.layout import action_names, observation_names, type_name
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.mechanisms.base import mechanism

_ACTIONS = {
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

_OBSERVATIONS = {
    "value": "own private value over the highest possible value",
    "signal": "own signal over the highest possible signal",
    "cost": "own cost over the highest possible cost",
    "rounds_left": "share of the episode to come",
    "prior": "number of the own prior over the count of priors",
    "weight": "own reputation weight over the largest one",
    "won": "1 if a unit was won in the last round",
    "paid": "own payment in the last round over twice the highest possible value",
    "winning_bid": "highest winning bid of the last round over twice the highest possible value",
}
_SCALED_OBSERVATIONS = {
    "paid": "what was paid or received in the last round over the largest possible bid",
    "winning_bid": "highest winning bid of the last round over the largest possible bid",
}


def _observation(scenario: SealedBidScenario, name: str) -> str:
    if name.startswith("bid_of_"):
        bidder = name.removeprefix("bid_of_")
        return f"bid of bidder {bidder} in the last round over the largest possible bid, 0 for none"
    if scenario.largest_amount != 2.0 * scenario.highest_value and name in _SCALED_OBSERVATIONS:
        return _SCALED_OBSERVATIONS[name]
    return _OBSERVATIONS[name]


def _action(scenario: SealedBidScenario) -> str:
    known, worth = type_name(scenario), "cost" if scenario.procurement else "value"
    text = _ACTIONS[scenario.bids]
    if scenario.largest_bid != 2.0 or known != "value":
        half, largest = scenario.largest_bid / 2.0, scenario.largest_bid
        text = _SCALED_ACTIONS[scenario.bids].format(half=half, largest=largest, known=known, worth=worth)
    if scenario.procurement is not None:
        return f"{text}; a bid above the ceiling of {scenario.ceiling:g} credits is no bid"
    return f"{text}; a bid of 0 stays out" if scenario.entry_costs > 0.0 else text


def _description(scenario: SealedBidScenario) -> str:
    rule, entry = mechanism(scenario.mechanism.name), scenario.participation
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
    reserve = float(getattr(scenario.mechanism, "reserve", 0.0))
    if reserve > 0.0:
        parts.append(f"The reserve of {reserve:g} is public and fixed before the bids; the seller cannot bid.")
    if scenario.entry_costs > 0.0:
        fee, cost = entry.entry_fee, entry.entry_cost
        parts.append(f"A bid costs a fee of {fee:g} to the seller and {cost:g} to nobody's gain.")
    parts.append(f"Ties are broken by lottery. Properties: {rule.promises}.")
    return " ".join(parts)


def _equilibrium(scenario: SealedBidScenario) -> str:
    known = mechanism(scenario.mechanism.name).known_answer
    if scenario.procurement is not None:
        return f"That of the sale in which what costs and bids leave of the ceiling are values and bids. There: {known}"
    return (
        known if scenario.is_plain else f"Of the sale to risk-neutral bidders with independent private values: {known}"
    )


def manual(scenario: SealedBidScenario) -> Manual:
    """The texts of the scenario's page."""
    rule = mechanism(scenario.mechanism.name)
    if scenario.procurement is not None:
        rewards = "What was received minus the cost of the work if it was won, in credits."
    else:
        numbers = {"parameter": scenario.utility.parameter, "amount": getattr(scenario.utility, "amount", 0.0)}
        rewards = _REWARDS[scenario.utility.name].format(**numbers)
    if scenario.entry_costs > 0.0:
        rewards += " Entry fee and cost count as paid."
    last = "Truncation: the economy would go on" if scenario.end_of_episode == "truncation" else "Termination"
    return Manual(
        description=_description(scenario),
        actions=dict.fromkeys(action_names(scenario), _action(scenario)),
        observations={name: _observation(scenario, name) for name in observation_names(scenario)},
        rewards=rewards,
        start="A fresh value for every bidder, drawn from its prior; new values every round.",
        end=(f"{last}, for everybody at once, after {scenario.max_cycles} round(s).",),
        equilibrium=_equilibrium(scenario),
        references=rule.reference,
    )

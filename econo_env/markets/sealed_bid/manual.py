"""What a sealed-bid market says about itself."""

from econo_env.markets.manual import Manual
from econo_env.markets.sealed_bid.layout import action_names, observation_names
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.mechanisms.base import mechanism

_ACTIONS = {
    "share_of_value": "the bid is (1 + a) times the own value: -1 bids 0, 0 bids the value, 1 bids twice the value",
    "amount": "the bid is (1 + a) times the highest possible value: -1 bids 0, 0 bids the highest value",
}

_OBSERVATIONS = {
    "value": "own private value over the highest possible value",
    "rounds_left": "share of the episode to come",
    "prior": "number of the own prior over the count of priors",
    "weight": "own reputation weight over the largest one",
    "won": "1 if a unit was won in the last round",
    "paid": "own payment in the last round over twice the highest possible value",
    "winning_bid": "highest winning bid of the last round over twice the highest possible value",
}


def manual(scenario: SealedBidScenario) -> Manual:
    """The texts of the scenario's page."""
    rule = mechanism(scenario.mechanism.name)
    last = "Truncation: the economy would go on" if scenario.end_of_episode == "truncation" else "Termination"
    return Manual(
        description=f"{scenario.num_agents} bidders with independent private values bid at once, in secret. "
        f"{rule.summary} Ties are broken by lottery. Properties: {', '.join(rule.properties)}.",
        actions=dict.fromkeys(action_names(scenario), _ACTIONS[scenario.bids]),
        observations={name: _OBSERVATIONS[name] for name in observation_names(scenario)},
        rewards="Value of what was won minus the payment, in credits.",
        start="A fresh value for every bidder, drawn from its prior; new values every round.",
        end=(f"{last}, for everybody at once, after {scenario.max_cycles} round(s).",),
        equilibrium=rule.known_answer,
        references=rule.reference,
    )

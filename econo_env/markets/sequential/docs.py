"""What a sequential sale says about itself."""

from econo_env.docs import Docs
from econo_env.markets.sequential.scenario import SequentialScenario
from econo_env.markets.sequential.state import action_names
from econo_env.mechanisms.base import mechanism

_ACTIONS = {
    "share_of_value": "the bid is (1 + a) times the own value: -1 bids 0, 0 bids the value, 1 bids twice the value",
    "amount": "the bid is (1 + a) times the highest possible value: -1 bids 0, 0 bids the highest value",
}


def docs(scenario: SequentialScenario) -> Docs:
    """The texts of the scenario's page."""
    rule = mechanism(scenario.mechanism.name)
    last = "Truncation: the economy would go on" if scenario.end_of_episode == "truncation" else "Termination"
    return Docs(
        description=f"{scenario.max_cycles} identical units are sold one after another to {scenario.num_agents} "
        f"bidders who want one each; their values hold for the whole sale. {rule.summary} Those who have not won see "
        f"the price and bid on. Ties are broken by lottery. Properties: {rule.promises}.",
        actions=dict.fromkeys(action_names(scenario), _ACTIONS[scenario.bids]),
        rewards="To the winner of a round its value minus the payment, in credits; 0 to the others.",
        start="A private value for every bidder, drawn from its prior, which lasts for the episode.",
        end=(
            f"{last}, for everybody at once, after {scenario.max_cycles} round(s). A winner bids no more: its "
            "action mask is off for the rest of the sale.",
        ),
        equilibrium=rule.known_answer,
        references=rule.reference,
    )

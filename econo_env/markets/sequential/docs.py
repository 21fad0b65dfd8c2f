"""What a sequential sale says about itself."""

from dataclasses import replace

from econo_env.docs import Docs
from econo_env.markets.sealed_bid.docs import ACTIONS
from econo_env.markets.sealed_bid.state import action_names
from econo_env.markets.sequential.scenario import SequentialScenario
from econo_env.markets.wording import page_of


def docs(scenario: SequentialScenario) -> Docs:
    """The texts of the scenario's page."""
    page = page_of(
        scenario,
        description=f"{scenario.max_cycles} identical units are sold one after another to {scenario.num_agents} "
        f"bidders who want one each; their values hold for the whole sale. {scenario.row().summary} Those who have not "
        "won see the price and bid on. Ties are broken by lottery.",
        actions=dict.fromkeys(action_names(scenario), ACTIONS[scenario.bids]),
        rewards="To the winner of a round its value minus the payment, in credits; 0 to the others.",
        start="A private value for every bidder, drawn from its prior, which lasts for the episode.",
    )
    leaves = " A winner bids no more: its action mask is off for the rest of the sale."
    return replace(page, end=(page.end[0] + leaves,))

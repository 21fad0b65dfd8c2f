"""What a position auction says about itself."""

from dataclasses import replace

from econo_env.docs import Docs
from econo_env.markets.position.scenario import PositionScenario
from econo_env.markets.sealed_bid.docs import docs as sealed_bid_docs


def docs(scenario: PositionScenario) -> Docs:
    """The texts of the scenario's page."""
    rule = scenario.row()
    rates = ", ".join(f"{rate:g}" for rate in scenario.click_rates)
    return replace(
        sealed_bid_docs(scenario),
        description=f"{len(scenario.click_rates)} advertising slots with {rates} expected clicks are sold at once to "
        f"{scenario.num_agents} bidders, each with a private value of a click. {rule.summary} Ties are broken by "
        f"lottery. Properties: {rule.promises}.",
        rewards="Expected clicks of the own slot times the value of a click, minus the payment, in credits.",
        start="A fresh value of a click for every bidder, drawn from its prior; new values every round.",
    )

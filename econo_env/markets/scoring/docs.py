"""What a scoring auction says about itself."""

from dataclasses import replace

from econo_env.docs import Docs
from econo_env.markets.scoring.scenario import QUALITY_STEPS, ScoringScenario
from econo_env.markets.wording import page_of
from econo_env.mechanisms.parameters import reserve_of


def docs(scenario: ScoringScenario) -> Docs:
    """The texts of the scenario's page."""
    rule, buyer, k = scenario.row(), scenario.buyer, scenario.cost_exponent
    scale, reserve = scenario.scoring.scale, reserve_of(scenario.mechanism)
    announced = "exactly that worth" if scale == 1.0 else f"{scale:g} of that worth"
    cost = "theta q" if k == 1.0 else f"theta q^{k:g} / {k:g}"
    page = page_of(
        scenario,
        description=f"A buyer to whom a quality q up to {buyer.highest_quality:g} is worth {buyer.worth:g} "
        f"q^{buyer.exponent:g} credits takes one offer of {scenario.num_agents} suppliers, each a price and a quality; "
        f"delivering q costs a supplier {cost} with its private theta. Scored is {announced} minus the price"
        f"{f', at least {reserve:g}' if reserve > 0.0 else ''}. {rule.summary} Ties are broken by lottery. "
        f"Qualities are in steps of 1/{QUALITY_STEPS} of the highest.",
        actions={
            "price": "above 0, the cost of the offered quality plus that share of what is left up to a score of 0; "
            "below 0, that share less than the cost; 0 asks for the cost",
            "quality": "above 0, the own best quality plus that share of what is left up to the highest; below 0, that "
            "share less than the best; 0 offers the quality with the best score at cost",
        },
        rewards="What was received minus the cost of the quality that was delivered, in credits; 0 for losers.",
        start="A fresh cost parameter for every supplier, drawn from its prior; new ones every round.",
    )
    theory = (
        "Quality does not depend on the competition: it maximises s(q) - c(q, theta). With it a supplier "
        "is known by its best score at cost, k(theta); scores are bids among such values: truth is dominant in the "
        "second-score auction, and E[best rival k | below the own] is bid in the first-score one, so the buyer "
        "expects the same score in both. A buyer that can commit gains by scoring less than the true worth, which "
        f"distorts quality downwards. Example: {rule.known_answer}."
    )
    return replace(page, equilibrium=theory)

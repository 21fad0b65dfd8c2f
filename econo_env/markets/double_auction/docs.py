"""What a sealed two-sided market says about itself."""

from dataclasses import replace

from econo_env.docs import Docs
from econo_env.markets.double_auction.kernels import action_names
from econo_env.markets.double_auction.scenario import DoubleAuctionScenario
from econo_env.markets.wording import page_of

_ACTIONS = {
    "share_of_value": "0 is the truth, below 0 are better terms for oneself: a buyer bids (1 + a) times its value; a "
    "seller asks its cost - a (highest price - cost), not below 0: -1 asks the highest price",
    "amount": "the bid or ask is (1 + a) / 2 times the highest price: -1 offers 0, 1 the highest price",
}

_LIMITS = (
    "No mechanism for bilateral trade is at once efficient, incentive compatible, individually rational and free of "
    "deficit (Myerson and Satterthwaite 1983): the k-double auction gives up truth and with it some trades, McAfee's "
    "one trade, the posted price more of them, and VCG the balance."
)


def docs(scenario: DoubleAuctionScenario) -> Docs:
    """The texts of the scenario's page."""
    row = scenario.row()
    page = page_of(
        scenario,
        description=f"{scenario.num_buyers} buyers with private values and {scenario.num_sellers} sellers with private "
        f"costs, of one unit each, offer at once, in secret. {row.summary} Ties are broken by lottery.",
        actions=dict.fromkeys(action_names(scenario), _ACTIONS[scenario.bids]),
        rewards="Buyers: value minus price if they trade. Sellers: price minus cost if they trade. In credits.",
        start="A fresh value for every buyer and cost for every seller, from their priors; new ones every round.",
    )
    references = f"{row.reference}; Myerson and Satterthwaite (1983)"
    return replace(page, equilibrium=f"{row.known_answer}. {_LIMITS}", references=references)

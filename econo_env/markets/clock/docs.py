"""What a clock auction says about itself."""

from econo_env.docs import Docs
from econo_env.markets.clock.kernels import action_names
from econo_env.markets.clock.scenario import ClockScenario
from econo_env.markets.wording import last_tick, page_of

_ACTIONS = {
    "share_of_value": "the bidder says yes at this tick if the price is at most (1 + a) times its own value: "
    "0 is the truth, -1 takes nothing but a price of 0, 1 goes up to twice the value",
    "amount": "the bidder says yes at this tick if the price is at most (1 + a) times the highest possible value: "
    "-1 takes nothing but a price of 0, 0 goes up to the highest value",
}


def docs(scenario: ClockScenario) -> Docs:
    """The texts of the scenario's page."""
    rule = scenario.row()
    last = last_tick(scenario)
    return page_of(
        scenario,
        description=f"{scenario.num_agents} bidders with independent private values see a clock move and say yes or no "
        f"at every tick. {rule.summary} Simultaneous offers are settled by lottery. An action is a limit, which may "
        "change from tick to tick: a bidder who keeps to one plays the sealed-bid auction with that bid "
        f"({rule.sealed_form}), up to one step of the clock.",
        actions=dict.fromkeys(action_names(scenario), _ACTIONS[scenario.bids]),
        rewards="Value minus price for the buyer, at the tick of the sale, in credits; 0 otherwise.",
        start="A fresh value for every bidder, drawn from its prior; everybody in, the clock at its opening price.",
        end=(
            f"{last}, for everybody at once, when the item is sold.",
            f"{last}, for everybody at once, when the clock stops: at the latest after {scenario.max_cycles} tick(s).",
        ),
    )

"""What a multi-unit market says about itself."""

from dataclasses import replace

from econo_env.docs import Docs
from econo_env.markets.multi_unit.kernels import action_names
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.markets.sealed_bid.state import type_name
from econo_env.markets.wording import page_of


def _action(scenario: MultiUnitScenario, unit: int) -> str:
    largest = scenario.largest_bid
    times = "(1 + a) times" if largest == 2.0 else f"(1 + a) {largest / 2.0:g} times"
    if scenario.bids == "amount":
        told = f"the bid for unit {unit} is {times} the highest possible {type_name(scenario)}"
        return told if scenario.procurement is None else f"{told}; above the ceiling it is no bid"
    bids = f"-1 bids 0, 0 bids {largest / 2.0:g} times the value, 1 {largest:g} times the value"
    if largest == 2.0:
        bids = "-1 bids 0, 0 bids the value, 1 twice the value"
    return f"the bid for unit {unit} is {times} its own value: {bids}"


def _description(scenario: MultiUnitScenario) -> str:
    rule, reverse = scenario.row(), scenario.procurement is not None
    trade = (
        f"A buyer wants {scenario.units} identical units, at most {scenario.ceiling:g} credits each, of "
        f"{scenario.num_agents} suppliers who can make up to {scenario.demand} each, every further one at a higher "
        f"cost. The rule sees what bids leave of {scenario.ceiling:g}, so the lowest bids win and receive what it "
        f"leaves. {rule.summary} A bid below the one for the unit before is raised to it."
        if reverse
        else f"{scenario.units} identical units are sold at once to {scenario.num_agents} bidders who want up to "
        f"{scenario.demand} each and value every further one less. {rule.summary} A bid above the one for the unit "
        "before is lowered to it."
    )
    return f"{trade} Ties are broken by lottery."


def docs(scenario: MultiUnitScenario) -> Docs:
    """The texts of the scenario's page."""
    rule, reverse = scenario.row(), scenario.procurement is not None
    mirror = "That of the sale in which what costs and bids leave of the ceiling are values and bids. There: "
    page = page_of(
        scenario,
        description=_description(scenario),
        actions={name: _action(scenario, unit) for unit, name in enumerate(action_names(scenario), start=1)},
        rewards="What was received minus the marginal costs of the units made, in credits."
        if reverse
        else "The marginal values of the units won minus the payment, in credits.",
        start=f"{scenario.demand} draws from its prior for every bidder, sorted; new ones every round.",
    )
    return replace(page, equilibrium=mirror + rule.known_answer) if reverse else page

"""What a multi-unit market says about itself."""

from econo_env.markets.manual import Manual
from econo_env.markets.multi_unit.layout import action_names, observation_names
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.mechanisms.base import mechanism

_OBSERVATIONS = {
    "rounds_left": "share of the episode to come",
    "prior": "number of the own prior over the count of priors",
    "won": "units won in the last round over the units wanted",
    "paid": "own payment in the last round over twice the highest possible worth of all units wanted",
    "winning_bid": "highest winning bid of the last round over twice the highest possible value",
}


def _meaning(name: str) -> str:
    if name.startswith("value_"):
        return f"own value of unit {name.removeprefix('value_')} over the highest possible value"
    return _OBSERVATIONS[name]


def _action(scenario: MultiUnitScenario, unit: int) -> str:
    if scenario.bids == "amount":
        return f"the bid for unit {unit} is (1 + a) times the highest possible value"
    return f"the bid for unit {unit} is (1 + a) times its own value: -1 bids 0, 0 bids the value, 1 twice the value"


def manual(scenario: MultiUnitScenario) -> Manual:
    """The texts of the scenario's page."""
    rule = mechanism(scenario.mechanism.name)
    last = "Truncation: the economy would go on" if scenario.end_of_episode == "truncation" else "Termination"
    names = action_names(scenario)
    return Manual(
        description=f"{scenario.units} identical units are sold at once to {scenario.num_agents} bidders who want up "
        f"to {scenario.demand} each and value every further one less. {rule.summary} A bid above the one for the unit "
        f"before is lowered to it. Ties are broken by lottery. Properties: {rule.promises}.",
        actions={name: _action(scenario, unit) for unit, name in enumerate(names, start=1)},
        observations={name: _meaning(name) for name in observation_names(scenario)},
        rewards="The marginal values of the units won minus the payment, in credits.",
        start=f"{scenario.demand} draws from its prior for every bidder, sorted; new values every round.",
        end=(f"{last}, for everybody at once, after {scenario.max_cycles} round(s).",),
        equilibrium=rule.known_answer,
        references=rule.reference,
    )

"""What a coordination market says about itself."""

from econo_env.docs import Docs
from econo_env.markets.coordination.auctions import AUCTION_TYPES
from econo_env.markets.coordination.params import action_names
from econo_env.markets.coordination.scenario import CoordinationScenario
from econo_env.markets.task_market.state import ACTIONS
from econo_env.markets.wording import last_tick
from econo_env.mechanisms.base import mechanism


def _meaning(scenario: CoordinationScenario, name: str) -> str:
    word, _, number = name.partition("_")
    tasks = f"{number} tasks" if number.isdecimal() and number != "1" else "one task"
    if word == "effort":
        return f"works with effort (1 + a) / 2 at a contract of {tasks}"
    if word == "bid":
        unit = "what success at them is worth" if scenario.bids == "amount" else "what they are worth to it; 0 is truth"
        limit = "says yes up to" if AUCTION_TYPES[scenario.auction_type].clock else "bids"
        return f"for {tasks} {limit} (1 + a) times {unit}"
    return ACTIONS[name]


def docs(scenario: CoordinationScenario) -> Docs:
    """The texts of the scenario's page."""
    rule = mechanism(scenario.mechanism.name)
    last = last_tick(scenario)
    return Docs(
        description=f"Requests for {scenario.resource_type} arrive, each of {scenario.available_supply} "
        f"task{'s' * (scenario.available_supply > 1)}; {scenario.num_agents} agents with private cost and reliability "
        f"compete for them in a {scenario.auction_type.replace('_', ' ')} auction. {rule.summary} A bid is what an "
        "agent would owe for holding the contract; its holder is paid V(grade) less what it owes, as far down as its "
        "stake goes, and grades build the reputation that later requests ask for.",
        actions={name: _meaning(scenario, name) for name in action_names(scenario)},
        rewards="Credits received for contracts minus the cost of the effort, for their holders; 0 for everybody else.",
        start="Newcomers with fresh stake and no evidence, new reliabilities, the first request.",
        end=(
            "Termination of one agent: its forged proof is found out and it is banned. All its features are 0 then.",
            f"{last}, for everybody present at once, after {scenario.max_cycles} ticks.",
            "Termination, when nobody is left.",
        ),
        equilibrium=f"{rule.known_answer}; that is in each request, and over an episode bids can be worth the "
        "reputation that they build",
        references=rule.reference,
    )

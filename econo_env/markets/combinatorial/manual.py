"""What a combinatorial market says about itself."""

from econo_env.markets.combinatorial.layout import action_names, observation_names
from econo_env.markets.combinatorial.scenario import CombinatorialScenario
from econo_env.markets.manual import Manual
from econo_env.mechanisms.base import mechanism

_GAMES = {
    "LLG": "Each local bidder wants one item of its own, the last bidder is global and wants all of them.",
    "LLLLGG": "Eight items lie in a ring; each of four locals wants either of two overlapping pairs, "
    "each of two globals either of two halves.",
}

_SCALES = {
    "share_of_value": "the bid on the own bundle is (1 + a) times its value: -1 bids 0, 0 the value, 1 twice the value",
    "amount": "the bid on the own bundle is (1 + a) times the highest value of all: -1 bids 0, 0 the highest value",
}

_OBSERVATIONS = {
    "rounds_left": "share of the episode to come",
    "is_global": "1 for a global bidder, 0 for a local one",
    "won": "1 if a bundle was won in the last round",
    "paid": "own payment in the last round over twice the highest possible value",
}


def manual(scenario: CombinatorialScenario) -> Manual:
    """The texts of the scenario's page."""
    rule = mechanism(scenario.mechanism.name)
    last = "Truncation: the economy would go on" if scenario.end_of_episode == "truncation" else "Termination"
    own_value = "own value of the bundle over the highest possible value of all"
    return Manual(
        description=f"{scenario.num_agents} bidders bid at once, in secret, on bundles, and win at most one each. "
        f"{_GAMES[scenario.game]} {rule.summary} Equal allocations are told apart by lottery. "
        f"Properties: {rule.promises}.",
        actions=dict.fromkeys(action_names(scenario), _SCALES[scenario.bids]),
        observations={name: _OBSERVATIONS.get(name, own_value) for name in observation_names(scenario)},
        rewards="Value of the bundle won minus the payment, in credits.",
        start="A fresh uniform value for every bundle: up to 1 for locals, up to 2 (LLG: the number of locals) for "
        "globals; new values every round.",
        end=(f"{last}, for everybody at once, after {scenario.max_cycles} round(s).",),
        equilibrium="LLG with two locals: the global bidder is truthful under VCG and the core rules; locals are "
        "truthful under VCG, and with independent values bid v - (3 - sqrt(8)), or 0, under nearest-VCG.",
        references=f"{rule.reference}; Goeree and Lien (2016); Ausubel and Baranov (2020)",
    )

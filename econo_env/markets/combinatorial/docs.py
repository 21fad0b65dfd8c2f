"""What a combinatorial market says about itself."""

from dataclasses import replace

from econo_env.docs import Docs
from econo_env.markets.combinatorial.scenario import CombinatorialScenario
from econo_env.markets.combinatorial.state import action_names
from econo_env.markets.wording import page_of
from econo_env.valuations.bundle_values import BundleValues, LocalGlobal

_GAMES = {
    "LLG": "Each local bidder wants one item of its own, the last bidder is global and wants all of them.",
    "LLLLGG": "Eight items lie in a ring; each of four locals wants either of two overlapping pairs, "
    "each of two globals either of two halves.",
    "single_minded": "Each bidder wants one bundle only.",
    "additive": "A bundle is worth the sum of its items' values.",
    "complements": "Items are worth more together than apart.",
    "substitutes": "Each further item is worth less than the one before.",
}

_UNIFORM = (
    "A fresh uniform value for every bundle: up to 1 for locals, up to 2 (LLG: the number of locals) for globals; new "
    "values every round."
)

_SCALES = {
    "share_of_value": "the bid on the own bundle is (1 + a) times its value: -1 bids 0, 0 the value, 1 twice the value",
    "amount": "the bid on the own bundle is (1 + a) times the highest value of all: -1 bids 0, 0 the highest value",
}

_EQUILIBRIUM = {
    "LLG": "LLG with two locals: the global bidder is truthful under VCG and the core rules; locals are truthful under "
    "VCG, and with independent values bid v - (3 - sqrt(8)), or 0, under nearest-VCG.",
}
_NO_EQUILIBRIUM = "With VCG payments truth is dominant; else none is known in closed form."


def _drawn(values: BundleValues) -> str:
    what = "value for every item and bidder" if values.by_item else "value for every bidder's bundle"
    wish = ", and a bundle for every bidder" if values.random_bundles else ""
    return f"A fresh {what}, drawn from the prior{wish}; new ones every round."


def docs(scenario: CombinatorialScenario) -> Docs:
    """The texts of the scenario's page."""
    rule, values = scenario.row(), scenario.bundle_values
    page = page_of(
        scenario,
        description=f"{scenario.num_agents} bidders bid at once, in secret, on bundles, and win at most one each. "
        f"{_GAMES[values.played]} {rule.summary} Equal allocations are told apart by lottery.",
        actions=dict.fromkeys(action_names(scenario), _SCALES[scenario.bids]),
        rewards="Value of the bundle won minus the payment, in credits.",
        start=_UNIFORM if isinstance(values, LocalGlobal) else _drawn(values),
    )
    known = _EQUILIBRIUM.get(values.played, _NO_EQUILIBRIUM)
    references = f"{rule.reference}; Goeree and Lien (2016); Ausubel and Baranov (2020)"
    return replace(page, equilibrium=known, references=references)

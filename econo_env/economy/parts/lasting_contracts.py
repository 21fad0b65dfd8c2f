"""Contracts that last: an award is work over several ticks, several of them at a time for an agent.

In place of `contracts`, by the same value schedule. A contract takes one of its holder's slots, and its stake is locked
until it is settled, the same unit never behind two. Each tick the holder works on all it has; at the due tick the work
is delivered and graded, or it is late, which is poor, or never comes. Who walks away has delivered nothing.
"""

from collections.abc import Mapping

from econo_env.economy.action import Action
from econo_env.economy.lasting import shown, stages
from econo_env.economy.lasting.columns import State
from econo_env.economy.lasting.running import DELIVERIES
from econo_env.economy.lasting.section import LastingContractsSection, params_of, window_of
from econo_env.economy.part import Fact, Part, Verdict
from econo_env.economy.parts.contracts import GRADES, last_grade
from econo_env.economy.parts.insurance import WithCovers
from econo_env.economy.parts.lottery import WithDrawn
from econo_env.economy.parts.staking import WithHeld
from econo_env.engine.feature import Feature
from econo_env.money import to_credits
from econo_env.scenario import Scenario


def _draws_on(scenario: Scenario, section: LastingContractsSection) -> float:
    return scenario.max_cycles * section.excellent * scenario.kind.largest_contract(scenario)


def _check(scenario: Scenario, section: LastingContractsSection) -> str | None:
    if not scenario.kind.carries_contracts:
        return f"awards of a {scenario.market} market are no work that could be done, graded and paid: leave it out"
    if scenario.kind.one_sale:
        return "an episode is one sale, so no contract can outlast it: use `contracts`"
    if section.longest > scenario.max_cycles:
        return f"contracts of {section.longest} ticks are longer than an episode of {scenario.max_cycles}: shorten them"
    return None


def _axes(scenario: Scenario, section: LastingContractsSection) -> Mapping[str, int]:
    return {"slots": section.capacity + window_of(scenario)}


PART = Part(
    name="lasting_contracts",
    summary="An award is work over several ticks: several contracts at a time, late, left, or graded and paid.",
    config=LastingContractsSection,
    state=State,
    accounts=(),
    params=params_of,
    stages={
        "open": stages.begin,
        "maturities": stages.forget_last,
        "strike": stages.strike,
        "lock": stages.listen,
        "execute": stages.execute,
        "grade": stages.grade,
        "bind": stages.bind,
        "settle": stages.settle,
        "quote": stages.quote,
        "release": stages.lift,
        "renew": stages.renew,
        "gate": stages.gate,
    },
    needs=("ledger", "staking"),
    judges=True,
    pays_later=True,
    actions=(
        Action(
            "exertion",
            "effort of the tick on the contracts held: 0 as set out when they were won, -1 none, 1 full",
            unmasked=True,
        ),
        Action("abandon", "above 0.5, walks away from the contract held that is due first", unmasked=True),
    ),
    features=(
        Feature(
            "grade",
            "grade of the own work judged last tick over 4 (1 excellent to 4 byzantine), 0 for none",
            last_grade,
            rare=True,
        ),
        Feature("free_slots", "share of the own slots that hold no contract", shown.free_slots),
        Feature(
            "time_left", "ticks of work left of the own contract due first, over the longest duration", shown.time_left
        ),
        Feature("progress", "share of the work on the own contract due first that is done", shown.progress),
        Feature(
            "duration", "ticks of work of the coming contract, over the longest", shown.coming_duration, shared=True
        ),
    ),
    facts=(
        Fact("grade", "text", shown.graded, GRADES),
        Fact("delivery", "text", shown.deliveries, DELIVERIES),
        Fact("effort", "share", shown.effort),
    ),
    shuts=lambda world: world.lasting_contracts.barred,
    series=shown.series,
    verdict=Verdict(
        delivered=shown.delivered,
        luck=lambda scenario, world: to_credits(world.lasting_contracts.luck),
        wronged=lambda scenario, world: world.lasting_contracts.wronged,
    ),
    draws_on=_draws_on,
    check=_check,
    axes=_axes,
    widens={"staking": WithHeld, "lottery": WithDrawn, "insurance": WithCovers},
)

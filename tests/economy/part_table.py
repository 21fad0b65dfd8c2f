"""The table of the parts of the economy for docs/economy.md: python -m tests.economy.part_table

Each part has a small scenario of its own, in which nothing of the economy is but what the part stands on, a section of
a page, and what of it agents see and do.
"""

import re
from pathlib import Path

import econo_env
from econo_env.economy.part import CONDUCT, PARTS, Part
from econo_env.scenario import Scenario

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "configs" / "scenarios"
BASE = {"ledger", "staking"}
"""What may stand in any small scenario: accounts, and stake behind bids."""
OWN = {
    "staking": "double_auction_economy",
    "pricing": "second_price_dynamic_reserve",
    "regimes": "regimes_rules",
    "breakers": "breakers_english",
}
"""Of parts whose small scenario is not called `part_NAME`."""
PAGES = {
    "ledger": "economy.md#the-parts",
    "staking": "economy.md#what-deters-default",
    "default": "economy.md#what-deters-default",
    "contracts": "coordination.md#one-bid-any-auction",
    "lasting_contracts": "contracts.md",
    "withdrawal": "contracts.md#default-after-the-sale",
    "appeals": "contracts.md#measurement-boundaries-appeals",
    "replication": "contracts.md#replication",
    "reputation": "enforcement.md#standing-standingpy-reputationpy",
    "standing": "enforcement.md#standing-standingpy-reputationpy",
    "testimony": "enforcement.md#trust-in-raters-trustpy",
    "eligibility": "economy.md#the-parts",
    "weighting": "coordination.md#incentives-true-and-naive",
    "lottery": "economy.md#tasks-by-lot",
    "change_detection": "enforcement.md#standing-standingpy-reputationpy",
    "incentives": "economy.md#the-parts",
    "enforcement": "enforcement.md",
    "bonding": "enforcement.md#stake-that-leaves-unbondingpy",
    "evidence": "enforcement.md#evidence-partsevidencepy",
    "downtime": "enforcement.md#downtime-downtimepy",
    "insurance": "enforcement.md#insurance-credit-multipliers-screens",
    "credit": "enforcement.md#insurance-credit-multipliers-screens",
    "identities": "identities.md",
    "newcomers": "identities.md#newcomers",
    "fees": "economy.md#the-parts",
    "breakers": "breakers.md",
    "pricing": "economy.md#a-reserve-that-follows-what-is-sold",
    "regimes": "economy.md#regimes",
    "audit": "audit.md",
}
BREAKERS = {
    "move": "breakers_english",
    "tier": "part_breakers",
    "levels": "breakers_dutch",
    "systemic": "breakers_sequential",
    "calls": "breakers_sequential",
    "books": "breakers_english",
}
"""Each breaker by its key, and a scenario that has it."""


def own_scenario(name: str) -> str:
    """The file of a part's small scenario."""
    return f"{OWN.get(name, f'part_{name}')}.yaml"


def load(name: str) -> Scenario:
    """A part's small scenario."""
    return econo_env.load(SCENARIOS / own_scenario(name))


def stands_on(name: str, scenario: Scenario) -> set[str]:
    """The part, what it stands on, directly or not, and of those who judge the one that is there."""
    found, waits, rows = set[str](), [name], PARTS.rows()
    while waits:
        part = waits.pop()
        if part == CONDUCT:
            waits += [one.name for one in scenario.parts() if one.judges]
        elif part not in found:
            found.add(part)
            waits += rows[part].needs
    return found


def table() -> str:
    """The table, a row a part."""
    head = [
        "| the part | a small scenario of its own | agents see | agents do | page |",
        "| --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *(_row(part) for part in PARTS.rows().values())])


def _row(part: Part) -> str:  # type: ignore[type-arg]  # of any section
    page = PAGES[part.name]
    sees = ", ".join(f"`{one.name}`" for one in part.features) or "what it does to money and masks"
    does = ", ".join(f"`{one.name}`" for one in part.actions) or "nothing beside bids"
    return f"| {part.name} | `{own_scenario(part.name)}` | {sees} | {does} | [{page.partition('#')[0]}]({page}) |"


def anchors(page: Path) -> set[str]:
    """What may stand behind `#` in links to a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


if __name__ == "__main__":
    print(table())

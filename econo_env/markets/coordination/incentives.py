"""What conduct earns, weighs and stakes in a coordination market, and how the economy's parts say the same."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from econo_env.markets.task_market.scenario import UNDER_CONTRACTS

Incentive = Literal["performance_bonus", "reputation_weight", "staking_requirement"]

_SHARED = {
    "performance_bonus_multiplier": (UNDER_CONTRACTS, "excellent"),
    "reputation_weight": (("weighting",), "reputation_weight"),
    "staking_requirement": (("staking",), "requirement"),
}
"""Where the economy has what an incentive says: the part, one of those that can stand there, and its key."""
_SECTION = "economic_incentives"


class EconomicIncentives(BaseModel):
    """What conduct earns, weighs and stakes.

    Each incentive has the form under which truth stays best, and as a benchmark for learners the naive form of the
    design from which this market began, which is defective.

    Attributes:
        performance_bonus_multiplier: V(excellent) over V(satisfactory): scored as it is paid. Naive: what is owed falls
            by (this - 1) times the own bid.
        reputation_weight: Bids are ranked by 1 + this times (lower bound of the reputation - 1/2), and a winner owes
            its critical value; 0 for one weight. For sealed bids, Vickrey and scoring auctions. Naive: a winner owes
            the best losing weighted bid undivided.
        staking_requirement: Stake in multiples of the full liability, V(excellent) - V(byzantine). Naive: in multiples
            of the own bid.
        naive: The incentives that take their naive form, in sealed bid, Vickrey and scoring auctions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    performance_bonus_multiplier: float = Field(1.25, ge=1.0, le=100.0)
    reputation_weight: float = Field(0.0, ge=0.0, lt=2.0)
    staking_requirement: float = Field(1.0, ge=0.0, le=100.0)
    naive: tuple[Incentive, ...] = ()


def _sections(entry: Any) -> dict[str, Any] | None:
    """A section as a mapping that may be changed, None where it is none."""
    if isinstance(entry, BaseModel):
        return entry.model_dump(mode="json")
    return dict(entry) if isinstance(entry, Mapping) else None


def _part_of(parts: tuple[str, ...], economy: Mapping[str, Any]) -> str:
    """The part of these that the economy has, or the first."""
    return next((part for part in parts if part in economy), parts[0])


def with_incentives(document: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """The document with each incentive said in both places, in `economic_incentives` and in the economy's part.

    Args:
        document: Of a scenario, not yet validated.
        usual: The economy where the document has none.

    Raises:
        ValueError: The two say different things.
    """
    incentives, economy = _sections(document.get("economic_incentives", {})), _sections(document.get("economy", usual))
    if incentives is None or economy is None:  # not what it should be: its own validation says so
        return dict(document)
    naive = incentives.get("naive", ())
    for key, (parts, there) in _SHARED.items():
        part = _part_of(parts, economy)
        section = _sections(economy.get(part) or {})
        if section is None or (part not in economy and key != "reputation_weight"):
            continue
        default = EconomicIncentives.model_fields[key].default
        if key == "performance_bonus_multiplier" and isinstance(naive, list | tuple) and "performance_bonus" in naive:
            if section.setdefault(there, 1.0) != 1.0:
                raise ValueError(
                    f"economy.{part}.{there}={section[there]}: a naive performance_bonus is paid on the own bid, not "
                    "for excellent work: give 1"
                )
            economy[part] = section
            continue
        said, meant = incentives.get(key), section.get(there)
        if said is not None and meant is not None and said != meant:
            raise ValueError(
                f"economic_incentives.{key}={said} and economy.{part}.{there}={meant} say different things of one: "
                "leave one of the two out"
            )
        value = next((one for one in (said, meant) if one is not None), default)
        incentives[key] = value
        if key == "reputation_weight" and not value:  # the same weight for all needs no part
            economy.pop(part, None)
            continue
        economy[part] = section | {there: value}
    return {**document, "economic_incentives": incentives, "economy": economy}


def in_both_places(changes: Mapping[str, Any], now: EconomicIncentives, economy: Mapping[str, Any]) -> dict[str, Any]:
    """Changes of a scenario with those of an incentive made in both places.

    Args:
        changes: As `Scenario.replace` takes them.
        now: The scenario's incentives.
        economy: The scenario's parts.
    """
    made = dict(changes)
    if "economic_incentives" in made:
        whole = _sections(made.pop("economic_incentives")) or {}
        fresh = EconomicIncentives.model_construct(**whole)
        made = {f"{_SECTION}.{key}": value for key, value in fresh} | made
    elif "economy" in made:
        made[_SECTION] = {"naive": now.naive}
        return made
    for key, (parts, there) in _SHARED.items():
        part = _part_of(parts, economy)
        one, other = f"{_SECTION}.{key}", f"economy.{part}.{there}"
        if one in made and part in economy:
            made.setdefault(other, made[one])
        elif other in made:
            made.setdefault(one, made[other])
    under = _part_of(UNDER_CONTRACTS, economy)
    bonus = (f"economy.{under}.excellent", f"{_SECTION}.performance_bonus_multiplier")
    if "performance_bonus" in made.get(f"{_SECTION}.naive", now.naive):
        made[bonus[0]] = 1.0
    elif f"{_SECTION}.naive" in made:
        made.setdefault(bonus[0], made.get(bonus[1], now.performance_bonus_multiplier))
    return made

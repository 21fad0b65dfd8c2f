"""Tasks by lot: a share of contracts, which alone build reputation, goes by lot at posted terms.

Where winning builds the reputation that opens later tasks, an agent gains by reports that win more than the truth
does. Here no report buys standing: only contracts that went by lot are evidence for a reputation, and each of those
goes to one of all who accept its terms with the same chance, whatever they bid beyond that. Building is apart from
earning, as exploration from exploitation in truthful mechanisms (Babaioff, Sharma and Slivkins 2009). For any market
under contracts that can hand its contract to somebody (`accepts`, `assign`). Contracts that last are told apart one by
one, for they are graded long after the tick in which they went by lot.
"""

from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np
from pydantic import Field

from econo_env.economy.conduct import WithEvidence
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.eligibility import EligibilitySection
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.rng import LOTS, uniform
from econo_env.engine.state import Bools, Column, StepBuffers
from econo_env.money import LARGEST_CREDITS, Credits, to_money
from econo_env.scenario import Scenario

_NOBODY = -1


class LotterySection(Section):
    """How much goes by lot, and at which terms.

    Attributes:
        share: Share of ticks whose contract goes by lot, of those open to all reputations: at most
            `eligibility.open_share`.
        owes: Credits that the holder of such a contract owes for it, as it would owe the second score.
    """

    share: float = Field(0.25, ge=0.0, le=1.0)
    owes: Credits = Field(0.0, ge=0.0, le=LARGEST_CREDITS / 1e6)


class State(NamedTuple):
    """Lots in a batch of markets."""

    by_lot: Annotated[Bools, Column(np.bool_, (), "the coming tick's contract goes by lot")]
    went: Annotated[Bools, Column(np.bool_, (), "the last tick's contract went by lot")]
    drawn: None  # see `WithDrawn`


_Drawn = Annotated[Bools, Column(np.bool_, ("agents", "slots"), "the contract in the slot went by lot")]
_WITH_DRAWN = [*list(get_type_hints(State, include_extras=True).items())[:-1], ("drawn", _Drawn)]
WithDrawn = NamedTuple("WithDrawn", _WITH_DRAWN)  # type: ignore[misc]  # the same columns, said once
"""The columns where contracts last: which of those held went by lot."""


class Params(NamedTuple):
    """Constants of the part."""

    share: float
    owes: int  # micro-credits


def _params(scenario: Scenario, section: LotterySection) -> Params:
    return Params(section.share, int(to_money(section.owes)))


@compiled
def goes_by_lot(openness: float, share: float) -> bool:
    """Whether a tick of this luck in being open, in [0, 1), goes by lot: the most open ones do."""
    return openness < share


@compiled
def announce(k: int, world: Any, params: Any, buffers: StepBuffers, openness: Any) -> None:
    """Says before the bids whether the coming contract goes by lot."""
    world.lottery.by_lot[k] = goes_by_lot(openness(k, world.market), params.lottery.share)


@compiled
def draw_lots(k: int, world: Any, params: Any, buffers: StepBuffers, accepts: Any, assign: Any) -> None:
    """Gives the contract to one of those who accept its terms, by lot, in place of whom the auction chose."""
    market, owes, by_lot = world.market, params.lottery.owes, world.lottery.by_lot[k]
    world.lottery.went[k] = by_lot
    for i in range(market.award.units.shape[1]):
        world.conduct.evidence[k, i] = by_lot
    if not by_lot:
        return
    winner, luckiest = _NOBODY, -1.0
    for i in range(market.award.units.shape[1]):
        if not accepts(k, i, owes, market):
            continue
        drawn = uniform(market.key[k], market.episode[k], market.tick[k], LOTS, i)
        if drawn > luckiest:
            winner, luckiest = i, drawn
    assign(k, winner, owes, market)


@compiled
def begin(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nothing has been shown at the start of an episode."""
    world.lottery.went[k] = False
    for i in range(world.market.award.units.shape[1]):
        world.conduct.evidence[k, i] = False


@compiled
def keep_lot(evidence: Bools | None, k: int, i: int, j: int, world: Any) -> None:
    """Notes whether the contract that agent i has begun in a slot went by lot; `evidence` is `world.conduct`'s."""
    if evidence is None:
        return
    world.lottery.drawn[k, i, j] = world.lottery.went[k]


@compiled
def tell_lot(evidence: Bools | None, k: int, i: int, j: int, world: Any) -> None:
    """Says of the grade that agent i has in this tick for the contract in a slot whether it is evidence."""
    if evidence is None:
        return
    evidence[k, i] = world.lottery.drawn[k, i, j]


@compiled
def is_by_lot(k: int, world: Any, params: Any) -> float:
    """1 where the coming tick's contract goes by lot."""
    return 1.0 if world.lottery.by_lot[k] else 0.0


@compiled
def tell_outcome(evidence: Bools | None, k: int, i: int, world: Any) -> None:
    """Says of what agent i did with the contract that it won in this tick whether it is evidence."""
    if evidence is None:
        return
    evidence[k, i] = world.lottery.went[k]


def _check(scenario: Scenario, section: LotterySection) -> str | None:
    market, sections = scenario.kind.kernels, scenario.economy or {}
    if market.accepts is None or market.assign is None:
        return f"a {scenario.market} market cannot hand what it sells to one drawn by lot: leave it out"
    if "contracts" not in sections and "lasting_contracts" not in sections:
        return "what goes by lot is a contract: give the economy `contracts` or `lasting_contracts`"
    eligibility = sections.get("eligibility")
    assert isinstance(eligibility, EligibilitySection)  # it stands on it
    if section.share > eligibility.open_share:
        return (
            f"share={section.share:g} must be at most eligibility.open_share={eligibility.open_share:g}: tasks that go "
            "by lot ask for no reputation, so they are among the open ones"
        )
    return None


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"by_lot": world.lottery.went.astype(np.float64)}


PART = Part(
    name="lottery",
    summary="A share of contracts goes by lot at posted terms, and these alone build reputation.",
    config=LotterySection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": begin, "clear": draw_lots, "gate": announce},
    needs=("conduct", "reputation", "eligibility"),
    features=(Feature("lottery", "1 where the coming tick's contract goes by lot", is_by_lot, shared=True),),
    series=_series,
    check=_check,
    widens={"conduct": WithEvidence},
    audited={"by_lot": "the coming contract goes by lot among those who accept its terms"},
)

"""Who may bid: those of enough reputation and stake, known before the bids, so that no bid changes it.

A share of ticks is open to all reputations; for the others an agent's lower confidence bound must reach the threshold.
Where a market says beforehand what any bid can cost (`foresee`), its stake must be free as well.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.eligibility import is_eligible
from econo_env.economy.ledger import FREE, account
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.staking import share_of
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.state import Bools, Column, Float64s, Int64s, StepBuffers
from econo_env.scenario import Scenario


class EligibilitySection(Section):
    """What a bid asks for.

    Attributes:
        threshold: Least lower confidence bound that may bid in a tick that is not open.
        open_share: Share of ticks that any reputation may bid in.
    """

    threshold: float = Field(0.3, ge=0.0, le=1.0)
    open_share: float = Field(0.25, ge=0.0, le=1.0)


class State(NamedTuple):
    """Who may bid in a batch of markets."""

    barred: Annotated[Bools, Column(np.bool_, ("agents",), "may not act for want of eligibility alone")]
    eligible: Annotated[Bools, Column(np.bool_, ("agents",), "may bid in the coming tick")]
    number: Annotated[Int64s, Column(np.int64, (), "how many may bid in the coming tick")]
    threshold: Annotated[Float64s, Column(np.float64, (), "reputation bound that the coming tick asks for")]


class Params(NamedTuple):
    """Constants of the part."""

    threshold: float
    open_share: float
    max_cycles: int
    per_rival: float  # 1 / (agents - 1)


def _params(scenario: Scenario, section: EligibilitySection) -> Params:
    return Params(section.threshold, section.open_share, scenario.max_cycles, 1.0 / max(1, scenario.num_agents - 1))


@compiled
def gate(k: int, world: Any, params: Any, buffers: StepBuffers, openness: Any, foresee: Any) -> None:
    """Marks who may bid in the coming tick; where none comes, it stays as it was."""
    market, eligibility, agents = world.market, world.eligibility, world.eligibility.barred.shape[1]
    comes, number = market.tick[k] < params.eligibility.max_cycles, 0
    asked, required = eligibility.threshold[k], 0
    if comes:
        asked = 0.0 if openness(k, market) < params.eligibility.open_share else params.eligibility.threshold
        required = share_of(foresee(k, market), params.staking)
        for i in range(agents):
            free, here = world.ledger.balances[k, account(i, FREE, agents)], not world.conduct.banned[k, i]
            eligibility.eligible[k, i] = is_eligible(here, free, required, world.reputation.bound[k, i], asked)
    for i in range(agents):
        may, open_to = eligibility.eligible[k, i], buffers.action_mask[k, i]
        number += may
        eligibility.barred[k, i] = open_to & (not may)
        buffers.action_mask[k, i] = open_to & may
    eligibility.threshold[k], eligibility.number[k] = asked, number


@compiled
def strike(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, withdraw: Any) -> None:
    """Strikes the bids of those who may not bid."""
    if not world.eligibility.eligible[k, i]:
        withdraw(k, i, world.market)


@compiled
def lift(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Takes back the last bars: a market need not write the whole mask at every tick."""
    if world.eligibility.barred[k, i]:
        buffers.action_mask[k, i] = True


@compiled
def may_bid(k: int, i: int, world: Any, params: Any) -> float:
    """1 where the agent may bid in the coming tick."""
    return 1.0 if world.eligibility.eligible[k, i] else 0.0


@compiled
def is_open(k: int, world: Any, params: Any) -> float:
    """1 where the coming tick asks for no reputation."""
    return 1.0 if world.eligibility.threshold[k] == 0.0 else 0.0


@compiled
def rivals(k: int, i: int, world: Any, params: Any) -> float:
    """The share of the others that may bid in the coming tick."""
    own = 1.0 if world.eligibility.eligible[k, i] else 0.0
    return float((world.eligibility.number[k] - own) * params.eligibility.per_rival)


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"eligible": world.eligibility.eligible.astype(np.float64)}


PART = Part(
    name="eligibility",
    summary="Who may bid: those of enough reputation and free stake.",
    config=EligibilitySection,
    state=State,
    accounts=(),
    params=_params,
    stages={"gate": gate, "strike": strike, "release": lift},
    needs=("reputation",),
    features=(
        Feature("eligible", "1 where the agent may bid in the coming tick", may_bid),
        Feature("open", "1 where the coming tick asks for no reputation", is_open, shared=True, asked=True),
        Feature("rivals", "share of the others that may bid in the coming tick", rivals, asked=True),
    ),
    shuts=lambda world: ~world.eligibility.eligible,
    series=_series,
    audited={"eligible": "it may bid in the coming tick"},
)

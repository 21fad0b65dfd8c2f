"""The row of a kind of market: all that the house asks of it, typed, in one place.

A new kind of market is one `Market`: `config`, `state` and `kernels` say what is played, the other sections what
people, policies, judges and solvers may ask. A section or hook that is None is not offered; callers ask `is None`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from econo_env.agents import BIDDER, named
from econo_env.baselines import Baselines as Baselines  # noqa: PLC0414 - markets from outside take both from here
from econo_env.baselines import BidActions as BidActions  # noqa: PLC0414
from econo_env.baselines import in_every_economy
from econo_env.docs import Docs
from econo_env.economy import parts as _parts  # noqa: F401 - puts the parts of the economy into their table
from econo_env.economy.action import actions_of
from econo_env.economy.part import asked_of, in_order
from econo_env.economy.tick import loop_source
from econo_env.economy.world import in_world
from econo_env.engine.feature import Feature
from econo_env.engine.levers import Lever, features_of
from econo_env.engine.program import Program, Stages
from econo_env.engine.state import Float32s
from econo_env.games.bid_curves import BidClearing, BidCurves
from econo_env.games.bidding import Bidding
from econo_env.games.false_names import FalseNames
from econo_env.games.welfare import Welfare
from econo_env.levers import slots
from econo_env.mechanisms.base import mechanism
from econo_env.population import split
from econo_env.scenario import Scenario
from econo_env.valuations.bid_function import Strategy

if TYPE_CHECKING:  # what hooks return is made above
    from econo_env.engine.engine import Engine
    from econo_env.equilibrium.games import ExpectedOutcome
    from econo_env.equilibrium.solution import Solution

Floats = NDArray[np.float64]
Roles = tuple[tuple[int, ...], ...]
S = TypeVar("S", bound=Scenario)
S_contra = TypeVar("S_contra", contravariant=True)
T = TypeVar("T", bound=tuple[Any, ...])
T_contra = TypeVar("T_contra", contravariant=True)
Hook = TypeVar("Hook")


def everybody(scenario: Scenario) -> Roles:
    """One role for all agents: the rules know no difference between them."""
    return (tuple(range(scenario.num_agents)),)


def bidders(scenario: Scenario) -> tuple[str, ...]:
    """`bidder_0`, `bidder_1`, ..."""
    return named([BIDDER] * scenario.num_agents)


def always(scenario: Scenario) -> bool:
    """In every scenario."""
    return True


def rule_of(scenario: Scenario) -> Callable[..., Any]:
    """The compiled rule of the scenario's mechanism."""
    rule: Callable[..., Any] = mechanism(scenario.mechanism.name).rule
    return rule


def levers_of_rule(scenario: Scenario) -> tuple[Lever, ...]:
    """The parameters of the scenario's mechanism that may be moved."""
    return mechanism(scenario.mechanism.name).levers


class PutTypes(Protocol[S_contra]):
    """Gives an agent types; `Engine.show` then writes what agents see of them."""

    def __call__(self, scenario: S_contra, engine: "Engine", agent: int, types: Floats, /) -> None:
        """`types` has the shape (markets, components)."""
        ...


class PutTypesGiven(Protocol[S_contra]):
    """Gives an agent types, and everybody else types from their distribution given those.

    What items are worth later, such as a common value, is drawn along.
    """

    def __call__(self, scenario: S_contra, engine: "Engine", agent: int, types: Floats, uniforms: Floats, /) -> None:
        """`types` (markets, components); `uniforms`, points of the unit cube (markets, agents, components).

        The agent's own place in `uniforms` is free for what is shared.
        """
        ...


@dataclass(frozen=True)
class Interdependence(Generic[S_contra]):
    """Types that tell of each other: searches draw the others' from what is left possible.

    Attributes:
        applies: Whether types hang together in this scenario; if not, they are drawn one by one.
        put: Gives an agent types, and everybody else theirs given those.
    """

    applies: Callable[[S_contra], bool]
    put: PutTypesGiven[S_contra]


@dataclass(frozen=True)
class Types(Generic[S_contra, T_contra]):
    """The private types.

    Attributes:
        names: What each component of a type means.
        now: The true types of the coming tick, shape (markets, agents, components); a copy.
        at: An agent's types at points of the unit cube (..., components): its prior's quantile transform.
        put: Gives an agent types; callers then call `Engine.show`, so that all see what follows.
        interdependence: Where types can tell of each other.
    """

    names: Callable[[S_contra], tuple[str, ...]]
    now: Callable[[S_contra, T_contra], Floats]
    at: Callable[[S_contra, int, Floats], Floats]
    put: PutTypes[S_contra]
    interdependence: Interdependence[S_contra] | None = None


def _no_types_now(scenario: Scenario, state: Any) -> Floats:
    return np.zeros((len(state.key), scenario.num_agents, 0))


def _no_types_at(scenario: Scenario, agent: int, uniforms: Floats) -> Floats:
    return np.zeros((*np.shape(uniforms)[:-1], 0))


def _put_nothing(scenario: Scenario, engine: "Engine", agent: int, types: Floats) -> None:
    return


NO_TYPES: Types[Any, Any] = Types(names=lambda _: (), now=_no_types_now, at=_no_types_at, put=_put_nothing)
"""Nobody knows anything that the others do not."""


@dataclass(frozen=True)
class Solver(Generic[S]):
    """What is known for the search for equilibria.

    Attributes:
        solution: The equilibrium found numerically; None where there is a closed form.
        bid_function: The equilibrium bid of one value, where all bidders have the same.
        expected_outcome: Units and payments against independent rivals, where known.
        outcome_tables: Units and payments in every profile of bids, where there are only a few.
        expected_curves: Outcomes of own bids against given bid functions.
        unit_bids: Whether the equilibrium for two bidders with two units each applies.
        bidding: What bidders bid for; by default one of the mechanism's units each.
    """

    solution: Callable[[S], "Solution | None"] | None = None
    bid_function: Callable[[S], Strategy] | None = None
    expected_outcome: Callable[[S], "ExpectedOutcome | None"] | None = None
    outcome_tables: Callable[[S, Any], tuple[Any, Any]] | None = None
    expected_curves: Callable[..., BidCurves] | None = None
    unit_bids: Callable[[S], bool] | None = None
    bidding: Callable[[S], Bidding] | None = None


@dataclass(frozen=True)
class BidSearch(Generic[S, T]):
    """A payoff of value times units won minus payment: best responses come from outcome curves.

    Attributes:
        made: The bids of the last tick in credits, shape (markets, agents); NaN is no bid.
        highest: The largest bid that the action space allows at each value, credits, the shape of the values.
        curves: Outcomes of own bids (bids,) against the rivals' bids of the last tick, by the compiled rule.
        applies: Whether it holds in this scenario.
        clearing: One round for those who try own bids against bids that they were shown, where each agent makes one.
        reveal: Where a bid takes several ticks to show: leaves the bids that `act()` amounts to in the engine's state.
    """

    made: Callable[[S, T], Floats]
    highest: Callable[[S, Floats], Floats]
    curves: Callable[[S, T, int, Floats], BidCurves]
    applies: Callable[[S], bool] = always
    clearing: Callable[[S], BidClearing] | None = None
    reveal: "Callable[[Engine, Callable[[], Float32s]], None] | None" = None


@dataclass(frozen=True)
class Judging(Generic[S, T]):
    """How those who judge follow a market.

    Attributes:
        bids: Best responses from outcome curves.
        one_round: An episode is one round however many ticks it takes: welfare, money and losses add up over it.
        played_out: A first move pays later: searches follow a deviation, under the policy, to the end.
        false_names: How an agent may take part under several names.
    """

    bids: BidSearch[S, T] | None = None
    one_round: bool = False
    played_out: bool = False
    false_names: FalseNames[S, T] | None = None


@dataclass(frozen=True)
class View(Generic[S, T]):
    """What people see; `econo_env.clearing` tells them of a round.

    Attributes:
        info: What the dict APIs tell in `infos` of the last tick, by name, arrays (markets, agents).
        docs: The texts of a scenario's page.
        series: What training logs of the last tick, by name.
        drawn_ahead: Columns that `series` wants as they were before the tick.
    """

    info: Callable[[S, T], Mapping[str, NDArray[Any]]]
    docs: Callable[[S], Docs] | None = None
    series: Callable[[S, T], Mapping[str, NDArray[Any]]] | None = None
    drawn_ahead: tuple[str, ...] = ()


@dataclass(frozen=True)
class Market(Generic[S, T]):
    """A kind of market.

    Attributes:
        name: What a scenario calls it: `market: clock`.
        config: Its configuration.
        built_in: The scenarios that come with it.
        state: Its columns, a NamedTuple.
        axes: Lengths of the named axes of those columns, but for `agents`, `actions`, `features` and `exposed`.
        params: The constants of a scenario, as the kernels take them.
        kernels: The compiled stages of a tick.
        actions: What each component of an action means, those of the market itself; `action_names` adds those of the
            economy.
        features: What agents see of the market itself, in order; `seen` adds what they see of the economy.
        view: What people see.
        baselines: Strategies to compare with.
        types: The private types; nobody has any by default.
        welfare: What the last tick was worth, given the types from before it.
        agents: The agents' names in seat order, by role, such as `buyer_0`; a role is a side. See `econo_env.agents`.
        roles: The agents grouped by what the rules know of them; agents of a group are interchangeable.
        rule: The compiled rule that `clear` gets.
        arranged: Names of features in the order in which agents see them, those of parts of the economy among them; all
            others follow.
        contract_value: Where awards are work: the highest value of a contract, credits.
        two_sided: Agents trade with each other: what one gets, others give.
        undone_by_award: A tick whose award is taken back has not happened: nothing else tells of it later.
        sale_goes_on: Whether what is on offer in a tick can still be on offer in the next one, among those who bid on.
        fresh_values: Whether each agent's private type is one value or cost, drawn anew every tick.
        judging: How judges follow it.
        solver: What is known for the search for equilibria.
        levers: Parameters that may be moved, of the market and of its mechanism, or why one may not.
        elementwise: Its `bids` or `settle` where they treat each agent by itself: agent i by the entries [k, i] of the
            columns and by constants that are no parameters of the rule, the same for all. What they add to
            `invalid_actions` is all that they may write of a market. The loop gives them blocks of markets.
    """

    name: str
    config: type[S]
    built_in: Callable[[], list[Scenario]]
    state: type[T]
    params: Callable[[S], Any]
    kernels: Stages
    actions: Callable[[S], tuple[str, ...]]
    features: Callable[[S], tuple[Feature, ...]]
    view: View[S, T]
    baselines: Baselines[S]
    axes: Callable[[S], dict[str, int]] = field(default=lambda _: {})
    types: Types[S, T] = field(default_factory=lambda: NO_TYPES)
    welfare: Callable[[S, T, Floats], Welfare] | None = None
    agents: Callable[[S], tuple[str, ...]] = bidders
    roles: Callable[[S], Roles] = everybody
    rule: Callable[[S], Callable[..., Any]] = rule_of
    arranged: tuple[str, ...] = ()
    contract_value: Callable[[S], float] | None = None
    two_sided: bool = False
    undone_by_award: bool = True
    sale_goes_on: Callable[[S], bool] = field(default=lambda _: False)
    fresh_values: Callable[[S], bool] = field(default=lambda _: False)
    judging: Judging[S, T] = field(default_factory=Judging)
    solver: Solver[S] = field(default_factory=Solver)
    levers: Callable[[S], tuple[Lever, ...]] = levers_of_rule
    elementwise: Callable[[S], tuple[str, ...]] = field(default=lambda _: ())

    def __post_init__(self) -> None:
        """Lets scenarios of this configuration find their kind, and baselines act in every economy around it."""
        self.config.kind = self
        object.__setattr__(self, "baselines", in_every_economy(self.baselines))

    def program(self, scenario: S) -> Program:
        """What the engine runs for a scenario."""
        levers, agents = slots(scenario), scenario.num_agents
        source, block_source, widths = loop_source(
            self.kernels,
            self.rule(scenario),
            self.shown(scenario),
            list(scenario.parts()),
            levers,
            self.one_sale,
            self.elementwise(scenario),
        )
        sizes = {"agents": agents, "actions": len(self.action_names(scenario)), "features": len(self.seen(scenario))}
        sizes |= {"exposed": 0} | self.axes(scenario)
        alone = Program(self.name, self.state, sizes, self.params(scenario), source, block_source, widths, levers)
        return in_world(alone, scenario) if scenario.economy is not None or levers else alone

    def action_names(self, scenario: S) -> tuple[str, ...]:
        """The names of the components of an action: the market's own, then those that parts of its economy add."""
        return (*self.actions(scenario), *(action.name for action in actions_of(scenario.parts())))

    def seen(self, scenario: S) -> tuple[Feature, ...]:
        """What each agent sees, in order."""
        return tuple(feature for feature, _ in self.shown(scenario))

    def shown(self, scenario: S) -> list[tuple[Feature, bool]]:
        """What each agent sees and whether it is of the market itself: in the order that the market names.

        What it does not name follows: its own, what is seen of the economy, where levers stand.
        """
        parts, own = scenario.parts(), [(feature, True) for feature in self.features(scenario)]
        others = asked_of(parts, self.arranged) + features_of(slots(scenario))
        return in_order(own + [(feature, False) for feature in others], self.arranged)

    def observations(self, scenario: S) -> tuple[str, ...]:
        """The names of what each agent sees."""
        return tuple(feature.name for feature in self.seen(scenario))

    @property
    def one_sale(self) -> bool:
        """Whether an episode is one sale that goes through its ticks."""
        return self.judging.one_round

    @property
    def carries_economy(self) -> bool:
        """Whether its scenarios may have an `economy`."""
        return self.kernels.expose is not None and self.kernels.withdraw is not None

    @property
    def carries_contracts(self) -> bool:
        """Whether what is awarded is work, which can be done, graded and paid."""
        return self.kernels.engage is not None and self.kernels.expel is not None and self.contract_value is not None

    def largest_contract(self, scenario: S) -> float:
        """The highest value of a contract, credits; 0 where awards are no work."""
        return 0.0 if self.contract_value is None else self.contract_value(scenario)


def offered(hook: Hook | None, what: str, scenario: Scenario) -> Hook:
    """A hook that a caller cannot do without.

    Raises:
        ValueError: The scenario's kind of market does not offer it.
    """
    if hook is None:
        raise ValueError(f"{scenario.id}: its kind of market, {scenario.market}, offers no {what}")
    return hook


def market_of(scenario: Scenario) -> Market[Any, Any]:
    """The row of a scenario's kind of market."""
    kind = scenario.kind
    assert isinstance(kind, Market)
    return kind


def alike(scenario: Scenario) -> Roles:
    """The agents grouped by what rules and population know of them; agents of a group are interchangeable."""
    roles = market_of(scenario).roles(scenario)
    return roles if scenario.population is None else split(roles, scenario.seats())


def agents_of(scenario: Scenario) -> tuple[str, ...]:
    """The names of a scenario's agents in seat order, which all APIs, pictures, runs and results use."""
    return market_of(scenario).agents(scenario)

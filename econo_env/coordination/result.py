"""What each step of a coordination decided, in numbers and in words."""

from dataclasses import dataclass

from econo_env.money import written


@dataclass(frozen=True)
class CoordinationMarket:
    """The market that was made for the request; amounts in credits.

    Attributes:
        resource_type: What is asked for.
        available_supply: Tasks of the request.
        current_demand: Requests that wait.
        market_price: What a task has been owed for of late.
        reserve: What is owed for a task at least.
        auction_type: How it is sold.
        liability: The most that one task can cost its holder.
    """

    resource_type: str
    available_supply: int
    current_demand: int
    market_price: float
    reserve: float
    auction_type: str
    liability: float


@dataclass(frozen=True)
class Standing:
    """Whether an agent may bid, known before the bids.

    Attributes:
        agent: Its name.
        eligible: Whether it may.
        reputation: Lower bound of its reputation.
        stake: Its free money, credits.
        why: What keeps it out, empty where nothing does.
    """

    agent: str
    eligible: bool
    reputation: float
    stake: float
    why: str

    @property
    def told(self) -> str:
        """The same in words."""
        return f"eligible: {self.agent}" if self.eligible else f"not eligible: {self.agent}, {self.why}"


@dataclass(frozen=True)
class Bid:
    """What an eligible agent bids.

    Attributes:
        agent: Its name.
        amounts: Credits for 1, 2, ... tasks, None for no bid.
        worths: What contracts of so many tasks are truly worth to it, credits.
    """

    agent: str
    amounts: tuple[float | None, ...]
    worths: tuple[float, ...]

    @property
    def told(self) -> str:
        """The same in words."""
        amounts = ", ".join("none" if amount is None else written(amount) for amount in self.amounts)
        return f"bid: {self.agent} bids {amounts}; worth {', '.join(map(written, self.worths))}"


@dataclass(frozen=True)
class Contract:
    """A contract that the auction gave, and how it came out; amounts in credits.

    Attributes:
        agent: Its holder.
        tasks: Tasks that it holds.
        owes: What it owes for them, the auction's payment.
        bond: Stake bound behind the contract.
        pays: What each grade is paid, V(grade) less what is owed, as far down as the bond goes.
        effort: What the holder did, from 0 to 1.
        forged: Whether it did no work and submitted a forged proof.
        quality: Of the work, from 0 to 1.
        grade: `excellent`, `satisfactory`, `poor` or `byzantine`.
        paid: What it was paid, negative where its bond paid.
        slashed: What its bond lost.
        cost: What the work cost it.
        reputation: Lower bound of its reputation before and after.
        banned: Whether it is out for good.
    """

    agent: str
    tasks: int
    owes: float
    bond: float
    pays: dict[str, float]
    effort: float
    forged: bool
    quality: float
    grade: str
    paid: float
    slashed: float
    cost: float
    reputation: tuple[float, float]
    banned: bool

    @property
    def taken(self) -> str:
        """What the auction gave, in words."""
        return f"auction: {self.agent} takes {self.tasks} task{'s' * (self.tasks > 1)} and owes {written(self.owes)}"

    @property
    def agreed(self) -> str:
        """What was agreed, in words."""
        listed = ", ".join(f"{grade} {written(amount)}" for grade, amount in self.pays.items())
        return f"contract: {self.agent} binds {written(self.bond)} and is paid V(grade) less what it owes: {listed}"

    @property
    def executed(self) -> str:
        """How it was done, in words."""
        done = f"works with effort {self.effort:.3g}, quality {self.quality:.3f}"
        return f"execution: {self.agent} {'forges a proof' if self.forged else done}: {self.grade}"

    @property
    def followed(self) -> str:
        """What followed, in words."""
        before, after = self.reputation
        fate = "is banned" if self.banned else f"its reputation goes from {before:.3f} to {after:.3f}"
        paid, slashed = written(self.paid), written(self.slashed)
        return f"consequences: {self.agent} is paid {paid}, loses {slashed} of its bond, and {fate}"


@dataclass(frozen=True)
class Coordination:
    """One request from its market to its consequences.

    Attributes:
        market: The market that was made.
        standings: Who may bid, one an agent.
        bids: What those who may bid do.
        prices: The prices that a clock asked, credits; none for a sealed auction.
        contracts: The contracts that the auction gave, in the order of time, then of agents, and how they came out.
        welfare: Expected surplus of the contracts, credits.
        best_welfare: The most that it could have been among those who might bid.
    """

    market: CoordinationMarket
    standings: tuple[Standing, ...]
    bids: tuple[Bid, ...]
    prices: tuple[float, ...]
    contracts: tuple[Contract, ...]
    welfare: float
    best_welfare: float

    @property
    def told(self) -> list[str]:
        """What each step decided, a line each."""
        made = self.market
        return [
            f"market: {made.available_supply} x {made.resource_type} by {made.auction_type}, {made.current_demand} "
            f"waiting, market price {written(made.market_price)}, at least {written(made.reserve)} is owed for a task",
            *(one.told for one in self.standings),
            *(one.told for one in self.bids),
            *self._auction(),
            *(one.agreed for one in self.contracts),
            *(one.executed for one in self.contracts),
            *(one.followed for one in self.contracts),
        ]

    def _auction(self) -> list[str]:
        """The course of a clock, and who takes what."""
        clock = []
        if self.prices:
            clock = [f"auction: the clock goes from {written(self.prices[0])} to {written(self.prices[-1])}"]
        taken = [one.taken for one in self.contracts]
        return [*clock, *(taken or ["auction: nobody takes a task"])]

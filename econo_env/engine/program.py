"""What the engine runs for one scenario: columns, constants, and the text of the loop over markets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from econo_env.engine.levers import Slot

Stage = Callable[..., None]
Rule = Callable[..., Any]
"""A mechanism's compiled rule, which a market's `clear` gets."""


@dataclass(frozen=True)
class Stages:
    """The compiled stages of a tick; what is None is not in the loop and costs nothing.

    Each takes `(k, state, params, buffers)`; `clear` also takes the mechanism's rule, `withdraw` takes `(k, i, state)`.

    Attributes:
        maturities: What the last tick has left behind is cleared.
        bids: What actions mean.
        clear: Who gets what, and for how much.
        settle: What agents earn.
        observe: Moves on to the next round, which agents see afterwards.
        finish: Whether the episode ends; and for whom, where there are no `flags`. What agents see must not hang on it.
        reset: Starts the next episode.
        flags: Writes for whom and how the episode ends, `(k, ended, params, buffers)`. It treats each agent by itself,
            and so does `forget`: both take blocks of markets.
        forget: Clears what agents have from the last episode, before `reset`.
        expose: Writes the most that each bid can cost its bidder, and who may have to deliver; with `withdraw` it lets
            the market carry an economy.
        withdraw: Strikes agent i's bid; called once more, also what it has standing from before, where that can be.
        engage: Writes what agent i, a winner, has to do into a `Work`, `(k, i, state, params, buffers, work)`: with
            `expel` it lets awards be contracts.
        revalue: What may be expected of the work of the tick's winners changes by so many micro-credits,
            `(k, change, state)`: for those who learn more when they have won.
        expel: Agent i is out for the rest of the episode, `(k, i, state)`.
        admit: The place of agent i, whom `expel` has put out in this tick, goes on for a newcomer with a type of its
            own, `(k, i, state, params)`.
        accepts: Whether agent i takes the tick's contract where it owes so much for it, `(k, i, owes, state)`: with
            `assign` it lets contracts go by lot.
        assign: Gives the tick's contract to agent i in place of whoever has it, -1 for nobody, and so much is owed for
            it, `(k, i, owes, state)`.
        weigh: Gives agent i's bids a weight in the ranking of the coming tick, in thousandths, `(k, i, weight, state)`.
        openness: The luck that decides to whom the coming tick is open, 0 to 1, `(k, state)`; None for a draw.
        foresee: The most that any bid of the coming tick can cost, `(k, state)`; None where it depends on the bid.
        winners: Between which agents those stand who have or pay something in this tick, from the first to before the
            last, `(k, state)`; None for all agents.
        confine: Keeps the orders of agent i within a band of prices, `(k, i, low, high, state, params)`: -1 where it
            wanted to sell below it, 1 where to buy above it, else 0; for markets whose trades cannot be undone.
        call: The price of a call of all orders, `(k, reference, state, params)`, 0 for none; goes with `confine`.
        quote: Writes the reference price of the tick, where an economy asks for it; None is the mean price of the units
            that changed hands. With `revoke` it may be of each `winner`, `(k, winner, state, params, buffers)`: no loop
            over winners is then cut in two, and `clear` writes the price of a tick without one.
        hold: Keeps what is on offer for a later tick: nothing is decided in this one, `(k, state)`; None where bids of
            nobody are enough for that.
        revoke: Takes back what was sold in this tick before anything comes of it, `(k, state, params)`; with `asked` it
            lets trades be undone in a market that goes on from what it sold.
        asked: The price of what was sold in this tick, before anything comes of it, micro-credits, `(k, state)`.
        decided: Whether what was on offer in the tick has come to an end with it, sold or not, `(k, state)`; None where
            each tick offers something of its own.
        indicated: The price that the market shows where nothing is sold, `(k, state, params)`, 0 for none: what a
            falling clock asks next.
        present: Whether agent i is there to see anything, `(k, i, state)`; the others see zeros. None: all are.
    """

    bids: Stage
    observe: Stage
    finish: Stage
    reset: Stage
    flags: Stage | None = None
    forget: Stage | None = None
    maturities: Stage | None = None
    clear: Stage | None = None
    settle: Stage | None = None
    expose: Stage | None = None
    withdraw: Stage | None = None
    engage: Stage | None = None
    revalue: Stage | None = None
    expel: Stage | None = None
    admit: Stage | None = None
    accepts: Callable[..., bool] | None = None
    assign: Stage | None = None
    weigh: Stage | None = None
    openness: Callable[..., float] | None = None
    foresee: Callable[..., int] | None = None
    winners: Callable[..., tuple[int, int]] | None = None
    confine: Callable[..., int] | None = None
    call: Callable[..., int] | None = None
    quote: Stage | None = None
    hold: Stage | None = None
    revoke: Stage | None = None
    asked: Callable[..., int] | None = None
    decided: Callable[..., bool] | None = None
    indicated: Callable[..., int] | None = None
    present: Callable[..., bool] | None = None


@dataclass(frozen=True)
class Program:
    """What the engine runs.

    Attributes:
        name: Of the kind of market, for messages and the name of the loop's file.
        state: A NamedTuple type of declared columns.
        sizes: Lengths of the named axes.
        params: The constants that the kernels take.
        source: The text of the loop over markets one by one: a module with `run`, see `kernels.Kernels`.
        block_source: The same over blocks of markets, for batches that fill one; empty where no stage takes blocks.
        widths: How many features each block of them has, see `econo_env.engine.feature`.
        levers: Parameters that are columns of the world.
        world: Whether the state is a world: the market's own, those of the parts of its economy, its levers.
    """

    name: str
    state: type[tuple[Any, ...]]
    sizes: Mapping[str, int]
    params: Any
    source: str
    block_source: str = ""
    widths: tuple[int, ...] = ()
    levers: tuple[Slot, ...] = ()
    world: bool = False

"""The text of the loop over markets: one after another, or for large batches whole blocks of them.

With eight agents a loop over the agents of a market is over before it is worth a vector instruction. Stages that treat
each agent by itself therefore also take blocks: `wide` is the same memory as the world, read as if a block of markets
were one market of all their agents (`econo_env.engine.blocks`), so the one kernel serves both. What looks at a market
as a whole runs for the markets of the block one by one, and so does everything for markets outside of whole blocks.

A batch that fills no block has the loop without them: wide vectors lower the clock of the processor, which costs the
Python around a single market more than they bring.

Where an economy has many parts, a market's rows are in a hundred places of the memory, more than the processor looks
ahead at. Some markets then go through each stage together: a stage reads a few columns from one end to the other, and
all that these markets have stays in the second-level cache until the last one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

MARKETS_AT_A_STAGE, AGENTS_AT_A_STAGE = 128, 1024
"""At most so many go through a stage together: what 128 markets of 8 agents with all parts touch is 0.7 megabytes."""

MANY_COLUMNS = 100
"""From so many columns of parts on markets go through a tick stage by stage; below, one stays in the first cache."""


@dataclass(frozen=True)
class Lines:
    """Lines of a tick.

    Attributes:
        lines: They speak of market `k`.
        stage: The name of the one stage that they call, where it treats agents one by one and can take a block.
    """

    lines: Sequence[str]
    stage: str = ""


@dataclass(frozen=True)
class Pieces:
    """What both forms of the loop are made of.

    Attributes:
        given: State and constants as `show` takes them.
        market: The same of the market alone.
        features: How many each agent sees, where that is in the text; None where it comes as data.
        unwritten: Places of features that the loop does not write.
        absent: Whether there are agents who see nothing.
    """

    given: str
    market: str
    features: int | None
    unwritten: Sequence[str]
    absent: bool

    @property
    def known(self) -> list[str]:
        """Tells the compiler how many features there are, so that it can write several agents at once."""
        if self.features is None:
            return []
        there = "buffers.observations.shape[2]", "buffers.final_observations.shape[2]"
        return [f"if {there[0]} != {self.features} or {there[1]} != {self.features}:", "    return"]

    @property
    def seen(self) -> list[str]:
        """What agents see after the tick: the last of an episode is kept apart where the next one begins."""
        here = f"show(k, {self.given}, buffers.observations, widths)"
        last = f"show(k, {self.given}, buffers.final_observations, widths)"
        kept = [f"    keep_final(k, {at}, buffers)" for at in self.unwritten]
        if not kept:
            return [f"show(k, {self.given}, buffers.final_observations if begins else buffers.observations, widths)"]
        if self.absent:  # what they see of those is cleared here, and nowhere else
            return [here, "if begins:", *kept, f"    {last}"]
        return ["if begins:", *kept, f"    {last}", "else:", f"    {here}"]


def market_by_market(pieces: Pieces, tick: Sequence[str], opening: Sequence[str]) -> str:
    """The loop `run` over one market after another; what is for blocks is not looked at.

    Args:
        pieces: What it is made of.
        tick: Lines of a tick of market `k`, up to what agents see.
        opening: Lines that start an episode of market `k`.
    """
    return _ONE_BY_ONE.format(
        given=pieces.given,
        known=_indented(pieces.known, 4),
        tick=_indented(tick, 12),
        seen=_indented(pieces.seen, 12),
        opening=_indented(opening, 12),
    )


def stage_by_stage(pieces: Pieces, tick: Sequence[Lines], opening: Sequence[str], placed: Sequence[str]) -> str:
    """The loop `run` over some markets at a time, which go through a stage one after another before the next stage.

    Args:
        pieces: What it is made of.
        tick: Lines of a tick, up to what agents see; those that belong together are one entry.
        opening: Lines that start an episode of market `k`.
        placed: Lines that put the levers of market `k` in their places.
    """
    lines = [line for together in tick for line in _for_each([*placed, *together.lines], "start", "stop")]
    return _STAGE_BY_STAGE.format(
        given=pieces.given,
        known=_indented(pieces.known, 4),
        markets=MARKETS_AT_A_STAGE,
        agents=AGENTS_AT_A_STAGE,
        tick=_indented(lines, 12),
        seen=_indented([*placed, *pieces.seen], 16),
        opening=_indented(opening, 16),
    )


def in_blocks(
    pieces: Pieces, tick: Sequence[Lines], opening: Sequence[str], placed: Sequence[str], forgets: bool
) -> str:
    """The loop `run` over blocks of markets.

    Args:
        pieces: What it is made of.
        tick: Lines of a tick, up to what agents see.
        opening: Lines that start an episode of market `k`, but for `forget`.
        placed: Lines that put the levers of market `k` in their places.
        forgets: Whether there is a stage `forget`.
    """
    params = pieces.market.split(", ")[1]
    wide = f"{pieces.market.split(', ')[0].replace('state', 'wide').replace('world', 'wide')}, {params}, wide_buffers"
    lines: list[str] = []
    for stage, together in groupby(tick, key=lambda part: part.stage):
        singly = [line for part in together for line in part.lines]
        if not stage:
            lines += _for_each([*placed, *singly])
        elif stage == "flags":
            alike = ["if whole and (over == 0 or over == past - begin):"]
            alike.append(f"    flags(block, over > 0, {params}, wide_buffers)")
            lines += [*_ENDED, *alike, "else:", *(f"    {line}" for line in _for_each(singly))]
        else:
            counted = "wide_buffers.invalid_actions[block]"  # whose they were is counted market by market
            lines += ["alone = not whole", "if whole:", f"    {stage}(block, {wide})"]
            lines += [f"    alone = {counted} != 0", f"    {counted} = 0"]
            lines += ["if alone:", *(f"    {line}" for line in _for_each([*placed, *singly]))]
    if not any(part.stage == "flags" for part in tick):
        lines += _ENDED
    forget: list[str] = []
    if forgets:
        forget = ["if whole and begun == past - begin:", f"    forget(block, {wide})", "elif begun > 0:"]
        each = ["if task == 1 or buffers.ended[k]:", f"    forget(k, {pieces.market}, buffers)"]
        forget += [f"    {line}" for line in _for_each(each)]
    return _IN_BLOCKS.format(
        given=pieces.given,
        known=_indented(pieces.known, 4),
        tick=_indented(lines, 12),
        seen=_indented([*placed, *pieces.seen], 16),
        forget=_indented(forget, 8),
        opening=_indented(opening, 16),
    )


_ENDED = ["over = 0", "for k in range(begin, past):", "    over += 1 if buffers.ended[k] else 0"]


def _for_each(lines: Sequence[str], begin: str = "begin", past: str = "past") -> list[str]:
    """Lines for each market of a block."""
    return [f"for k in range({begin}, {past}):", *(f"    {line}" for line in lines)]


def _indented(lines: Sequence[str], by: int) -> str:
    return "\n".join(f"{' ' * by}{line}" for line in lines)


_ONE_BY_ONE = """
@cached
def run(first, last, mask, {given}, buffers, widths, task, autoreset):
{known}
    for k in range(first, last):
        begins = False
        if task == 0:
{tick}
            begins = autoreset and buffers.ended[k]
{seen}
        elif task == 1:
            begins = mask[k]
            if begins:
                forget_results(k, buffers)
        if begins:
{opening}
        if begins or task == 2:
            show(k, {given}, buffers.observations, widths)
"""

_STAGE_BY_STAGE = """
@cached
def run(first, last, mask, {given}, buffers, widths, task, autoreset):
{known}
    start = first
    while start < last:
        stop = min(last, start + max(1, min({markets}, {agents} // buffers.rewards.shape[1])))
        if task == 0:
{tick}
        for k in range(start, stop):
            begins = False
            if task == 0:
                begins = autoreset and buffers.ended[k]
{seen}
            elif task == 1:
                begins = mask[k]
                if begins:
                    forget_results(k, buffers)
            if begins:
{opening}
            if begins or task == 2:
                show(k, {given}, buffers.observations, widths)
        start = stop
"""

_IN_BLOCKS = """
@cached_in_blocks
def run(first, last, mask, {given}, buffers, wide, wide_buffers, widths, size, task, autoreset):
{known}
    begin = first
    while begin < last:
        whole = task == 0 and begin % size == 0 and begin + size <= last
        past = begin + size if whole else begin + 1
        block = begin // size
        begun = 0
        if task == 0:
{tick}
            begun = over if autoreset else 0
            for k in range(begin, past):
                begins = autoreset and buffers.ended[k]
{seen}
        elif task == 1 and mask[begin]:
            begun = 1
            forget_results(begin, buffers)
{forget}
        for k in range(begin, past):
            begins = begun > 0 and (task == 1 or buffers.ended[k])
            if begins:
{opening}
            if begins or task == 2:
                show(k, {given}, buffers.observations, widths)
        begin = past
"""

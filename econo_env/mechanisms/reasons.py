"""Why somebody pays what it pays: the row of a rule lists what a payment can be, and the one that it is, is said."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from econo_env.money import CREDIT, written

BY_ITS_RULE = "by its rule"
"""The reason where none is known that is true."""

SAME = 1e-9
"""Credits: payments are whole micro-credits, so amounts that differ by less are equal."""

_FLOAT = 3e-16  # what a float cannot hold of an amount

Round = TypeVar("Round", contravariant=True)  # noqa: PLC0105 - named after what it is


class Reason(NamedTuple):
    """What a payment may be.

    Attributes:
        words: What it is, such as "its own bid".
        amount: Credits; negative is received.
        cut: Whether the rule cuts the amount to whole micro-credits, up or down.
    """

    words: str
    amount: float
    cut: bool = False

    def gives(self, payment: float) -> bool:
        """Whether it is that payment, in credits, to the micro-credit."""
        return abs(self.amount - payment) < (1.0 if self.cut else 0.5) * CREDIT + _FLOAT * abs(payment)


class Source(Protocol[Round]):
    """Something that a payment can equal in rounds of a kind, such as the own bid: a function of round and agent.

    It answers None where there is no such thing: no losing bid, no reserve.
    """

    def __call__(self, cleared: Round, agent: int, /) -> Reason | None:
        """The reason for that agent."""
        ...


def paid_in_words(payment: float, received: bool = False) -> str:
    """A payment in credits as a verb and an amount; `received` says how a payment of 0 is called."""
    receives = payment < 0.0 or (payment == 0.0 and received)
    return f"{'is paid' if receives else 'pays'} {written(abs(payment))}"


def reason(sources: Sequence[Source[Any]], cleared: object, agent: int, payment: float) -> str:
    """In words the first of the sources that gives the agent's payment in credits, `BY_ITS_RULE` where none does."""
    for source in sources:
        found = source(cleared, agent)
        if found is not None and found.gives(payment):
            return found.words
    return BY_ITS_RULE

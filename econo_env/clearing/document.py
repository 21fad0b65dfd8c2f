"""What the files of `econo-env clear` share: how they are read, amounts, the tie lottery, how far from the best."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo

from econo_env.engine.rng import Lottery, market_keys
from econo_env.mechanisms.base import Mechanism, Options, mechanism
from econo_env.mechanisms.document import Cleared, Contents, Rounding
from econo_env.mechanisms.ranking import WEIGHT_UNIT
from econo_env.money import LARGEST_CREDITS, is_money, to_credits, to_money
from econo_env.settings import describe_errors

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_OFFER = -1
AnyDocument = TypeVar("AnyDocument", bound="Document")


def _amount(amount: float, info: ValidationInfo) -> float:
    return info.context.of(amount) if isinstance(info.context, Rounding) else amount


def _weight(weight: float, info: ValidationInfo) -> float:
    return info.context.of(weight, WEIGHT_UNIT) if isinstance(info.context, Rounding) else weight


def _as_named(name: Any) -> Any:
    """A name that is a plain whole number as that number, so that 1 and "1" are one name; 01 is another."""
    return (
        int(name) if isinstance(name, str) and name.isascii() and name.isdecimal() and str(int(name)) == name else name
    )


Amount = Annotated[float, AfterValidator(_amount)]
"""Credits in whole micro-credits: words, rules and results see the same amount."""

Weight = Annotated[float, AfterValidator(_weight)]
"""A ranking factor in whole thousandths, as the rules take it."""

Name = Annotated[int | str, BeforeValidator(_as_named)]
"""What a file calls somebody or something, as it is written there."""


class Document(BaseModel):
    """The keys that every file has.

    Attributes:
        mechanism: Name and parameters, amounts in credits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mechanism: dict[str, Any]

    def section(self) -> dict[str, Any]:
        """The mechanism's name and parameters, also those that a form lets stand outside."""
        return self.mechanism


class ProcurementDocument(BaseModel):
    """The reverse form: the lowest bid wins and is paid.

    Attributes:
        ceiling: The most that the buyer pays, credits; bids above it are no bids.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ceiling: Amount = Field(gt=0.0, le=LARGEST_CREDITS)


def read_document(
    kind: type[AnyDocument], document: Contents, rounding: Rounding | None = None
) -> tuple[AnyDocument, Mechanism, Any]:
    """A file's contents, the row of its mechanism and that one's validated parameters, amounts to the micro-credit.

    Raises:
        ValueError: A key is unknown, missing or of the wrong kind; one sentence that says what is allowed.
    """
    rounding = rounding or Rounding()
    try:
        parsed = kind.model_validate(document, context=rounding)
    except ValidationError as error:
        raise ValueError(describe_errors(error, kind)) from None
    row = mechanism(str(parsed.mechanism.get("name")))
    try:
        options = row.options.model_validate(parsed.section())
    except ValidationError as error:
        raise ValueError(f"mechanism {row.name}: {describe_errors(error, row.options)}") from None
    return parsed, row, _to_the_micro_credit(options, rounding)


def _to_the_micro_credit(options: Options, rounding: Rounding) -> Options:
    """Parameters with their amounts in whole micro-credits."""
    changed = {}
    for name, given in options:
        if is_money(type(options).model_fields[name].metadata):
            try:
                changed[name] = rounding.of(given)
            except ValueError as error:
                raise ValueError(f"mechanism.{name} = {given!r}: {error}") from None
    return options.model_copy(update=changed)


def amounts(name: str, given: Sequence[float | None] | ArrayLike, may_be_empty: bool = False) -> Floats:
    """Amounts in credits with NaN for none.

    Raises:
        ValueError: An amount is negative or infinite, or the list is empty and may not be.
    """
    listed = np.array([np.nan if amount is None else amount for amount in given], dtype=np.float64)  # type: ignore[union-attr]  # a list or an array
    if listed.size == 0 and not may_be_empty:
        raise ValueError(f"{name} is empty: give at least one amount")
    check_amounts(name, listed)
    return listed


def check_amounts(name: str, listed: Floats) -> None:
    """Raises a ValueError if an amount in credits is negative, infinite or beyond the range of money; NaN is none."""
    bad = listed[(listed < 0) | np.isinf(listed)]
    if bad.size:
        raise ValueError(f"{bad[0]:.15g} among the {name} is not allowed: give finite amounts from 0, or null for none")
    to_money(np.nan_to_num(listed))


def as_money(listed: Floats) -> Ints:
    """Amounts in micro-credits, `NO_OFFER` where there is none."""
    none = np.isnan(listed)
    return np.where(none, NO_OFFER, to_money(np.where(none, 0.0, listed)))


def as_credits(money: Ints) -> Floats:
    """Offers in credits, NaN for `NO_OFFER`."""
    return np.where(money < 0, np.nan, to_credits(money))


def mirrored(bids: NDArray[np.int64], ceiling: int) -> NDArray[np.int64]:
    """What bids of people leave of the ceiling, any shape, micro-credits; above it, or negative, is no bid, -1."""
    return np.where((bids >= 0) & (bids <= ceiling), ceiling - bids, -1)


def one_each(name: str, given: Sequence[Any] | None, bids: Sequence[Any]) -> None:
    """Raises a ValueError unless a list is left out or has one entry for each bid."""
    if given is not None and len(given) != len(bids):
        raise ValueError(f"{name} lists {len(given)} entries for {len(bids)} bids: give one each")


def weights_of(given: ArrayLike | None, bids: Floats) -> Floats:
    """Ranking factors, all 1 by default.

    Raises:
        ValueError: A weight is not within 0.001 to 1000, or a weighted bid leaves the range of money.
    """
    if given is None:
        return np.ones(len(bids))
    weights = np.asarray(given, dtype=np.float64)
    if weights.shape != bids.shape:
        raise ValueError(f"weights {weights.tolist()}: give one of at least 0.001 for each of {len(bids)} bidders")
    off = weights[~((weights >= 1 / WEIGHT_UNIT) & (weights <= 1000))]
    if off.size:
        raise ValueError(f"a weight of {off[0]:g} among the weights: they run from 0.001 to 1000")
    if np.any(np.nan_to_num(bids) * weights > LARGEST_CREDITS):
        raise ValueError("a weighted bid leaves the range of money: rescale the amounts to smaller credits")
    return weights


def in_thousandths(weights: Floats) -> Ints:
    """Weights as the rules take them."""
    return np.rint(weights * WEIGHT_UNIT).astype(np.int64)


def lottery_of(seed: int, tick: int = 0) -> Lottery:
    """The tie lottery of a clearing."""
    return Lottery(market_keys(seed, 1)[0], 0, tick)


def cleared_as(
    allocation: Ints,
    payments: Floats,
    welfare: float,
    optimal: float,
    explanation: list[str],
    details: Mapping[str, Any] | None = None,
) -> Cleared:
    """What `clear` tells of agents that are counted through; `payments` in credits, see `Cleared`."""
    return Cleared(
        winners=np.flatnonzero(allocation).tolist(),
        allocation=allocation.tolist(),
        payments=payments.tolist(),
        welfare=welfare,
        optimal=optimal,
        gap=gap_between(welfare, optimal),
        explanation=explanation,
        details=dict(details or {}),
    )


def gap_between(welfare: float, optimal: float) -> float:
    """The share of the best worth that is not reached."""
    return max(0.0, (optimal - welfare) / optimal) if optimal > 0 else 0.0

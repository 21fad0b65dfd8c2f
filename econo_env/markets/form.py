"""What the files of `econo-env clear` share: how they are read, amounts, the tie lottery, how far from the best."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from econo_env.engine.rng import Lottery, market_keys
from econo_env.mechanisms.base import Mechanism, mechanism
from econo_env.mechanisms.ranking import WEIGHT_UNIT
from econo_env.money import LARGEST_CREDITS, to_credits, to_money
from econo_env.settings import describe_errors

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_OFFER = -1
SAME = 1e-9
"""Credits: payments are whole micro-credits, so amounts that differ by less are equal."""

AnyForm = TypeVar("AnyForm", bound="Form")


class Form(BaseModel):
    """The keys that every file has.

    Attributes:
        mechanism: Name and parameters, amounts in credits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mechanism: dict[str, Any]

    def section(self) -> dict[str, Any]:
        """The mechanism's name and parameters, also those that a form lets stand outside."""
        return self.mechanism


def read_form(kind: type[AnyForm], document: Mapping[str, Any]) -> tuple[AnyForm, Mechanism, Any]:
    """A file's contents, the row of its mechanism and that one's validated parameters.

    Raises:
        ValueError: A key is unknown, missing or of the wrong kind; one sentence that says what is allowed.
    """
    try:
        form = kind.model_validate(document)
    except ValidationError as error:
        raise ValueError(describe_errors(error, kind)) from None
    row = mechanism(str(form.mechanism.get("name")))
    try:
        return form, row, row.options.model_validate(form.section())
    except ValidationError as error:
        raise ValueError(f"mechanism {row.name}: {describe_errors(error, row.options)}") from None


def amounts(name: str, given: Sequence[float | None] | ArrayLike) -> Floats:
    """Amounts in credits with NaN for none.

    Raises:
        ValueError: An amount is negative or infinite, or there is none at all.
    """
    listed = np.array([np.nan if amount is None else amount for amount in given], dtype=np.float64)  # type: ignore[union-attr]  # a list or an array
    if listed.size == 0:
        raise ValueError(f"{name} is empty: give at least one amount")
    check_amounts(name, listed)
    return listed


def check_amounts(name: str, listed: Floats) -> None:
    """Raises a ValueError if an amount in credits is negative, infinite or beyond the range of money; NaN is none."""
    bad = listed[(listed < 0) | np.isinf(listed)]
    if bad.size:
        raise ValueError(f"{bad[0]:g} among the {name} is not allowed: give finite amounts from 0, or null for none")
    to_money(np.nan_to_num(listed))


def as_money(listed: Floats) -> Ints:
    """Amounts in micro-credits, `NO_OFFER` where there is none."""
    none = np.isnan(listed)
    return np.where(none, NO_OFFER, to_money(np.where(none, 0.0, listed)))


def as_credits(money: Ints) -> Floats:
    """Offers in credits, NaN for `NO_OFFER`."""
    return np.where(money < 0, np.nan, to_credits(money))


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


def gap_between(welfare: float, optimal: float) -> float:
    """The share of the best worth that is not reached."""
    return max(0.0, (optimal - welfare) / optimal) if optimal > 0 else 0.0

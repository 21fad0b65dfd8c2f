"""Which bond of an identity deters false names where spectrum is sold by VCG, against bidders who know their rivals.

Parts of the value models of the Spectrum Auction Test Suite: a few neighbouring licences, and all who want one of them.
The bond is chosen on one sample of instances and judged on another.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.engine.state import Int64s
from econo_env.games.normal_form import Floats
from econo_env.mechanisms.combinatorial.known_rivals import earned_by_names
from econo_env.money import to_credits, to_money
from econo_env.training.evaluation.identities import IdentityCost, a_further_identity, break_even_bond
from econo_env.training.studies.base import Finding, Findings, Settings, Study, Told, mean_between, share_between
from econo_env.valuations.bundles.gsvm import NATIONAL_CIRCLE, gsvm_model
from econo_env.valuations.bundles.lsvm import COLUMNS, ROWS, lsvm_model
from econo_env.valuations.bundles.value_model import ValueModel

_DETERRED = 0.999
_MARGIN = 1.25
"""The bond that is to deter everywhere, as a multiple of the largest that the choice needed."""
_CHOSEN_ON, _JUDGED_ON = 0, 1
_SAID_EVERY = 200


class IdentityBondsSettings(Settings):
    """Settings.

    Attributes:
        values: The value model: `gsvm`, synergies by number, or `lsvm`, of neighbours.
        licences: Licences for sale: so many in a row of the national circle, or a block of two rows.
        names: Names at most.
        instances: Instances on which the bond is judged; as many others choose it.
        rate: Cost of capital a round.
        unbonding: Rounds until a bond is free again; it is held for one round.
    """

    study: Literal["identity_bonds"] = "identity_bonds"
    values: Literal["gsvm", "lsvm"] = "gsvm"
    licences: Literal[2, 4, 6] = 4
    names: int = Field(6, ge=2, le=16)
    instances: int = Field(30_000, ge=100)
    rate: float = Field(1e-3, gt=0.0, le=1.0)
    unbonding: int = Field(64, ge=0)


class Instance(NamedTuple):
    """Licences for sale.

    Attributes:
        own: What every set is worth to one bidder drawn at random, micro-credits (2^licences,).
        rivals: The same to each of the others who want one, (rivals, 2^licences).
    """

    own: Int64s
    rivals: Int64s


def instance(settings: IdentityBondsSettings, seed: tuple[int, ...]) -> Instance:
    """Draws values, which licences are for sale, and whose names are judged."""
    rng = np.random.default_rng(seed)
    drawn = int(rng.integers(2**31))
    if settings.values == "gsvm":
        model, sold = gsvm_model(drawn), _in_a_row(settings.licences, rng)
    else:
        model, sold = lsvm_model(drawn), _block(settings.licences, rng)
    worth = np.array(list(_worth_of_sets(model, sold)))
    at = int(rng.integers(len(worth)))
    return Instance(worth[at], np.delete(worth, at, axis=0))


def _in_a_row(licences: int, rng: np.random.Generator) -> list[int]:
    first = int(rng.integers(NATIONAL_CIRCLE))
    return [(first + step) % NATIONAL_CIRCLE for step in range(licences)]


def _block(licences: int, rng: np.random.Generator) -> list[int]:
    width = licences // 2
    row, column = int(rng.integers(ROWS - 1)), int(rng.integers(COLUMNS - width + 1))
    return [(row + down) * COLUMNS + column + right for down in (0, 1) for right in range(width)]


def _worth_of_sets(model: ValueModel, sold: list[int]) -> Iterator[Int64s]:
    """Micro-credits that each set is worth to all who want a licence, none beyond the most that a bidder may win."""
    for bidder, (interests, largest) in enumerate(zip(model.interests, model.largest, strict=True)):
        if not set(interests) & set(sold):
            continue
        bundles = [[item for bit, item in enumerate(sold) if whole >> bit & 1] for whole in range(1 << len(sold))]
        alone = np.array([model.value(bidder, bundle) if len(bundle) <= largest else 0.0 for bundle in bundles])
        yield _at_least_the_parts(to_money(alone))


def _at_least_the_parts(worth: Int64s) -> Int64s:
    """Items that are too many are thrown away: a set is worth its best part."""
    most, bit = worth.copy(), 1
    while bit < len(most):
        with_it = np.flatnonzero(np.arange(len(most)) & bit)
        most[with_it] = np.maximum(most[with_it], most[with_it ^ bit])
        bit *= 2
    return most


def gains(settings: IdentityBondsSettings, part: int, told: Told) -> tuple[Floats, Floats]:
    """What names gain, credits (instances, names), and what the bidder earns under one."""
    earned = np.empty((settings.instances, settings.names))
    for number in range(settings.instances):
        met = instance(settings, (settings.seed, part, number))
        earned[number] = to_credits(earned_by_names(met.own, met.rivals, settings.names))
        if number % _SAID_EVERY == 0:
            told((part + number / settings.instances) / 2.0, f"instance {number}")
    return earned - earned[:, :1], earned[:, 0]


def run(settings: IdentityBondsSettings, told: Told) -> Findings:
    """Chooses a bond on one sample and judges it on another."""
    chosen, _ = gains(settings, _CHOSEN_ON, told)
    found, honest = gains(settings, _JUDGED_ON, told)
    needed = a_further_identity(chosen).max(axis=1)
    # a bond that leaves half of what may be left, so that fresh instances do not miss the bar by luck alone
    enough = float(np.quantile(needed, 1.0 - 0.5 * (1.0 - _DETERRED), method="higher"))
    asked = a_further_identity(found).max(axis=1)
    cost = IdentityCost(rate=settings.rate, unbonding=settings.unbonding)
    usual = honest.mean()
    surely = _MARGIN * float(needed.max())
    figures = (
        Finding("what an honest bidder earns, credits a round", float(usual)),
        share_between("instances in which a further name pays, at no cost", asked > 0.0),
        mean_between("what names gain beyond one, at no cost", found[:, -1]),
        Finding("cost of a further name, credits a round, chosen on other instances", enough),
        Finding("the bond with that cost", float(break_even_bond(enough, cost))),
        share_between(
            "instances in which no further name pays at that bond", asked <= enough, (_DETERRED, 1.0),
            "bar: 99.9 %",
        ),
        Finding("a bond a quarter above the largest of the choice", float(break_even_bond(surely, cost))),
        share_between("instances in which a further name pays at that bond", asked > surely, (0.0, 0.0), "none"),
    )  # fmt: skip
    said = (
        f"Where {settings.licences} licences are sold by VCG at {settings.values} values, a bidder who knows its "
        f"rivals gains by a further name in {(asked > 0.0).mean():.1%} of {settings.instances:,} instances; a bond "
        f"that costs {enough:.1f} credits a round, {enough / usual:.1f} times what an honest bidder earns, leaves "
        f"{(asked > enough).mean():.3%}."
    )
    ladder = np.sort(asked)
    beyond = 1.0 - np.arange(1, len(ladder) + 1) / len(ladder)
    every = np.unique(np.linspace(0, len(ladder) - 1, 400).astype(np.int64))
    names = np.arange(1, settings.names + 1)
    return Findings(
        said,
        figures,
        {
            "Instances that a cost does not deter": {"share": (ladder[every], beyond[every])},
            "What names gain beyond one": {"mean": (names, found.mean(axis=0))},
        },
        {
            "Instances that a cost does not deter": ("cost of a further name, credits a round", "share of instances"),
            "What names gain beyond one": ("names", "credits a round"),
        },
    )


STUDY = Study(
    "identity_bonds", "Which bond deters false names where spectrum is sold by VCG?", IdentityBondsSettings, run
)

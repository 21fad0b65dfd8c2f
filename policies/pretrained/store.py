"""Where pretrained policies lie: `trained/ID.npz`, networks in half precision, beside its card, `trained/ID.json`."""

import hashlib
import io
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from econo_env.files import write_file
from econo_env.policies.networks import Network, arrays_of, networks_in
from econo_env.policies.pretrained.card import Card
from econo_env.policies.proactive import Learned
from econo_env.scenario import Scenario

HOME = Path(str(resources.files("econo_env.policies.pretrained"))) / "trained"
HALF_PRECISION = np.float16
_MEND = "install the package again"


def pretrained_ids(home: Path = HOME) -> list[str]:
    """The scenarios that a pretrained policy was trained in."""
    return sorted(path.stem for path in home.glob("*.json"))


def write_pretrained(card: Card, weights: bytes, home: Path = HOME) -> None:
    """Writes a policy: first its networks, then the card that vouches for them."""
    write_file(home / f"{card.scenario}.npz", weights)
    write_file(home / f"{card.scenario}.json", card.model_dump_json(indent=1) + "\n")


def packed(networks: Sequence[Network]) -> bytes:
    """Networks as the content of a file, weights in half precision; the same networks are the same bytes."""
    content = io.BytesIO()
    arrays = arrays_of(networks).items()
    halved = {name: a.astype(HALF_PRECISION) if a.dtype == np.float32 else a for name, a in arrays}
    np.savez_compressed(content, **halved)  # type: ignore[arg-type]  # as in `write_networks`
    return content.getvalue()


def unpacked(weights: bytes) -> list[Network]:
    """The networks of such a file."""
    with np.load(io.BytesIO(weights), allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    return networks_in({name: a.astype(np.float32) if a.dtype == HALF_PRECISION else a for name, a in arrays.items()})


def digest(weights: bytes) -> str:
    """What a card says of the file."""
    return hashlib.sha256(weights).hexdigest()


def read_card(scenario_id: str, home: Path = HOME) -> Card:
    """The card of a pretrained policy.

    Raises:
        ValueError: There is none for this scenario, or it is damaged.
    """
    path = home / f"{scenario_id}.json"
    if scenario_id not in pretrained_ids(home):
        raise ValueError(
            f"there is no pretrained policy for {scenario_id!r}: choose one of {', '.join(pretrained_ids(home))}, or "
            f"train one with `econo-env train`"
        )
    try:
        return Card.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        raise ValueError(f"{str(path)!r}, the card of pretrained:{scenario_id}, is damaged: {_MEND}") from None


def read_pretrained(scenario_id: str, scenario: Scenario, seed: int = 0, home: Path = HOME) -> Learned:
    """A pretrained policy in a scenario that shows and takes the same.

    Args:
        scenario_id: The scenario that it was trained in.
        scenario: The one that it is to play.
        seed: Fixes its luck; it plays its mean actions, which have none.
        home: The folder.

    Raises:
        ValueError: There is none, it is damaged, or it does not fit the scenario.
    """
    card = read_card(scenario_id, home)
    card.check_spaces(scenario)
    path = home / f"{scenario_id}.npz"
    weights = path.read_bytes() if path.is_file() else b""
    if digest(weights) != card.weights:
        raise ValueError(f"{str(path)!r} is damaged, it is not the file that its card describes: {_MEND}")
    name = f"pretrained:{scenario_id}"
    return Learned(scenario, unpacked(weights), seed=seed, name=name, note=card.note(scenario))

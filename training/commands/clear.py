"""`econo-env clear`: one clearing of a market from a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from training.outputs import Outputs


def clear(
    market: Annotated[Path, typer.Argument(help="A YAML file with a mechanism and bids.")],
    seed: Annotated[int, typer.Option(help="Of the tie lottery.")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the result here.")] = None,
) -> None:
    """Clears one market: bids in; allocation, payments and the distance to the optimum out, each in words.

    A file for a single item: `{mechanism: {name: second_price, reserve: 0.0}, bids: [0.4, 0.9, 0.7]}`; `weights` and
    `values`, one a bidder, may stand beside the bids. Bidders are counted from 0, as everywhere. There is an example
    for every mechanism in configs/markets, named by it; docs/clearing.md tells what each kind of file holds.

    Example: `econo-env clear configs/markets/english.yaml --json cleared.json`
    """
    from econo_env.mechanisms.base import mechanism
    from econo_env.mechanisms.form import clear_form

    with Outputs({"--json": json_file}, reads=[market]) as outputs:
        document = _read(market)
        cleared = clear_form(document, seed)
        outputs.write_json("--json", cleared.to_json())
        revenue = sum(cleared.payments)
        closing = (
            f"welfare {cleared.welfare:.6g} of at most {cleared.optimal:.6g} "
            f"({'optimal' if cleared.gap <= 1e-9 else f'{cleared.gap:.2%} lost'}), "
            f"{'revenue' if revenue >= 0 else 'spent'} {abs(revenue):.6g}"
        )
        name = document["mechanism"]["name"]
        outputs.show("\n".join([f"{name}: {mechanism(name).summary}", *cleared.explanation, closing]))


def _read(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        document = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise ValueError(f"there is no file {str(path)!r}") from None
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{str(path)!r} is not readable YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, Mapping):
        raise ValueError(f"{str(path)!r} holds no mapping: give keys such as mechanism and bids")
    return document

"""`econo-env clear`: one clearing of a market from a file."""

from pathlib import Path
from typing import Annotated

import typer

from econo_env.training.outputs import Outputs


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
    from econo_env.documents import read_yaml
    from econo_env.mechanisms.base import mechanism
    from econo_env.mechanisms.document import NAMES, clear_document
    from econo_env.money import written

    with Outputs({"--json": json_file}, reads=[market]) as outputs:
        document = read_yaml(market, "market file", NAMES)
        cleared = clear_document(document, seed)
        outputs.write_json("--json", cleared.to_json())
        revenue = sum(cleared.payments)
        closing = (
            f"welfare {written(cleared.welfare)} of at most {written(cleared.optimal)} "
            f"({'optimal' if cleared.gap <= 1e-9 else f'{cleared.gap:.2%} lost'}), "
            f"{'revenue' if revenue >= 0 else 'spent'} {written(abs(revenue))}"
        )
        name = document["mechanism"]["name"]
        outputs.show("\n".join([f"{name}: {mechanism(name).summary}", *cleared.explanation, closing]))

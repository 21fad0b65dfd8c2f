"""Files as the documents show them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def shown_in(document):
    """The files that a document shows, by name: what follows a line `<!-- file: NAME -->`."""
    text = (ROOT / document).read_text()
    return dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", text, re.DOTALL))


def commands_in(document, heading):
    """The commands that a document shows under a heading, one a line."""
    section = (ROOT / document).read_text().partition(heading)[2].partition("\n## ")[0]
    return [line for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) for line in block.strip().splitlines()]

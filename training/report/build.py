"""Puts the page together and writes it."""

from collections.abc import Sequence
from pathlib import Path

from econo_env.files import write_file
from econo_env.training.report.bids import bid_section
from econo_env.training.report.contents import ReportContents
from econo_env.training.report.economy_plots import economy_section
from econo_env.training.report.groups import groups_section
from econo_env.training.report.learning import learning_section
from econo_env.training.report.levels import levels_section
from econo_env.training.report.money import money_section
from econo_env.training.report.page import Section, page
from econo_env.training.report.regret_plots import regret_section
from econo_env.training.report.summary import metrics_section, provenance_section, summary_section


def build_page(
    contents: ReportContents, *, title: str | None = None, opening: str = "", extra: Sequence[Section] = ()
) -> str:
    """The report as one HTML page that needs no network.

    Args:
        contents: What to show.
        title: Heading; by default the scenario's id.
        opening: A paragraph before the summary's own.
        extra: Sections that come right after the summary.
    """
    evaluations = contents.evaluations
    first_moments = next(iter(contents.moments.values()), [])
    sections = [
        summary_section(contents, opening),
        *extra,
        groups_section(contents.document),
        levels_section(contents.levels) if contents.levels else None,
        bid_section(contents.scenario, evaluations, first_moments),
        learning_section(contents),
        regret_section(evaluations),
        money_section(evaluations),
        economy_section(contents.episode) if contents.episode else None,
        metrics_section(contents),
        provenance_section(contents),
    ]
    heading = title or f"{contents.scenario.id}: {contents.document['policy']}"
    subtitle = f"econo-env report on {contents.scenario.id}, {contents.scenario.num_agents} agents"
    return page(heading, subtitle, [section for section in sections if section is not None], contents.document)


def write_report(
    contents: ReportContents, path: Path, *, title: str | None = None, opening: str = "", extra: Sequence[Section] = ()
) -> Path:
    """Writes the page; see `build_page`.

    Raises:
        ValueError: The folder of `path` does not exist, or plotly is not installed.
    """
    if not path.absolute().parent.is_dir():
        raise ValueError(f"no folder {str(path.parent)!r} to write {path.name!r} in: make it first")
    write_file(path, build_page(contents, title=title, opening=opening, extra=extra))
    return path

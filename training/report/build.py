"""Puts the page together and writes it."""

from collections.abc import Sequence
from pathlib import Path

from econo_env.files import write_file
from econo_env.training.report.bids import bid_section
from econo_env.training.report.courses import economy_section
from econo_env.training.report.gains import regret_section
from econo_env.training.report.learning import learning_section
from econo_env.training.report.material import Material
from econo_env.training.report.money import money_section
from econo_env.training.report.page import Section, page
from econo_env.training.report.summary import metrics_section, provenance_section, summary_section


def build_page(
    material: Material, *, title: str | None = None, opening: str = "", extra: Sequence[Section] = ()
) -> str:
    """The report as one HTML page that needs no network.

    Args:
        material: What to show.
        title: Heading; by default the scenario's id.
        opening: A paragraph before the summary's own.
        extra: Sections that come right after the summary.
    """
    evaluations = material.evaluations
    first_moments = next(iter(material.moments.values()), [])
    sections = [
        summary_section(material, opening),
        *extra,
        bid_section(material.scenario, evaluations, first_moments),
        learning_section(material),
        regret_section(evaluations),
        money_section(evaluations),
        economy_section(material.episode) if material.episode else None,
        metrics_section(material),
        provenance_section(material),
    ]
    heading = title or f"{material.scenario.id}: {material.document['policy']}"
    subtitle = f"econo-env report on {material.scenario.id}, {material.scenario.num_agents} agents"
    return page(heading, subtitle, [section for section in sections if section is not None], material.document)


def write_report(
    material: Material, path: Path, *, title: str | None = None, opening: str = "", extra: Sequence[Section] = ()
) -> Path:
    """Writes the page; see `build_page`.

    Raises:
        ValueError: The folder of `path` does not exist, or plotly is not installed.
    """
    if not path.absolute().parent.is_dir():
        raise ValueError(f"no folder {str(path.parent)!r} to write {path.name!r} in: make it first")
    write_file(path, build_page(material, title=title, opening=opening, extra=extra))
    return path

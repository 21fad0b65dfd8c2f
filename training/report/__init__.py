"""Reports: one HTML page with interactive plots, complete in itself, about a training run or an evaluation."""

from econo_env.training.report.build import build_page, write_report
from econo_env.training.report.contents import ReportContents, gather

__all__ = ["ReportContents", "build_page", "gather", "write_report"]

"""The report as one static HTML page that needs nothing from elsewhere."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from . import text
from .chart import schedule_chart
from .costs import COLUMNS, cost_rows
from .structure import BuildReport
from .warnings import describe_warnings


def render_html(report: BuildReport) -> str:
    """The whole page; the same report gives the same text."""
    environment = Environment(
        loader=PackageLoader("nnhw.report", package_path=""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    verdict, passed = text.verdict(report)
    return environment.get_template("report.html.jinja").render(
        report=report,
        text=text,
        summary=text.summary_rows(report),
        warnings=describe_warnings(report.warnings),
        verdict=verdict,
        verdict_class={True: "pass", False: "fail", None: "none"}[passed],
        cost_columns=COLUMNS,
        cost_rows=cost_rows(report.costs) if report.costs else [],
        chart=schedule_chart(report.frame, report.layers),
    )

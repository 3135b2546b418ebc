"""The report as one static HTML page that needs nothing from elsewhere."""

from __future__ import annotations

from . import text
from .chart import schedule_chart
from .costs import COLUMNS, cost_rows
from .demand import (
    COMPARISON_COLUMNS,
    TRAFFIC_COLUMNS,
    comparison_rows,
    external_memory,
    traffic_rows,
)
from .network_drawing import KINDS, NOISE_LEVELS, ROW_HEIGHT, draw_network
from .range_plot import MOST_DECIBELS, range_rows
from .structure import BuildReport
from .templates import render_template
from .warnings import describe_warnings


def render_html(report: BuildReport) -> str:
    """The whole page; the same report gives the same text."""
    verdict, passed = text.verdict(report)
    network = draw_network(report)
    occurring = {row.kind for row in network.rows}
    return render_template(
        "page",
        report=report,
        text=text,
        summary=text.summary_rows(report),
        warnings=describe_warnings(report.warnings),
        verdict=verdict,
        verdict_class={True: "pass", False: "fail", None: "none"}[passed],
        network=network,
        kinds={kind: title for kind, title in KINDS.items() if kind in occurring},
        noise_levels=NOISE_LEVELS,
        row_height=ROW_HEIGHT,
        ranges=range_rows(report.layers),
        most_decibels=MOST_DECIBELS,
        schedule=schedule_chart(report.frame, report.layers),
        traffic_columns=TRAFFIC_COLUMNS,
        traffic=traffic_rows(report) if report.traffic else [],
        external=external_memory(report),
        comparison_columns=COMPARISON_COLUMNS,
        comparison=comparison_rows(report) if report.energy else [],
        cost_columns=COLUMNS,
        cost_rows=cost_rows(report.costs) if report.costs else [],
    )

"""A page about a design for whoever is to put it into a system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..shell import TopPorts
from . import text
from .structure import BuildReport
from .templates import render_template
from .timing_drawing import draw_timing


@dataclass(frozen=True, kw_only=True)
class RegisterRow:
    """A register, as the datasheet lists it.

    Parameters
    ----------
    offset
        Byte address within the block's window.
    name, access, meaning
        Name, "read", "write" or "read, write", and a few words.
    """

    offset: int
    name: str
    access: str
    meaning: str


def render_datasheet(
    report: BuildReport, ports: TopPorts, registers: Sequence[RegisterRow] = ()
) -> str:
    """The page: ports, timing, registers, resources, accuracy; static HTML without scripts.

    Parameters
    ----------
    report
        Of the build.
    ports
        Of the top module.
    registers
        Those that there are.
    """
    verdict, passed = text.verdict(report)
    verification = report.verification
    return render_template(
        "datasheet",
        report=report,
        text=text,
        verdict=verdict,
        verdict_class={True: "pass", False: "fail", None: "none"}[passed],
        ports=ports,
        timing=[
            (diagram, draw_timing(diagram))
            for diagram in (verification.diagrams if verification else ())
        ],
        registers=registers,
        resources=_resources(report),
        accuracy=text.accuracy_rows(report.accuracy) if report.accuracy else [],
    )


def _resources(report: BuildReport) -> list[tuple[str, str]]:
    """What is known of a design's size without synthesis."""
    return [
        ("multipliers", f"{report.mac_units} ({report.rows} x {report.cols})"),
        *(
            (f"{name.replace('_', ' ')} memory", text.bits(size))
            for name, size in report.memory_bits.items()
            if size
        ),
        *(text.device_rows(report.device) if report.device else ()),
    ]

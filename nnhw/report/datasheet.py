"""A page about a design for whoever is to put it into a system."""

from __future__ import annotations

from ..registers import Access, PlacedRegister, RegisterMap
from ..shell import TopPorts
from . import text
from .structure import BuildReport
from .templates import render_template
from .timing_drawing import draw_timing

_WRITTEN = (Access.STORED, Access.COMMAND, Access.FLAG, Access.POINTER, Access.PORT)
_ONLY_WRITTEN = (Access.COMMAND, Access.PORT)


def render_datasheet(
    report: BuildReport, ports: TopPorts, registers: RegisterMap | None = None
) -> str:
    """The page: ports, timing, registers, resources, accuracy; static HTML without scripts.

    Parameters
    ----------
    report
        Of the build.
    ports
        Of the top module.
    registers
        What a control bus reaches; None without one.
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
        registers=[] if registers is None else _register_rows(registers),
        resources=_resources(report),
        accuracy=text.accuracy_rows(report.accuracy) if report.accuracy else [],
    )


def _register_rows(registers: RegisterMap) -> list[tuple[int, str, str, str]]:
    """Offset, name, access and meaning of each register; of blocks that are repeated, the first
    entry stands for all."""
    return [
        (placed.address, f"{placed.block_name}.{placed.register.name}", *_access_and_help(placed))
        for placed in registers
        if placed.entry == 0
    ]


def _access_and_help(placed: PlacedRegister) -> tuple[str, str]:
    fields = placed.register.fields
    is_read = any(field.access not in _ONLY_WRITTEN for field in fields)
    is_written = any(field.access in _WRITTEN for field in fields)
    access = ", ".join(["read"] * is_read + ["write"] * is_written)
    repeats = f"; one every {placed.block.size} bytes" if placed.block.is_repeated else ""
    return access, f"{placed.register.help}{repeats}"


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

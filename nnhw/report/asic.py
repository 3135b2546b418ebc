"""What synthesis for silicon found out, as rows of a table."""

from __future__ import annotations

from ..synth import AsicResult
from . import text


def asic_rows(result: AsicResult) -> list[tuple[str, str]]:
    """A result's size, speed, energy and memories, as (name, figure)."""
    area, speed, power = result.area, result.speed, result.power
    rows = [
        ("process", result.description),
        ("area", f"{area.square_mm:.4g} mm² of cells, {area.gate_equivalents:,} gate equivalents"),
        ("flip-flops", f"{area.flip_flops:,}"),
        *_memory_rows(result),
        ("clock", f"{speed.fmax_mhz:.1f} MHz at most"),
        ("latency", f"{speed.latency_us:,.1f} µs a frame"),
        ("speed", f"{speed.frames_per_second:,.0f} frames a second"),
        ("critical path", " → ".join(text.shorten(name, 48) for name in speed.path.signals)),
        ("", f"{speed.path.logic_ns:.1f} ns in {speed.path.levels} cells"),
    ]
    if power is None:
        return rows
    return [
        *rows,
        ("energy", f"{energy(power.inference_nj)} an inference, without memories"),
        (
            "",
            f"cells {energy(power.internal_nj)}, nets {energy(power.switching_nj)}, "
            f"clock pins {energy(power.clock_nj)}",
        ),
        (
            "power",
            f"{power.dynamic_mw_at_goal:.3g} mW at {speed.goal_mhz:g} MHz, "
            f"{power.dynamic_mw_at_fmax:.3g} mW at {speed.fmax_mhz:.1f} MHz; "
            f"leakage {power.leakage_uw:.2g} µW",
        ),
        ("counted in", text.counted(power.cycles, "clock cycle")),
    ]


def energy(nanojoules: float) -> str:
    """An energy with a unit that suits it."""
    if nanojoules < 1000:
        return f"{nanojoules:.3g} nJ"
    return f"{nanojoules / 1000:.3g} µJ"


def _memory_rows(result: AsicResult) -> list[tuple[str, str]]:
    """The macros: all together, then each kind."""
    if not result.memories:
        return [("memory macros", "none")]
    total = sum(use.count * use.bits for use in result.memories)
    count = sum(use.count for use in result.memories)
    return [
        ("memory macros", f"{count} of {total:,} bits, in no other figure"),
        *(("", f"{use.count} x {use.module}") for use in result.memories),
    ]

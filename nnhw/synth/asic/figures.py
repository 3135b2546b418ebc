"""Area and power of a netlist in the units that people compare."""

from __future__ import annotations

from collections.abc import Mapping

from ..processes import Process
from .liberty import Library
from .power import Energy
from .result import Area, Power


def measure_area(cells: Mapping[str, int], library: Library, process: Process) -> Area:
    """The area of cells, by type; macros, which the library does not have, have none."""
    total = sum(
        count * library.cells[cell].area for cell, count in cells.items() if cell in library.cells
    )
    return Area(
        square_mm=round(total / 1e6, 4),
        gate_equivalents=round(total / library.cells[process.gate].area),
        flip_flops=sum(cells.get(cell, 0) for cell in process.flip_flops),
    )


def measure_power(
    energy: Energy,
    leakage_nw: float,
    *,
    cycles: int,
    interval_cycles: int,
    goal_mhz: float,
    fmax_mhz: float,
) -> Power:
    """Energy of an inference, and power at two clocks.

    Parameters
    ----------
    energy
        Of a window of `cycles` clock cycles.
    leakage_nw
        Of all cells.
    interval_cycles
        Clock cycles from frame to frame.
    """
    frames = cycles / interval_cycles
    per_cycle = energy.total_pj / cycles
    return Power(
        cycles=cycles,
        internal_nj=_nano(energy.internal_pj / frames),
        switching_nj=_nano(energy.switching_pj / frames),
        clock_nj=_nano(energy.clock_pj / frames),
        inference_nj=_nano(energy.total_pj / frames),
        # pJ in a cycle times MHz are uW
        dynamic_mw_at_goal=round(per_cycle * goal_mhz / 1000, 4),
        dynamic_mw_at_fmax=round(per_cycle * fmax_mhz / 1000, 4),
        leakage_uw=round(leakage_nw / 1000, 5),
    )


def _nano(pico: float) -> float:
    return round(pico / 1000, 4)

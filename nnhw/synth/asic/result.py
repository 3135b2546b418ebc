"""What synthesis for silicon found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..result import NetlistCheck, SavedResult
from ..timing import CriticalPath
from .memories import MemoryUse


@dataclass(frozen=True, kw_only=True)
class Area:
    """Area of the cells, without macros.

    Parameters
    ----------
    square_mm
        Sum of the cells' footprints; a layout needs more for wires.
    gate_equivalents
        The same in areas of a two-input NAND.
    flip_flops
        How many of the cells are flip-flops.
    """

    square_mm: float
    gate_equivalents: int
    flip_flops: int


@dataclass(frozen=True, kw_only=True)
class AsicSpeed:
    """How fast the netlist is, before placement.

    Parameters
    ----------
    goal_mhz
        The clock aimed at.
    fmax_mhz
        Highest frequency that static timing analysis allows.
    latency_us, frames_per_second
        Of the design at `fmax_mhz`.
    path
        What limits it.
    """

    goal_mhz: float
    fmax_mhz: float
    latency_us: float
    frames_per_second: float
    path: CriticalPath


@dataclass(frozen=True, kw_only=True)
class Power:
    """Energy and power of the cells, without macros, from a simulation of real frames.

    Parameters
    ----------
    cycles
        Clock cycles in which transitions were counted: one interval, in steady state, or the first
        part of one.
    internal_nj, switching_nj, clock_nj
        Dynamic energy of an inference: inside of cells, in nets, and in the clock pins.
    inference_nj
        Their sum.
    dynamic_mw_at_goal, dynamic_mw_at_fmax
        Dynamic power while frames follow one another, at the clock aimed at and at the highest.
    leakage_uw
        Leakage power.
    """

    cycles: int
    internal_nj: float
    switching_nj: float
    clock_nj: float
    inference_nj: float
    dynamic_mw_at_goal: float
    dynamic_mw_at_fmax: float
    leakage_uw: float


@dataclass(frozen=True, kw_only=True)
class AsicResult(SavedResult):
    """A design in silicon, before layout.

    Parameters
    ----------
    design, target, description
        Name of the design, name of the target, and what process that is.
    tools
        Names and versions of the programs.
    cells
        Cells of the netlist by type, macros included.
    area
        Of the cells.
    memories
        Macros, which are in none of the other figures.
    speed
        Of the netlist.
    power
        Likewise; None if the simulated netlist differs from the golden model.
    simulation
        Of the netlist.
    remarks
        What a reader has to know about the figures.
    edited
        Verilog files that have changed since the design was built.
    """

    design: str
    target: str
    description: str
    tools: Mapping[str, str]
    cells: Mapping[str, int]
    area: Area
    memories: tuple[MemoryUse, ...]
    speed: AsicSpeed
    power: Power | None
    simulation: NetlistCheck
    remarks: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether the netlist equals the golden model."""
        return self.simulation.passed


def parse_asic_result(values: Mapping[str, Any]) -> AsicResult:
    """The result that was saved as `values`."""
    speed = values["speed"]
    return AsicResult(
        **{
            **values,
            "area": Area(**values["area"]),
            "memories": tuple(MemoryUse(**use) for use in values["memories"]),
            "speed": AsicSpeed(**{**speed, "path": CriticalPath.parse(speed["path"])}),
            "power": Power(**values["power"]) if values["power"] else None,
            "simulation": NetlistCheck.parse(values["simulation"]),
            "remarks": tuple(values["remarks"]),
            "edited": tuple(values.get("edited", ())),
        }
    )

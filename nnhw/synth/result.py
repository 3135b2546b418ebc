"""What a synthesis found out, and the file that keeps it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import ToolError
from .timing import CriticalPath
from .usage import Usage

RESULT_FILE = "result.json"
SYNTHESIS_FOLDER = "syn"
"""Folder of an exported design that has a folder for each target it was synthesized for."""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """How fast a placed and routed design is.

    Parameters
    ----------
    speed_grade
        Of the device; "" where there is but one.
    goal_mhz
        Frequency that place and route aimed at.
    fmax_mhz
        Highest frequency of the best placement.
    seed
        That it was made with.
    seeds
        Highest frequency of every placement, by seed.
    latency_us, frames_per_second
        Of the design at `fmax_mhz`.
    path
        What limits it; None if unknown.
    """

    speed_grade: str
    goal_mhz: float
    fmax_mhz: float
    seed: int
    seeds: Mapping[int, float]
    latency_us: float
    frames_per_second: float
    path: CriticalPath | None


@dataclass(frozen=True, kw_only=True)
class NetlistCheck:
    """What the simulation of the synthesized netlist showed.

    Parameters
    ----------
    passed
        Whether every byte of the output equalled the golden model's, and the cycle counts were
        those of the cycle model.
    failures
        Why not.
    simulator
        Name and version.
    frames
        Test vectors used.
    """

    passed: bool
    failures: tuple[str, ...]
    simulator: str
    frames: int


@dataclass(frozen=True, kw_only=True)
class SynthesisResult:
    """A design on a device.

    Parameters
    ----------
    design, target, description
        Name of the design, name of the target, and what device that is.
    tools
        Names and versions of the programs.
    usage
        Occupied resources: of the netlist, or, after place and route, of the device.
    cells
        Cells of the netlist by type.
    fits
        Whether the device has enough of everything.
    advice
        What to change if it does not.
    speed
        After place and route; else None.
    simulation
        Of the netlist; None if it was not asked for.
    remarks
        What a reader has to know about the figures.
    """

    design: str
    target: str
    description: str
    tools: Mapping[str, str]
    usage: tuple[Usage, ...]
    cells: Mapping[str, int]
    fits: bool
    advice: tuple[str, ...] = ()
    speed: Speed | None = None
    simulation: NetlistCheck | None = None
    remarks: tuple[str, ...] = ()

    def save(self, folder: Path) -> None:
        """Write result.json in `folder`; it is replaced at once."""
        partial = folder / f".{RESULT_FILE}.partial"
        partial.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")
        os.replace(partial, folder / RESULT_FILE)


def load_result(path: Path) -> SynthesisResult:
    """Read a result.json.

    Raises
    ------
    ToolError
        If it is missing or damaged.
    """
    try:
        return _result(json.loads(path.read_text()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ToolError(
            f"'{path}' is not a result of nnhw synth ({error!r}); run it again"
        ) from None


def load_results(design_dir: Path) -> tuple[SynthesisResult, ...]:
    """All results of an exported design, by name of the target.

    Raises
    ------
    ToolError
        If one of them is damaged.
    """
    files = sorted((design_dir / SYNTHESIS_FOLDER).glob(f"*/{RESULT_FILE}"))
    return tuple(load_result(file) for file in files)


def _result(values: dict[str, Any]) -> SynthesisResult:
    speed, simulation = values.pop("speed"), values.pop("simulation")
    for name in ("advice", "remarks"):
        values[name] = tuple(values[name])
    return SynthesisResult(
        **{**values, "usage": tuple(Usage(**usage) for usage in values["usage"])},
        speed=_speed(speed) if speed else None,
        simulation=NetlistCheck(**{**simulation, "failures": tuple(simulation["failures"])})
        if simulation
        else None,
    )


def _speed(values: dict[str, Any]) -> Speed:
    path = values.pop("path")
    seeds = {int(seed): fmax for seed, fmax in values.pop("seeds").items()}
    if path:
        path = CriticalPath(**{**path, "signals": tuple(path["signals"])})
    return Speed(**values, seeds=seeds, path=path)

"""What a synthesis for an FPGA found out, and the file that keeps a result."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..options import Effort
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
        Frequency that place and route aimed at first.
    fmax_mhz
        Highest frequency of the placement that counts: of the median one, or, with high effort, of
        the fastest.
    seed
        That it was made with.
    effort
        See `SynthesisOptions`.
    seeds
        Highest frequency of every placement, by seed.
    failed_seeds
        Those that nextpnr could not route.
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
    effort: Effort = Effort.NORMAL
    failed_seeds: tuple[int, ...] = ()


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

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> NetlistCheck:
        """The check that was saved as `values`."""
        return cls(**{**values, "failures": tuple(values["failures"])})


class SavedResult:
    """A dataclass of figures that is kept as result.json."""

    def save(self, folder: Path) -> None:
        """Write result.json in `folder`; it is replaced at once."""
        partial = folder / f".{RESULT_FILE}.partial"
        values = asdict(self)  # type: ignore[call-overload]
        partial.write_text(
            json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        os.replace(partial, folder / RESULT_FILE)


@dataclass(frozen=True, kw_only=True)
class SynthesisResult(SavedResult):
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
    edited
        Verilog files that have changed since the design was built.
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
    edited: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether the design fits, and its netlist, if simulated, equals the golden model."""
        return self.fits and (self.simulation is None or self.simulation.passed)


def parse_result(values: Mapping[str, Any]) -> SynthesisResult:
    """The result that was saved as `values`."""
    speed, simulation = values["speed"], values["simulation"]
    return SynthesisResult(
        **{
            **values,
            "usage": tuple(Usage(**usage) for usage in values["usage"]),
            "advice": tuple(values["advice"]),
            "speed": _speed(speed) if speed else None,
            "simulation": NetlistCheck.parse(simulation) if simulation else None,
            "remarks": tuple(values["remarks"]),
            "edited": tuple(values.get("edited", ())),
        }
    )


def _speed(values: Mapping[str, Any]) -> Speed:
    path = values["path"]
    return Speed(
        **{
            **values,
            "effort": Effort(values.get("effort", Effort.HIGH)),
            "seeds": {int(seed): fmax for seed, fmax in values["seeds"].items()},
            "failed_seeds": tuple(values.get("failed_seeds", ())),
            "path": CriticalPath.parse(path) if path else None,
        }
    )

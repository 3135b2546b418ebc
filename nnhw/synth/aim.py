"""The frequency that place and route aims at where nobody has said one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ToolError
from ..families import Target
from .child import error_lines, run_logged
from .nextpnr import Until, placing_run
from .steps import Step

_SEED = 1
_GAIN = 1.15
"""What a router that takes slow wires away again gains over what placing promises. Of
resnet8, dscnn and the autoencoder of benchmarks/synthesis.py: 1.04 to 1.15 times."""
_LOG = "nextpnr.log"
_ESTIMATES = re.compile(r"Max frequency for clock\s+'[^']*': ([\d.]+) MHz")


def estimate_frequency(
    netlist: Path,
    target: Target,
    *,
    out: Path,
    constraints: Path | None,
    speed_grade: str,
    inputs: Mapping[str, Any],
) -> float:
    """Frequency in MHz that a placement promises before its wires are routed, and somewhat more.

    A router that can have every path as fast as it is asked for stops there: asked for too little,
    it says nothing about the design, and asked for too much, it finds no way. So the cells are
    placed once without routing, and what the placer expects of the wires is the measure of what can
    be asked for.

    Parameters
    ----------
    out
        Folder to write to; it is not made again as long as `inputs` are the same.
    inputs
        All that the placement depends on; see `Step`.

    The others are those of `place_and_route`.

    Raises
    ------
    ToolError
        If nextpnr is not installed or fails; the design may be too large.
    """
    step = Step(out, {**inputs, "seed": _SEED})
    if not step.done:
        partial = step.start()
        run = placing_run(
            netlist,
            target,
            out=partial,
            freq=target.frequency_mhz,
            seed=_SEED,
            constraints=constraints,
            speed_grade=speed_grade,
            log=partial / _LOG,
            until=Until.PLACED,
        )
        if run_logged(run) != 0:
            raise ToolError(f"Placing for {target.name} failed:\n{error_lines(run.log)}")
        step.finish()
    log = (out / _LOG).read_text(encoding="utf-8", errors="replace")
    return _GAIN * read_estimate(log, target)


def read_estimate(log: str, target: Target) -> float:
    """The slowest clock's frequency in MHz at the end of a log of nextpnr; the target's own if it
    has no clock."""
    # each analysis of timing prints a line for every clock
    estimates: dict[str, float] = {}
    for line in _ESTIMATES.finditer(log):
        estimates[line[0].partition(": ")[0]] = float(line[1])
    return min(estimates.values(), default=target.frequency_mhz)

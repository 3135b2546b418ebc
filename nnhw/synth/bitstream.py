"""From a placed design to the file that configures a device."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from ..errors import ToolError
from .child import Run, error_lines, relative, run_logged
from .nextpnr import PlacedDesign
from .placer import find_placer


def pack_bitstream(placed: PlacedDesign, out: Path, *, log: Path | None = None) -> Path:
    """Write the bitstream of a placed design; returns `out`.

    Parameters
    ----------
    out
        The file, by custom with `Placer.bitstream_suffix`. It appears complete or not at all.
    log
        File for what the packer prints; None: `out` with the suffix .log.

    Raises
    ------
    ToolError
        If the packer is not installed or fails.
    """
    family = find_placer(placed.target)
    module, function = family.packer, family.packer_function
    if importlib.util.find_spec(module.split(".")[0]) is None:
        raise ToolError(
            f"The bitstream packer for {placed.target.name} is missing; install it with: "
            "pip install 'nnhw[synth]'"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    log = log or out.with_suffix(".log")
    partial = out.with_name(f".{out.name}.partial")
    config = relative(placed.config, out.parent)
    arguments = family.packer_arguments(placed.target, config, partial.name)
    call = f"{function}({'sys.argv[1:]' if family.packer_takes_arguments else ''})"
    code = f"import sys; from {module} import {function}; sys.exit({call})"
    command = [sys.executable, "-c", code, *arguments]
    status = run_logged(Run(command=command, log=log, cwd=out.parent))
    if status != 0 or not partial.is_file():
        raise ToolError(
            f"Packing the bitstream for {placed.target.name} failed:\n{error_lines(log, ('rror',))}"
        )
    partial.replace(out)
    return out

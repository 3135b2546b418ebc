"""From an exported design to a result: the flow of the target's kind."""

from __future__ import annotations

from os import PathLike

from ..design import read_design
from .asic import AsicResult, run_asic
from .flow import run_fpga
from .options import Progress, SynthesisOptions
from .processes import PROCESSES
from .result import SynthesisResult


def run_synthesis(
    design_dir: str | PathLike[str],
    options: SynthesisOptions,
    *,
    progress: Progress = lambda step, share: None,
) -> SynthesisResult | AsicResult:
    """Take an exported design as far on a device as the options say.

    All files go to the folder syn/TARGET of the design: the result as result.json, and a folder
    for each step. Steps that are finished are not repeated as long as sources, options and programs
    are the same. A design that does not fit is a result, not an exception.

    Parameters
    ----------
    progress
        Called with the name of each step and the share of it that is done.

    Raises
    ------
    ExportError
        If the design's files are missing or damaged.
    OptionError
        If an option does not suit the target.
    ToolError
        If a program is missing or fails.
    """
    design = read_design(design_dir)
    if options.target in PROCESSES:
        return run_asic(design, options, progress=progress)
    return run_fpga(design, options, progress=progress)

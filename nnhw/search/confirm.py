"""The most promising designs, built, simulated and synthesized."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..data import Data
from ..families import named_target
from ..options import BuildOptions
from ..pipeline import build
from ..synth import SynthesisOptions, SynthesisResult, run_synthesis
from .figures import RESOURCES, Figures, Kind

FOLDER = "designs"
"""In the output folder, with a folder for each design."""


def confirm_design(
    model: Path,
    data: Data | None,
    options: BuildOptions,
    folder: Path,
    progress: Callable[[str, float], None],
) -> Figures:
    """Build and simulate a design, synthesize it, and place and route it if that can be had.

    Parameters
    ----------
    folder
        For the design, which `nnhw diff` and all others take; one that is there is replaced, but
        for what its synthesis can use again.

    Returns
    -------
    Figures
        What the device holds, and how fast it is there.

    Raises
    ------
    NnhwError
        See `build` and `run_synthesis`.
    """
    assert options.target is not None, "the options have been checked"
    target = named_target(options.target)
    assert target is not None
    built = build(model, data=data, config=options, out=folder, force=True, progress=progress)
    wanted = SynthesisOptions(target=target.name, place=target.can_place)
    result = run_synthesis(folder, wanted, progress=progress)
    assert isinstance(result, SynthesisResult), "an FPGA"
    names = {resource: name for name, resource in RESOURCES.items()}
    found: dict[str, float] = {
        names[resource]: usage.used
        for usage in result.usage
        for resource in RESOURCES.values()
        if usage.resource == resource
    }
    if result.speed is None:
        return {Kind.SYNTHESIZED: found}
    cycles = built.state.placement.cycles
    found["clock"] = round(result.speed.fmax_mhz, 1)
    found["latency"] = round(cycles.latency_cycles / result.speed.fmax_mhz, 3)
    found["fps"] = round(1e6 * result.speed.fmax_mhz / cycles.interval_cycles, 1)
    return {Kind.PLACED: found}

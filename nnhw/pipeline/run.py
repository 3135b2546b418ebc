"""The run of a build's steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from ..budget import memory_budget
from ..errors import OptionError
from ..frontend import verilog_identifier
from ..options import BuildOptions, options_from
from ..report import BuildReport, QualityWarning
from ..staging import staged_folder
from .saved import restore_step, save_step
from .state import BuildState, Progress
from .step import Step, find_step
from .steps import STEPS


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """A finished design, or how far a build has come that was to stop before.

    Parameters
    ----------
    folder
        Where the design is; None if the build stopped before its export.
    state
        What the steps have made: graphs, program, accuracy.
    steps
        Names of the steps that were done or read back, in order.
    """

    folder: Path | None
    state: BuildState
    steps: tuple[str, ...]

    @property
    def warnings(self) -> tuple[QualityWarning, ...]:
        """What is to be warned of; nothing before the accuracy is measured."""
        return self.state.quality.warnings if "measure" in self.steps else ()

    @property
    def has_report(self) -> bool:
        """Whether the build came as far as its report."""
        return self.state.report is not None

    @property
    def report(self) -> BuildReport:
        """What there is to say about the design.

        Raises
        ------
        OptionError
            If the build stopped before its report.
        """
        if self.state.report is None:
            raise OptionError("The build stopped before its report; leave out stop")
        return self.state.report


def build(
    model: str | PathLike[str],
    *,
    data: str | PathLike[str] | None = None,
    out: str | PathLike[str] | None = None,
    config: BuildOptions | str | PathLike[str] | None = None,
    force: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
    steps: Sequence[Step] = STEPS,
    start: str | None = None,
    stop: str | None = None,
    save_steps: str | PathLike[str] | None = None,
    **options: Any,
) -> BuildResult:
    """Quantize a network, generate its accelerator, export it and prove the export right.

    A model that is quantized already keeps its own numbers and needs no data.

    The same files and options give byte-identical designs.

    Parameters
    ----------
    model
        ONNX file.
    data
        .npz file with samples `x`, or an array for each of several inputs by its name, and
        optionally labels `y` (see `load_data`): part of it calibrates the quantization, the rest
        measures accuracy, against the model file's own answers in onnxruntime, and feeds the
        simulation. Without data, which only a quantized model can do, random frames are simulated.
    out
        Output folder; None: rtl_out/NAME with the model file's name.
    config
        Options, or the TOML file that holds them (see `load_options`); the defaults if None.
    force
        Whether a design in `out` may be replaced.
    jobs
        Most processes that simulate; None: as many as have a core and enough to do. The design does
        not depend on it.
    progress
        Called with the name of each step and 0 when it begins, and with larger shares up to 1 as
        far as they are known.
    steps
        What is done, in this order; see `insert_step` and `replace_step`.
    start
        The step to begin with: graphs that earlier ones make are read from `save_steps`. Data and
        answers of the model file are gathered again.
    stop
        The last step. Nothing is written to `out` if it comes before the export; see `save_steps`.
    save_steps
        Folder for the graphs that the steps make, as .npz files for `nnhw.ir.load_graph`; or, with
        `start`, where an earlier build of the same model, data and quantization has left them.
    options
        By name, in place of those of `config`; see `BuildOptions` for what there is.

    Raises
    ------
    NnhwError
        If anything that lies outside nnhw is wrong; `out` is then as it was before.
    QualityError
        If there is something to warn of (see `nnhw.report.find_warnings`) and the option `strict`
        is on; nothing is written.
    VerificationError
        If the network as it was read differs from what onnxruntime makes of the file; or if the
        hardware differs from the golden model: the design is then in `out`.failed.
    """

    state = BuildState(
        model=Path(model),
        data=None if data is None else Path(data),
        options=options_from(config, options),
        jobs=jobs,
        progress=progress or (lambda step, share: None),
    )
    first = 0 if start is None else find_step(steps, start)
    last = len(steps) - 1 if stop is None else find_step(steps, stop)
    if start is not None and save_steps is None:
        raise OptionError("Option start needs save_steps, the folder of the steps before it")
    if last < first:
        raise OptionError(f"Step '{stop}' comes before '{start}'; there is nothing to do")
    saved = None if save_steps is None else Path(save_steps)
    name = verilog_identifier(state.model.stem)
    folder = Path("rtl_out", name) if out is None else Path(out)

    done: list[str] = []

    def run(places: range) -> None:
        for place in places:
            step = steps[place]
            if place < first and step.makes:
                assert saved is not None, "checked above"
                restore_step(state, step, saved)
            elif step.applies(state):
                state.progress(step.title, 0)
                step.run(state)
                if saved is not None and place >= first:
                    save_step(state, step, saved)
            else:
                continue
            done.append(step.name)

    writing = [place for place in range(last + 1) if steps[place].writes]
    with memory_budget(state.options.max_memory):
        # A model that cannot be read leaves no folder behind.
        run(range(0, 1))
        if not writing:
            run(range(1, last + 1))
            return BuildResult(folder=None, state=state, steps=tuple(done))
        with staged_folder(folder, force=force) as state.stage:
            run(range(1, last + 1))
    return BuildResult(folder=folder, state=state, steps=tuple(done))

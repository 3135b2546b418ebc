"""The run of a build's steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from ..budget import memory_budget
from ..data import Data, Metrics, data_source, named_metrics
from ..design import read_design
from ..errors import OptionError
from ..frontend import Model, model_file, verilog_identifier
from ..inference import Inference, run_design
from ..options import BuildOptions, Flag, Integer, check, options_from
from ..plugins import OPERATORS, chosen_plugins, plugins_in_use
from ..report import BuildReport, QualityWarning
from ..staging import staged_folder
from .saved import restore_step, save_step
from .state import BuildState, Progress
from .step import Step, find_step, with_plugins
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
        """What is to be warned of: of the accuracy when it is measured, of the device when the
        network is mapped to it."""
        quality = self.state.quality.warnings if "measure" in self.steps else ()
        return (*quality, *(self.state.placement.warnings if "map" in self.steps else ()))

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

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The contract for tools, as it is in manifest.json of the folder.

        Raises
        ------
        OptionError
            If the build stopped before its export.
        ExportError
            If the folder has changed since.
        """
        return read_design(self._exported).manifest

    def run(self, x: Data, *, metrics: Metrics | None = None) -> Inference:
        """What the design makes of samples, by its golden model; see `nnhw.run_design`.

        Raises
        ------
        OptionError
            If the build stopped before its export.
        NnhwError
            See `nnhw.run_design`.
        """
        return run_design(self._exported, x, metrics=metrics)

    @property
    def _exported(self) -> Path:
        if self.folder is None:
            raise OptionError("The build stopped before its export; leave out stop")
        return self.folder


def build(
    model: Model,
    *,
    data: Data | None = None,
    metrics: Metrics | None = None,
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
        ONNX file, or an `onnx.ModelProto`, whose graph's name stands for the file's.
    data
        Samples, and optionally labels: part of them calibrates the quantization, the rest measures
        accuracy, against the model file's own answers in onnxruntime, and feeds the simulation.
        Without data, which only a quantized model can do, random frames are simulated. One of

        - the path of an .npz file with samples `x`, or an array for each of several inputs by its
          name, and optionally labels `y`; of an .npy file with the samples of an only input; or of
          a folder of .npy files by these names, which may be larger than memory;
        - an array, the samples of an only input;
        - a tuple (inputs, labels), or
        - a dictionary of arrays or .npy files by these names.

        Samples have the shape of the model's input. Integer labels are classes of the first output
        (top-1 accuracy), real numbers of its shape what it should be (mean squared error and R²);
        see `nnhw.data.load_data`.
    metrics
        Functions of (outputs, labels), which give a number for the report: one, a list, or a
        dictionary by name. Outputs are real values of shape (N, ...), the rest as in the model, a
        dictionary by name of several; labels are the N labels, of any shape, None without.
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

    Returns
    -------
    BuildResult
        It has the folder, the report, the manifest, and `run` for other samples.

    Raises
    ------
    NnhwError
        If anything that lies outside nnhw is wrong, types of these parameters too; `out` is then
        as it was before.
    QualityError
        If there is something to warn of (see `nnhw.report.find_warnings`) and the option `strict`
        is on; nothing is written.
    VerificationError
        If the network as it was read differs from what onnxruntime makes of the file; or if the
        hardware differs from the golden model: the design is then in `out`.failed.
    """
    _check_types(out=out, save_steps=save_steps, force=force, jobs=jobs, progress=progress)
    if not isinstance(steps, Sequence) or not all(isinstance(step, Step) for step in steps):
        raise OptionError("Option steps must be a sequence of Step, such as insert_step makes")
    chosen = options_from(config, options)
    with plugins_in_use() as plugins:
        chosen_plugins(chosen.plugins, OPERATORS)
        steps = with_plugins(steps, chosen.plugins)
        first = 0 if start is None else find_step(steps, start)
        last = len(steps) - 1 if stop is None else find_step(steps, stop)
        if start is not None and save_steps is None:
            raise OptionError("Option start needs save_steps, the folder of the steps before it")
        if last < first:
            raise OptionError(f"Step '{stop}' comes before '{start}'; there is nothing to do")
        with model_file(model) as file:
            state = BuildState(
                model=file,
                data=None if data is None else data_source(data),
                options=chosen,
                jobs=jobs,
                progress=progress or (lambda step, share: None),
                metrics=named_metrics(metrics),
                plugins=plugins,
            )
            folder = Path("rtl_out", verilog_identifier(file.stem)) if out is None else Path(out)
            saved = None if save_steps is None else Path(save_steps)
            return run_steps(state, steps[: last + 1], first, folder, force, saved)


def run_steps(
    state: BuildState,
    steps: Sequence[Step],
    first: int,
    folder: Path,
    force: bool,
    saved: Path | None,
) -> BuildResult:
    """Run the steps from place `first` on; graphs of those before are read from `saved`."""

    done: list[str] = []

    def run(places: range) -> None:
        for place in places:
            step = steps[place]
            if place < first and step.makes:
                assert saved is not None, "build has checked it"
                restore_step(state, step, saved)
            elif step.applies(state):
                state.progress(step.title, 0)
                step.run(state)
                if saved is not None and place >= first:
                    save_step(state, step, saved)
            else:
                continue
            done.append(step.name)

    with memory_budget(state.options.max_memory):
        # A model that cannot be read leaves no folder behind.
        run(range(0, 1))
        if not any(step.writes for step in steps):
            run(range(1, len(steps)))
            return BuildResult(folder=None, state=state, steps=tuple(done))
        with staged_folder(folder, force=force) as state.stage:
            run(range(1, len(steps)))
    return BuildResult(folder=folder, state=state, steps=tuple(done))


def _check_types(
    *, force: object, jobs: object, progress: object, **paths: str | PathLike[str] | None
) -> None:
    """Refuse parameters of wrong types."""
    for name, value in paths.items():
        if value is not None and not isinstance(value, str | PathLike):
            raise OptionError(f"Option {name} must be a path, not {type(value).__name__}")
    check("force", Flag(), force)
    if jobs is not None:
        check("jobs", Integer(1), jobs)
    if progress is not None and not callable(progress):
        raise OptionError(
            "Option progress must be a function of a step's name and a share, not "
            f"{type(progress).__name__}"
        )

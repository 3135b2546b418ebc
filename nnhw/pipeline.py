"""A build: the ordered steps from a model file to a verified design."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from .budget import memory_budget
from .conversion import check_options, convert, read_samples
from .design import write_checksums
from .errors import NnhwError, QualityError, ToolError, VerificationError
from .export import export_design
from .frontend import Origins, load_model
from .mapping import Program
from .options import BuildOptions, options_from
from .placement import place
from .reference import consult_file
from .report import (
    BuildReport,
    Source,
    Verification,
    collect_report,
    describe_refusal,
    measure_quality,
    render_html,
)
from .simulate import SimulationResult, install_testbench, run_regression
from .staging import Stage, staged_folder
from .synth import HardwareCosts, measure_costs, require_yosys
from .vectors import make_vectors

Progress = Callable[[str, float], None]
"""Told the running step and the share of it that is done, 0 when it begins."""


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """A finished design.

    Parameters
    ----------
    folder
        Where it was written.
    report
        What there is to say about it.
    """

    folder: Path
    report: BuildReport


def build(
    model: str | PathLike[str],
    *,
    data: str | PathLike[str] | None = None,
    out: str | PathLike[str] | None = None,
    config: BuildOptions | str | PathLike[str] | None = None,
    force: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
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
        simulation. Without data, which only a quantized model can
        do, random frames are simulated.
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

    chosen = options_from(config, options)
    with memory_budget(chosen.max_memory):
        return _build(model, data, out, chosen, force, jobs, progress)


def _build(
    model: str | PathLike[str],
    data: str | PathLike[str] | None,
    out: str | PathLike[str] | None,
    chosen: BuildOptions,
    force: bool,
    jobs: int | None,
    progress: Progress | None,
) -> BuildResult:
    """The steps of `build`."""

    def begin(step: str) -> None:
        if progress is not None:
            progress(step, 0)

    begin("Read the model")
    network = load_model(model)
    out = Path("rtl_out", network.name) if out is None else Path(out)
    check_options(network, data, chosen)
    if chosen.costs:
        require_yosys()
    with staged_folder(out, force=force) as stage:
        folder = stage.folder
        begin("Read the data")
        samples = read_samples(data, network, chosen.seed)

        begin("Run the model file")
        evaluated = samples.evaluation.x if samples.evaluation else None
        answers = consult_file(model, network, evaluated, chosen.seed)

        with _file_names(model):
            converted = convert(network, samples, chosen, begin)
        float_graph, whole, graph = converted.simplified, converted.whole, converted.graph

        if samples.evaluation is not None:
            begin("Measure accuracy")
        quality = measure_quality(
            answers,
            float_graph,
            whole,
            graph,
            samples.evaluation,
            narrowest_bits=chosen.narrowest_bits,
        )
        if quality.warnings and chosen.strict:
            raise QualityError(describe_refusal(quality.warnings))

        begin("Map to an array")
        with _file_names(model):
            placement = place(graph, chosen)
        engine, program, cycles = placement.engine, placement.program, placement.cycles

        begin("Export Verilog")
        frames = samples.frames(graph, chosen.vectors)
        random = 1 if len(frames) else chosen.vectors
        model_sha256 = _sha256(model)
        export_design(
            graph,
            program,
            cycles,
            folder,
            model_sha256=model_sha256,
            weight_files=chosen.weights == "files",
        )
        install_testbench(folder)
        layers = [layer.tensor for layer in program.layers]
        vectors = make_vectors(
            graph,
            frames,
            layers,
            chosen.seed,
            random,
            input_bytes=engine.input_bytes,
            output_bytes=engine.output_bytes,
            whole=whole,
        )
        vectors.save(folder / "sim" / "vectors.npz")
        write_checksums(folder)
        files = _files(folder)

        stage.complete = True
        simulation = _simulate(stage, chosen, jobs, progress) if chosen.sim else None

        costs = _costs(program, progress) if chosen.costs else None

        begin("Report")
        report = collect_report(
            source=Source(
                model=_name(model),
                model_sha256=model_sha256,
                data=None if data is None else _name(data),
                data_sha256=None if data is None else _sha256(data),
                options=chosen.to_dict(),
                calibration_samples=len(samples.calibration) if samples.calibration else None,
            ),
            graph=graph,
            whole=whole,
            program=program,
            cycles=cycles,
            quality=quality,
            verification=_verification(simulation) if simulation else None,
            files=tuple(sorted([*files, "report.json", "report.html"])),
            costs=costs,
            equalization=converted.equalization,
        )
        (folder / "report.json").write_text(report.to_json(), encoding="utf-8")
        (folder / "report.html").write_text(render_html(report), encoding="utf-8")
        if simulation and not simulation.passed:
            raise VerificationError(_failure(simulation, stage))
    return BuildResult(folder=out, report=report)


@contextmanager
def _file_names(model: str | PathLike[str]) -> Iterator[None]:
    """Let errors in the block name the nodes of the model file."""
    try:
        yield
    except NnhwError as error:
        raise Origins.of_file(model).restate(error) from error


def _name(path: str | PathLike[str]) -> str:
    """A file's name as text that every file can hold: bytes that are none become marks."""
    return os.fsencode(Path(path).name).decode("utf-8", "replace")


def _sha256(path: str | PathLike[str]) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _files(folder: Path) -> list[str]:
    """All files in `folder`, relative to it."""
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def _simulate(
    stage: Stage, options: BuildOptions, jobs: int | None, progress: Progress | None
) -> SimulationResult:
    """Simulate the design; what is compiled for that is kept if, and only if, it fails."""
    step = f"Simulate with {options.simulator.capitalize()}"

    def on_frame(done: int, total: int) -> None:
        if progress is not None:
            progress(step, done / total)

    on_frame(0, 1)
    try:
        result = run_regression(
            stage.folder,
            simulator=options.simulator,
            seed=options.seed,
            jobs=jobs,
            progress=on_frame,
        )
    except ToolError as error:
        raise ToolError(_as_kept(str(error), stage)) from error
    if result.passed:
        for compiled in (stage.folder / "sim" / "sim_build", result.trace.parents[2]):
            shutil.rmtree(compiled, ignore_errors=True)
    return result


def _costs(program: Program, progress: Progress | None) -> HardwareCosts:
    """What optional hardware costs; `progress` is told of the syntheses."""

    def on_synthesis(share: float) -> None:
        if progress is not None:
            progress("Synthesize optional hardware", share)

    on_synthesis(0)
    return measure_costs(program, progress=on_synthesis)


def _verification(result: SimulationResult) -> Verification:
    return Verification(
        passed=result.passed,
        simulator=f"{result.simulator} {result.version}",
        frames=result.frames,
        latency_cycles=result.latency_cycles,
        interval_cycles=result.interval_cycles,
    )


def _failure(result: SimulationResult, stage: Stage) -> str:
    """What is wrong, and where to look for the cause."""
    lines = ["The simulated hardware differs from the golden model:"]
    lines += [f"  - {failure}" for failure in result.failures]
    lines += ["The design is kept for a look:"]
    lines += [f"  {file}" for file in (stage.folder, result.log, result.waves) if file]
    return _as_kept("\n".join(lines), stage)


def _as_kept(message: str, stage: Stage) -> str:
    """`message` with the paths that its files will have."""
    return message.replace(str(stage.folder), str(stage.failed))

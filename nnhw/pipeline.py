"""A build: the ordered steps from a model file to a verified design."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path

from .conversion import check_options, read_samples, to_integers
from .errors import DataError, MappingError, ToolError, VerificationError
from .export import export_design
from .frontend import load_model
from .mapping import choose_engine, map_graph, predict_cycles
from .passes import simplify_graph
from .quantize import QuantizeOptions, is_quantized
from .report import (
    BuildReport,
    Source,
    Verification,
    collect_report,
    measure_accuracy,
    render_html,
)
from .simulate import SimulationResult, install_testbench, run_regression
from .staging import Stage, staged_folder
from .vectors import make_vectors

SIMULATORS = ("verilator", "icarus")

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
    rows: int | None = None,
    cols: int | None = None,
    macs: int | None = None,
    weight_bits: int = 8,
    activation_bits: int = 8,
    vectors: int = 8,
    simulator: str = "verilator",
    simulate: bool = True,
    seed: int = 0,
    force: bool = False,
    progress: Progress | None = None,
) -> BuildResult:
    """Quantize a network, generate its accelerator, export it and prove the export right.

    A model that is quantized already keeps its own numbers and needs no data.

    The same files and options give byte-identical designs.

    Parameters
    ----------
    model
        ONNX file.
    data
        .npz file with samples `x` and optionally labels `y` (see `load_data`): part of it
        calibrates the quantization, the rest measures accuracy and feeds the simulation. Without
        data, which only a quantized model can do, random frames are simulated.
    out
        Output folder; None: rtl_out/NAME with the model file's name.
    rows, cols
        Size of the array; both or neither.
    macs
        Multipliers to spend, in place of `rows` and `cols`.
    weight_bits, activation_bits
        See `QuantizeOptions`.
    vectors
        Real samples to simulate, or random frames without data; the extreme frames come on top.
    simulator
        "verilator" or "icarus".
    simulate
        Whether to simulate the exported design.
    seed
        Of the choice of calibration samples, of random frames and of the simulation's pauses.
    force
        Whether a design in `out` may be replaced.
    progress
        Called with the name of each step and 0 when it begins, and with larger shares up to 1 as
        far as they are known.

    Raises
    ------
    NnhwError
        If anything that lies outside nnhw is wrong; `out` is then as it was before.
    VerificationError
        If the hardware differs from the golden model; the design is then in `out`.failed.
    """

    def begin(step: str) -> None:
        if progress is not None:
            progress(step, 0)

    _check_options(rows=rows, cols=cols, macs=macs, vectors=vectors, simulator=simulator)
    options = QuantizeOptions(weight_bits=weight_bits, activation_bits=activation_bits)

    begin("Read the model")
    network = load_model(model)
    out = Path("rtl_out", network.name) if out is None else Path(out)
    check_options(network, data, options)
    with staged_folder(out, force=force) as stage:
        folder = stage.folder
        begin("Read the data")
        samples = read_samples(data, network, seed)

        begin("Simplify")
        float_graph = simplify_graph(network)

        begin("Quantize")
        graph = to_integers(float_graph, samples, options)

        accuracy = None
        if samples.evaluation is not None:
            begin("Measure accuracy")
            # Against the network as it was read, so that a mistake in any step since shows.
            accuracy = measure_accuracy(network, graph, samples.evaluation)

        begin("Map to an array")
        config = choose_engine(graph, rows=rows, cols=cols, macs=macs)
        program = map_graph(graph, config)
        cycles = predict_cycles(program)

        begin("Export Verilog")
        frames = samples.frames(graph, vectors)
        random = 1 if len(frames) else vectors
        model_sha256 = _sha256(model)
        export_design(graph, program, cycles, folder, model_sha256=model_sha256)
        install_testbench(folder)
        layers = [layer.tensor for layer in program.layers]
        make_vectors(graph, frames, layers, seed, random).save(folder / "sim" / "vectors.npz")
        files = _files(folder)

        stage.complete = True
        simulation = _simulate(stage, simulator, seed, progress) if simulate else None

        begin("Report")
        report = collect_report(
            source=Source(
                model=Path(model).name,
                model_sha256=model_sha256,
                data=None if data is None else Path(data).name,
                data_sha256=None if data is None else _sha256(data),
                options={
                    **({} if is_quantized(network) else asdict(options)),
                    **config.to_dict(),
                    "vectors": vectors,
                    "seed": seed,
                },
            ),
            graph=graph,
            program=program,
            cycles=cycles,
            accuracy=accuracy,
            verification=_verification(simulation) if simulation else None,
            files=tuple(sorted([*files, "report.json", "report.html"])),
        )
        (folder / "report.json").write_text(report.to_json())
        (folder / "report.html").write_text(render_html(report))
        if simulation and not simulation.passed:
            raise VerificationError(_failure(simulation, stage))
    return BuildResult(folder=out, report=report)


def _check_options(
    *, rows: int | None, cols: int | None, macs: int | None, vectors: int, simulator: str
) -> None:
    """Refuse options that contradict each other before any work is done."""
    if (rows is None) != (cols is None):
        given, missing = ("rows", "cols") if cols is None else ("cols", "rows")
        raise MappingError(f"Option {given} needs {missing} too; or give macs and neither of them")
    if macs is not None and rows is not None:
        raise MappingError(
            "Options rows and cols already say how many multipliers to spend; drop macs"
        )
    if vectors < 1:
        raise DataError(f"Option vectors must be at least 1, not {vectors}")
    if simulator not in SIMULATORS:
        raise ToolError(
            f"Option simulator must be one of {', '.join(SIMULATORS)}, not {simulator!r}"
        )


def _sha256(path: str | PathLike[str]) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _files(folder: Path) -> list[str]:
    """All files in `folder`, relative to it."""
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def _simulate(
    stage: Stage, simulator: str, seed: int, progress: Progress | None
) -> SimulationResult:
    """Simulate the design; what is compiled for that is kept if, and only if, it fails."""
    step = f"Simulate with {simulator.capitalize()}"

    def on_frame(done: int, total: int) -> None:
        if progress is not None:
            progress(step, done / total)

    on_frame(0, 1)
    try:
        result = run_regression(stage.folder, simulator=simulator, seed=seed, progress=on_frame)
    except ToolError as error:
        raise ToolError(_as_kept(str(error), stage)) from error
    if result.passed:
        shutil.rmtree(stage.folder / "sim" / "sim_build")
    return result


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

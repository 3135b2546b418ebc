"""The steps of a build, in order."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ..conversion import (
    check_options,
    exact_integers,
    leave_out_channels,
    quantize_network,
    read_samples,
    simplify,
)
from ..design import sha256_of, write_checksums
from ..device_fit import check_logic
from ..errors import NnhwError, QualityError, ToolError, VerificationError
from ..estimates import estimate_devices
from ..export import export_design, require_printers
from ..frontend import Origins, load_model
from ..ir import DynamicQuantize
from ..placement import check_goal, place, place_on
from ..reference import consult_file
from ..report import (
    Source,
    Verification,
    collect_report,
    describe_refusal,
    measure_quality,
    render_datasheet,
    render_html,
    render_registers,
)
from ..simulate import SimulationResult, install_testbench, run_regression, write_selfcheck
from ..staging import Stage
from ..synth import measure_costs, require_yosys
from ..vectors import make_vectors
from .state import BuildState, file_name
from .step import Step


def _read_model(state: BuildState) -> None:
    state.network = load_model(state.model, state.options.input_shape)
    with _file_names(state):
        check_options(state.network, state.data, state.options)
        check_goal(state.network, state.options)
    if state.options.costs:
        require_yosys()
    if state.options.bus is not None:
        require_printers()


def _read_data(state: BuildState) -> None:
    state.samples = read_samples(
        state.data, state.network, state.options, any_labels=bool(state.metrics)
    )


def _run_model_file(state: BuildState) -> None:
    evaluation = state.samples.evaluation
    state.answers = consult_file(
        state.model, state.network, evaluation.x if evaluation else None, state.options.seed
    )


def _simplify(state: BuildState) -> None:
    with _file_names(state):
        state.simplified = simplify(state.network, state.samples, state.options)


def _quantize(state: BuildState) -> None:
    with _file_names(state):
        made = quantize_network(state.simplified, state.samples, state.options)
    state.simplified, state.whole, state.equalization = made


def _trim(state: BuildState) -> None:
    state.graph = leave_out_channels(state.whole, state.options)


def _measure(state: BuildState) -> None:
    state.quality = measure_quality(
        state.answers,
        state.simplified,
        state.whole,
        state.graph,
        state.samples.evaluation,
        exact=exact_integers(state.simplified, state.samples, state.options),
        narrowest_bits=state.options.narrowest_bits,
        metrics=state.metrics,
    )
    if state.quality.warnings and state.options.strict:
        raise QualityError(describe_refusal(state.quality.warnings))


def _map(state: BuildState) -> None:
    with _file_names(state):
        if state.given is None:
            state.placement = place(state.graph, state.options)
        else:
            given = state.given
            placement = place_on(state.graph, given.machine, state.options, top=given.top)
            state.placement = replace(placement, shell=given.shell)
    _refuse_if_strict(state)


def _refuse_if_strict(state: BuildState) -> None:
    if state.placement.warnings and state.options.strict:
        raise QualityError(describe_refusal(state.placement.warnings))


def _export(state: BuildState) -> None:
    folder, options, placement = state.stage.folder, state.options, state.placement
    frames = state.samples.frames(state.graph, options.vectors)
    state.exported = export_design(
        state.graph,
        placement.program,
        placement.cycles,
        folder,
        model_sha256=sha256_of(state.model),
        weight_files=options.weights == "files",
        initial=options.init == "contents",
        plugins=state.plugins,
        device=placement.device,
        shell=placement.shell,
        clock_mhz=options.clock_mhz,
        rtl=None if state.given is None else state.given.rtl,
        networks=state.networks,
        is_further=state.is_further,
    )
    if state.exported.registers is not None and not state.is_further:
        registers = state.exported.registers
        page = folder / "registers" / f"{registers.name}.html"
        page.write_text(render_registers(registers), encoding="utf-8")
    install_testbench(folder)
    vectors = make_vectors(
        state.graph,
        frames,
        [layer.tensor for layer in placement.program.layers],
        options.seed,
        1 if len(frames) else options.vectors,
        input_bytes=placement.engine.input_bytes,
        output_bytes=placement.engine.output_bytes,
        whole=state.whole,
    )
    vectors.save(folder / "sim" / "vectors.npz")
    write_selfcheck(folder, vectors)
    write_checksums(folder)
    state.files = tuple(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    state.stage.complete = True


def _estimate(state: BuildState) -> None:
    netlist = state.exported.netlist
    assert netlist is not None, "it applies only then"
    config = state.placement.engine
    state.estimates = estimate_devices(
        netlist, technology=config.technology, target=config.target or None
    )
    if config.target and state.estimates:
        (estimate,) = state.estimates
        warnings = (*state.placement.warnings, *check_logic(estimate))
        state.placement = replace(state.placement, warnings=warnings)
        _refuse_if_strict(state)


def _simulate(state: BuildState) -> None:
    """Simulate the design; what is compiled for that is kept if, and only if, it fails."""
    folder, options = state.stage.folder, state.options

    def on_frame(done: int, total: int) -> None:
        state.progress(SIMULATE.title, done / total)

    try:
        result = run_regression(
            folder,
            simulator=options.simulator,
            seed=options.seed,
            jobs=state.jobs,
            build_dir=state.build_dir,
            progress=on_frame,
        )
    except ToolError as error:
        raise ToolError(_as_kept(str(error), state.stage)) from error
    if result.passed and state.build_dir is None:
        for compiled in (folder / "sim" / "sim_build", result.build_folder):
            shutil.rmtree(compiled, ignore_errors=True)
    state.simulation = result


def _measure_costs(state: BuildState) -> None:
    state.costs = measure_costs(
        state.placement.program, progress=lambda share: state.progress(COSTS.title, share)
    )


def _report(state: BuildState) -> None:
    folder, samples, data = state.stage.folder, state.samples, state.data
    state.report = collect_report(
        source=Source(
            model=file_name(state.model),
            model_sha256=sha256_of(state.model),
            data=None if data is None else data.name,
            data_sha256=None if data is None else data.sha256,
            options=state.options.to_dict(),
            calibration_samples=len(samples.calibration) if samples.calibration else None,
        ),
        graph=state.graph,
        whole=state.whole,
        program=state.placement.program,
        cycles=state.placement.cycles,
        quality=state.quality,
        verification=_verification(state.simulation) if state.simulation else None,
        files=tuple(sorted([*state.files, "report.json", "report.html", "datasheet.html"])),
        costs=state.costs,
        equalization=state.equalization,
        finds_ranges=any(isinstance(node, DynamicQuantize) for node in state.network.nodes),
        plugins=state.plugins,
        device=state.placement.device,
        estimates=state.estimates,
        warnings=state.placement.warnings,
    )
    (folder / "report.json").write_text(state.report.to_json(), encoding="utf-8")
    (folder / "report.html").write_text(render_html(state.report), encoding="utf-8")
    datasheet = render_datasheet(state.report, state.exported.ports, state.exported.registers)
    (folder / "datasheet.html").write_text(datasheet, encoding="utf-8")


def _verify(state: BuildState) -> None:
    assert state.simulation is not None, "it applies only then"
    if not state.simulation.passed:
        raise VerificationError(_failure(state.simulation, state.stage))


def _verification(result: SimulationResult) -> Verification:
    return Verification(
        passed=result.passed,
        simulator=f"{result.simulator} {result.version}",
        frames=result.frames,
        latency_cycles=result.latency_cycles,
        interval_cycles=result.interval_cycles,
        diagrams=result.diagrams,
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


@contextmanager
def _file_names(state: BuildState) -> Iterator[None]:
    """Let errors in the block name the nodes of the model file."""
    try:
        yield
    except NnhwError as error:
        raise Origins.of_file(state.model, state.options.input_shape).restate(error) from error


ESTIMATE = Step(
    name="estimate",
    title="Estimate what it takes",
    run=_estimate,
    applies=lambda state: state.exported.netlist is not None,
)
SIMULATE = Step(
    name="simulate",
    title="Simulate the Verilog",
    run=_simulate,
    applies=lambda state: state.options.sim,
    writes=True,
)
COSTS = Step(
    name="costs",
    title="Synthesize optional hardware",
    run=_measure_costs,
    applies=lambda state: state.options.costs,
)

STEPS: tuple[Step, ...] = (
    Step(name="read-model", title="Read the model", run=_read_model),
    Step(name="read-data", title="Read the data", run=_read_data),
    Step(name="run-model-file", title="Run the model file", run=_run_model_file),
    Step(name="simplify", title="Simplify", run=_simplify, makes=("simplified",)),
    Step(name="quantize", title="Quantize", run=_quantize, makes=("simplified", "whole")),
    Step(name="trim", title="Leave out constant channels", run=_trim, makes=("graph",)),
    Step(name="measure", title="Measure accuracy", run=_measure),
    Step(name="map", title="Map to an array", run=_map),
    Step(name="export", title="Export Verilog", run=_export, writes=True),
    ESTIMATE,
    SIMULATE,
    COSTS,
    Step(name="report", title="Report", run=_report, writes=True),
    Step(
        name="verify",
        title="Compare with the golden model",
        run=_verify,
        applies=lambda state: state.simulation is not None,
    ),
)
"""All of them; those that write need the output folder."""

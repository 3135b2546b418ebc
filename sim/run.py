"""Simulates the design in the folder above and compares it with the golden model's vectors.

    pip install -r requirements.txt
    python run.py

Exit status: 0 if everything is equal, 1 if not, 2 if a program or a file is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

sys.dont_write_bytecode = True  # the folder of a design stays as it was exported
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

if __name__ == "__main__" and os.environ.pop("SIM_GUARDED", None) is None:
    from guard import run_guarded

    os.environ["SIM_GUARDED"] = "1"
    try:
        sys.exit(run_guarded([sys.executable, *sys.orig_argv[1:]]))
    except KeyboardInterrupt:
        sys.exit(130)

from checksums import ChecksumError, edited_files  # noqa: E402
from compare import first_divergence, interval_window, measure  # noqa: E402
from compilation import compile_design  # noqa: E402
from design import Design, DesignError, load_design, load_vectors  # noqa: E402
from diagrams import timing_diagrams  # noqa: E402
from execution import run_shares, run_tests  # noqa: E402
from links import PathError, digest, is_plain, plain, private_folder  # noqa: E402
from lint import lint_design  # noqa: E402
from processes import check_room, locked, worthwhile_processes  # noqa: E402
from segments import choose_frames, frame_count, make_segments, share_out  # noqa: E402
from tools import ProgramError, Simulator, ToolError, find_simulator  # noqa: E402

WAVES_BEFORE, WAVES_AFTER = 300, 200
"""Clock cycles before and after a divergence that are recorded."""
WAVES_MOST = 20_000
"""Most clock cycles that are recorded on request; with 128 multipliers, each takes some 20 KB."""


def main() -> int:
    """Command line."""
    options = _parse()
    for name in ("PYTEST_CURRENT_TEST", "WAVES", "GUI"):
        os.environ.pop(name, None)  # they change what cocotb's runner does
    with contextlib.suppress(AttributeError):  # an output of another kind takes what it gets
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        # where Python looks for modules is a list, which not every path can be in
        sys.path[0] = str(plain(Path(__file__).resolve().parent))
        edited = edited_files(options.design)
        design = load_design(options.design)
        if options.lint:
            result = {"warnings": lint_design(design)}
        else:
            result = {**simulate(design, options), "edited": edited}
    except (DesignError, ChecksumError) as error:
        result = {"error": "design", "message": str(error)}
    except (ToolError, PathError) as error:
        result = {"error": "tool", "message": str(error)}
    except ProgramError as error:
        result = {"error": "program", "message": str(error)}
    except OSError as error:
        where = f"'{error.filename}': " if error.filename else ""
        result = {"error": "tool", "message": f"{where}{error.strerror or error}"}
    if options.json is not None:
        _write(options.json, result)
    return _report(result)


def _write(path: Path, result: dict) -> None:
    """Write the result, whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        _say(f"error: '{path}': {error.strerror}")
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def simulate(design: Design, options: argparse.Namespace) -> dict:
    """Compile, run and compare; the result as plain values."""
    simulator = find_simulator(options.simulator)
    folder = _build_folder(design, options.build_dir) / simulator.name
    with locked(folder.with_suffix(".lock")):
        try:
            result = _simulate(design, simulator, folder, options)
        except ProgramError:
            check_room(folder)
            raise
        if not result["passed"]:
            check_room(folder)  # a trace that breaks off looks like a design that stops
        return result


def _simulate(
    design: Design, simulator: Simulator, folder: Path, options: argparse.Namespace
) -> dict:
    vectors = load_vectors(design)
    frames = choose_frames(vectors, options.vectors)
    segments = make_segments(design, frames, options.seed)
    shares = share_out(segments, options.jobs or worthwhile_processes(simulator, design, segments))
    run_options = {"vectors": len(frames), "seed": options.seed}

    start = time.monotonic()
    _say(f"Compiling with {simulator.name} {simulator.version} in {folder}")
    compiled = compile_design(simulator, design, folder, waves=False)
    build_seconds = time.monotonic() - start

    start = time.monotonic()
    _say(f"Sending {frame_count(segments)} frames; processes: {len(shares)}")
    runs = run_shares(simulator, design, folder, shares, **run_options)
    run_seconds = time.monotonic() - start

    events = {number: trace for run in runs for number, trace in run.events.items()}
    measured = measure(design, segments, events)
    first = first_divergence(design, vectors, segments, events)
    decisive, divergence = runs[0], None
    if first is not None:
        number, divergence = first
        decisive = next(run for run in runs if number in run.segments)
    failures = [divergence.message] if divergence else []
    failures += decisive.failures
    failures += [failure for run in runs if run is not decisive for failure in run.failures]
    for name, cycles in measured.items():
        expected = getattr(design, name)
        if cycles is not None and cycles != expected:
            failures.append(f"{name}: the manifest says {expected}, measured are {cycles}")

    waves, waves_cycles = None, None
    run_options["segments"] = decisive.segments
    if divergence is not None:
        window = (max(0, divergence.cycle - WAVES_BEFORE), divergence.cycle + WAVES_AFTER)
        waves = _record(simulator, design, folder, window, run_options)
    elif options.waves:
        window = (0, min(design.latency_cycles + WAVES_AFTER, WAVES_MOST))
        waves = _record(simulator, design, folder, window, run_options)
    elif options.interval_waves and not failures:
        number, start, end = interval_window(design, segments, events)
        waves_cycles = min(end - start, WAVES_MOST)
        run_options["segments"] = next(run.segments for run in runs if number in run.segments)
        # The simulation ends within the last cycle's step, so that it has to be one more.
        window = (start, start + waves_cycles + 1)
        waves = _record(simulator, design, folder, window, run_options)
    return {
        "passed": not failures,
        "simulator": simulator.name,
        "version": simulator.version,
        "frames": len(frames),
        **measured,
        "expected_latency_cycles": design.latency_cycles,
        "expected_interval_cycles": design.interval_cycles,
        "cycles": sum(run.cycles for run in runs),
        "processes": len(runs),
        "compiled": compiled,
        "build_seconds": round(build_seconds, 2),
        "run_seconds": round(run_seconds, 2),
        "failures": failures,
        "divergence": asdict(divergence) if divergence else None,
        "diagrams": (
            timing_diagrams(design, segments, events) if design.has_streams and not failures else []
        ),
        "trace": str(decisive.folder / "trace.txt"),
        "waves": str(waves) if waves else None,
        "waves_cycles": waves_cycles,
    }


def _build_folder(design: Design, given: Path | None) -> Path:
    """`given`, or sim/sim_build; a temporary folder in place of a path that make would refuse."""
    folder = given or design.folder / "sim" / "sim_build"
    if is_plain(folder):
        return folder
    if given is not None:
        raise ToolError(
            f"--build-dir: compilers cannot take the path '{given}'; give one of letters, digits "
            "and any of '._+@%,=-'"
        )
    return private_folder() / f"build-{digest(folder)}"


def _record(
    simulator: Simulator, design: Design, folder: Path, window: tuple[int, int], run_options: dict
) -> Path:
    """Repeat the run up to the end of a window of clock cycles and record the waves in it.

    It is compiled once more for that: what can record is slower, even while it does not.
    """
    folder = folder.with_name(f"{folder.name}-waves")
    _say("Recording waves from cycle {} to {}".format(*window))
    compile_design(simulator, design, folder, waves=True)
    run_tests(simulator, design, folder, folder / "run", waves=window, **run_options)
    return folder / "run" / simulator.waves_file


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = Path(__file__).resolve().parent
    parser.add_argument(
        "design", nargs="?", type=Path, default=here.parent, help="folder of the exported design"
    )
    parser.add_argument("--simulator", choices=("verilator", "icarus"), default="verilator")
    parser.add_argument("--waves", action="store_true", help="record waves of the first frame")
    parser.add_argument(
        "--interval-waves",
        action="store_true",
        help="record waves from one frame's end to the next one's, when all is equal",
    )
    parser.add_argument("--vectors", type=int, metavar="N", help="send N frames only")
    parser.add_argument("--seed", type=int, default=0, help="of the random pauses and resets")
    parser.add_argument(
        "--jobs", type=int, metavar="N", help="at most N processes; default: as many as pay"
    )
    parser.add_argument("--build-dir", type=Path, help="folder for the compiled simulator")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result to FILE")
    parser.add_argument("--lint", action="store_true", help="lint with Verilator; no simulation")
    options = parser.parse_args()
    for name in ("vectors", "jobs"):
        value = getattr(options, name)
        if value is not None and value < 1:
            parser.error(f"--{name} must be at least 1")
    if options.seed < 0:
        parser.error("--seed must not be negative")
    options.design = options.design.resolve()
    if options.build_dir is not None:
        options.build_dir = options.build_dir.resolve()
    return options


def _report(result: dict) -> int:
    """Print a result for the reader; returns the exit status."""
    if "error" in result:
        _say(f"error: {result['message']}")
        return 2
    if "warnings" in result:
        for warning in result["warnings"]:
            _say(warning)
        _say(f"{len(result['warnings'])} warnings")
        return 1 if result["warnings"] else 0
    for name in result["edited"]:
        _say(f"{name} was edited since the design was built")
    for failure in result["failures"]:
        _say(f"FAILED: {failure}")
    if result["waves"]:
        _say(f"Waves: {result['waves']}")
    for name in ("latency_cycles", "interval_cycles"):
        _say(f"{name}: {result[name]} (expected {result[f'expected_{name}']})")
    speed = result["cycles"] / max(result["run_seconds"], 0.01)
    _say(
        f"{result['frames']} frames, {result['cycles']} clock cycles, built in "
        f"{result['build_seconds']} s, ran in {result['run_seconds']} s ({speed:.0f} cycles/s, "
        f"processes: {result['processes']})"
    )
    _say("PASSED" if result["passed"] else "FAILED")
    return 0 if result["passed"] else 1


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

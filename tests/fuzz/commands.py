"""Runs the commands of a trial in this process, and says how they ended."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import onnx

import nnhw.cli
from nnhw import golden, pipeline
from nnhw.errors import NnhwError
from nnhw.frontend import write_qdq
from nnhw.ir import Batch, from_channels_last, to_channels_last
from nnhw.link import load_linked_design
from nnhw.quantize import is_quantized, run_float

from . import limits
from .comparison import find_difference
from .folders import MARK
from .reference import NoReferenceError, Reference, WrongShapeError
from .trials import Base, Trial, write_data
from .watch import Watcher, differences, list_folder

ROOT = Path(__file__).parents[2]
SIM = ROOT / "sim"


class Stopped(BaseException):
    """A command has got as far as it is to go: past all that reads input."""


@dataclass
class Outcome:
    """How a trial ended.

    Parameters
    ----------
    result
        "accepted", "refused", or the kind of a failure.
    signature
        Of a failure: what failures with the same cause have in common. Of a refusal the exception.
    detail
        What there is to say.
    compared
        What of the answers was compared with onnxruntime.
    seconds
        Processor time of the commands.
    peak
        Bytes.
    """

    result: str
    signature: str = ""
    detail: str = ""
    compared: str = ""
    seconds: float = 0.0
    peak: int = 0
    kind: str = ""
    number: int = 0
    base: str = ""
    steps: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return self.result not in ("accepted", "refused")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def run_trial(
    trial: Trial, sandbox: Path, base: Base, traces: TextIO, tell: Callable[[str], None]
) -> Outcome:
    """Run the commands of a trial under limits and check what they did.

    Parameters
    ----------
    sandbox
        Folder of the trial, and the working folder.
    traces
        File for what is written on a sudden end.
    tell
        Told the phase that begins: "commands" or "checks".
    """
    tempfile.tempdir = str(sandbox / "tmp")
    before = list_folder(sandbox)
    watcher = Watcher([sandbox.resolve() / name for name in (*trial.writable, "tmp")])
    capture = _Capture(trial, base, watcher)
    limits.limit(traces)
    tell("commands")
    start = limits.cpu_seconds()
    with capture.patched():
        for command in trial.commands:
            with watcher.active():
                outcome = _run(command, sandbox)
            if outcome.failed:
                break
    outcome.seconds = limits.cpu_seconds() - start
    outcome.peak = limits.peak_bytes()
    limits.lift()
    tell("checks")
    for check in (
        lambda: _check_files(trial, sandbox, before, outcome, watcher),
        lambda: _check_names(capture),
        lambda: _check_time(outcome, traces),
        lambda: _check_answers(trial, base, outcome),
        lambda: _check_model(trial, capture, outcome),
    ):
        if outcome.failed:
            break
        if (found := check()) is not None:
            outcome.result, outcome.signature, outcome.detail = found
    return outcome


def _run(command: list[str], sandbox: Path) -> Outcome:
    """Run one command as its program would."""
    with contextlib.chdir(sandbox):
        try:
            status = _MAINS.get(command[0], _nnhw)(command)
            if not status:
                return Outcome("accepted")
            return Outcome("refused", signature=f"exit status {status}")
        except Stopped:
            return Outcome("accepted")
        except SystemExit as exit_:
            cause = exit_.__context__
            if (memory := _memory_error(exit_)) is not None:
                return Outcome("memory", _signature(memory), str(cause)[:300])
            if not exit_.code:
                return Outcome("accepted")
            if isinstance(cause, NnhwError) and not str(cause).strip():
                return Outcome("traceback", f"{type(cause).__name__} without a message")
            return Outcome("refused", type(cause).__name__, str(cause)[:300])
        except NnhwError as error:
            if (memory := _memory_error(error)) is not None:
                return Outcome("memory", _signature(memory), str(error)[:300])
            return Outcome("refused", type(error).__name__, str(error)[:300])
        except BaseException as error:
            kind = "traceback" if _memory_error(error) is None else "memory"
            detail = "".join(traceback.format_exception(error))[-3000:]
            return Outcome(kind, _signature(error), detail)


def _nnhw(command: list[str]) -> int:
    sys.argv = ["nnhw", *command]
    nnhw.cli.main()
    return 0


def _sim(command: list[str]) -> int:
    """The testbench's script, which `nnhw sim` runs in a process of its own."""
    sys.argv = ["run.py", *command[1:]]
    return sys.modules["run"].main()


def _link(command: list[str]) -> int:
    load_linked_design(command[1])
    return 0


_MAINS = {"sim": _sim, "link": _link}


def _memory_error(error: BaseException) -> BaseException | None:
    """The want of memory that an exception is about, or that it hides."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, MemoryError) or "bad_alloc" in str(current):
            return current
        current = current.__cause__ or current.__context__
    return None


def _signature(error: BaseException) -> str:
    """Type of an exception and the innermost of nnhw's own lines."""
    place = "outside nnhw"
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(ROOT / "nnhw") or file.is_relative_to(SIM):
            place = f"{file.relative_to(ROOT)}:{line} {frame.f_code.co_name}"
    return f"{type(error).__name__} at {place}"


class _Capture:
    """Stands in for the slow ends of commands, and keeps what went by on the way there."""

    def __init__(self, trial: Trial, base: Base, watcher: Watcher) -> None:
        self.trial = trial
        self.base = base
        self.watcher = watcher
        self.network: Any = None
        self.simplified: Any = None
        self.graph: Any = None
        self.started: list[str] = []

    @contextlib.contextmanager
    def patched(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            put = stack.enter_context
            put(_replaced(pipeline, "load_model", self._load_model))
            put(_replaced(pipeline, "simplify_graph", self._simplify_graph))
            put(_replaced(pipeline, "export_design", self._export_design))
            put(_replaced(subprocess, "Popen", self._start))
            if self.trial.commands[0][0] == "sim":
                put(_replaced(sys.modules["run"], "find_simulator", self._find_simulator))
                put(_replaced(sys.modules["run"], "compile_design", self._compile))
            yield

    def _load_model(self, load: Callable, path: Path) -> Any:
        self.network = load(path)
        if self.trial.writes_data:
            with self.watcher.paused():
                write_data(self.trial, self.network, Path("in/data.npz"))
        return self.network

    def _simplify_graph(self, simplify: Callable, graph: Any) -> Any:
        self.simplified = simplify(graph)
        return self.simplified

    def _export_design(self, export: Callable, graph: Any, *args: Any, **settings: Any) -> None:
        self.graph = graph
        if self.trial.full:
            export(graph, *args, **settings)
            return
        if self.trial.protected:  # the rest of the build goes on to the exchange of folders
            shutil.copytree(self.base.design, args[2], dirs_exist_ok=True)
            return
        raise Stopped

    def _start(self, start: Callable, command: Any, *args: Any, **settings: Any) -> Any:
        words = [command] if isinstance(command, str | bytes) else [str(word) for word in command]
        for word in list(words):
            if str(word).endswith(".ys") and Path(word).is_file():
                words.append(Path(word).read_text(errors="replace"))
        self.started.append(" ".join(map(str, words)))
        raise Stopped

    def _find_simulator(self, find: Callable, name: str) -> Any:
        return sys.modules["tools"].Simulator(name, "0")

    def _compile(self, compile_: Callable, simulator: Any, design: Any, *args: Any, **more: Any):
        self.started.append(f"{design.top} {' '.join(map(str, design.sources))}")
        raise Stopped


@contextlib.contextmanager
def _replaced(module: Any, name: str, replacement: Callable) -> Iterator[None]:
    """Call `replacement(original, ...)` in place of a function of a module."""
    original = getattr(module, name)
    setattr(module, name, lambda *args, **more: replacement(original, *args, **more))
    try:
        yield
    finally:
        setattr(module, name, original)


Failure = tuple[str, str, str]


def _check_files(
    trial: Trial, sandbox: Path, before: dict, outcome: Outcome, watcher: Watcher
) -> Failure | None:
    after = list_folder(sandbox)
    writable = (*trial.writable, "tmp")
    data = ("in/data.npz",) if trial.writes_data else ()
    if changed := differences(before, after, (*writable, *data)):
        return "outside", "files changed outside the output folder", ", ".join(changed)
    if watcher.touched:
        event = watcher.touched[0].split()[0]
        return "outside", f"{event} outside the output folder", ", ".join(watcher.touched[:5])
    harmed = [path for path in trial.protected if _harmed(path, before, after)]
    if harmed:
        name = Path(harmed[0]).name
        told = ", ".join(trial.steps)
        return "outside", f"the user's own {name} is gone or changed", told
    if outcome.result == "refused":
        left = differences(before, after, data)
        if left and not trial.base.endswith(("synth", "sim")):
            return "left over", "files are left after a refusal", ", ".join(left)
    return None


def _harmed(protected: str, before: dict, after: dict) -> bool:
    inside = [p for p in before if p == protected or p.startswith(f"{protected}/")]
    return any(after.get(path) != before[path] for path in inside)


def _check_names(capture: _Capture) -> Failure | None:
    for text in capture.started:
        if MARK in text:
            place = text.index(MARK)
            return "unsafe name", f"of a manifest, in {text.split()[0][-20:]}", text[
                max(0, place - 80) : place + 40
            ]
    return None


def _check_time(outcome: Outcome, traces: TextIO) -> Failure | None:
    if outcome.seconds <= limits.SECONDS:
        return None
    traces.flush()
    place = place_in(Path(traces.name).read_text(errors="replace"))
    return "time", f"more than {limits.SECONDS} s at {place}", f"{outcome.seconds:.1f} s"


def place_in(text: str) -> str:
    """The innermost of nnhw's own lines in what faulthandler wrote."""
    for line in text.splitlines():
        parts = line.strip().split('"')
        if len(parts) == 3 and parts[0] == "File ":
            file = Path(parts[1])
            if file.is_relative_to(ROOT / "nnhw") or file.is_relative_to(SIM):
                number, _, name = parts[2].removeprefix(", line ").partition(" in ")
                return f"{file.relative_to(ROOT)}:{number} {name}"
    return "outside nnhw"


def _check_answers(trial: Trial, base: Base, outcome: Outcome) -> Failure | None:
    """Outputs of an edited folder."""
    if trial.answers is None or outcome.result != "accepted":
        return None
    if not trial.answers.is_file():
        return "wrong answer", "no outputs of an edited folder", ""
    with np.load(trial.answers) as found, np.load(base.outputs) as right:
        same = set(found.files) == set(right.files) and all(
            np.array_equal(found[name], right[name]) for name in right.files
        )
    if same:
        return None
    return "wrong answer", "an edited folder answers differently without notice", ""


def _check_model(trial: Trial, capture: _Capture, outcome: Outcome) -> Failure | None:
    """Answers to a model: the float reading, and the integers."""
    if trial.model is None or capture.graph is None or outcome.result != "accepted":
        return None
    try:
        return _compare(trial, capture, outcome)
    except NoReferenceError as error:
        outcome.compared = f"no: {str(error).split(':')[0]}"
        outcome.detail = str(error)
    except WrongShapeError as error:
        return "wrong answer", "another shape", str(error)
    return None


def _compare(trial: Trial, capture: _Capture, outcome: Outcome) -> Failure | None:
    network, graph = capture.network, capture.graph
    x = _samples(trial.model.parent / "data.npz", network)
    batch = Batch(
        {
            port.tensor: to_channels_last(
                x[port.onnx_name].astype(np.float32), port, network.tensors[port.tensor]
            )
            for port in network.inputs
        }
    )
    reference = Reference(onnx.load(trial.model), network.inputs, network.outputs)
    quantized = is_quantized(network)
    roundings = len(graph.nodes) if quantized else 0
    for title, float_graph in (("as read", network), ("simplified", capture.simplified)):
        values = run_float(float_graph, batch)
        found = _by_name(float_graph, values)
        if told := find_difference(reference, x, found, roundings=roundings):
            return "wrong answer", f"float, {title}", told
    outcome.compared = "float"
    integers = golden.run(graph, golden.quantize_inputs(graph, batch))
    found = _by_name(graph, {
        port.tensor: golden.dequantize(integers[port.tensor], graph.tensors[port.tensor].q)
        for port in graph.outputs
    })
    steps = {port.onnx_name: graph.tensors[port.tensor].q.scale for port in graph.outputs}
    path = Path(tempfile.mkdtemp()) / "model.qdq.onnx"
    write_qdq(graph, path)
    ends = [replace(port, host_postprocess=()) for port in graph.outputs]
    written = Reference(onnx.load(path), graph.inputs, ends)
    if told := find_difference(
        written, x, found, steps=steps, roundings=len(graph.nodes)
    ):
        return "wrong answer", "integers and model.qdq.onnx", told
    if quantized:
        if told := find_difference(reference, x, found, steps=steps, roundings=roundings):
            return "wrong answer", "integers of a quantized file", told
        outcome.compared = "float and integers"
    return None


def _samples(path: Path, network: Any) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        if len(network.inputs) == 1:
            return {network.inputs[0].onnx_name: arrays["x"]}
        return {port.onnx_name: arrays[port.onnx_name] for port in network.inputs}


def _by_name(graph: Any, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        port.onnx_name: from_channels_last(values[port.tensor], port) for port in graph.outputs
    }

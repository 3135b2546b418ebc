"""What a trial must not have done, and what its answers have to equal."""

from __future__ import annotations

import traceback
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import onnx

from nnhw import golden
from nnhw.errors import NnhwError
from nnhw.ir import Batch, Graph, QConv, from_channels_last, to_channels_last
from nnhw.quantize import is_quantized, open_numbers, run_float

from . import limits
from .capture import Capture
from .comparison import find_difference
from .folders import MARK
from .outcome import Outcome, place_in, signature_of
from .reference import NoReferenceError, Reference, WrongShapeError
from .trials import Base, Trial
from .watch import Watcher, differences, list_folder

Failure = tuple[str, str, str]


def check_files(
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


def check_names(capture: Capture) -> Failure | None:
    for text in capture.started:
        if MARK in text:
            place = text.index(MARK)
            return (
                "unsafe name",
                f"of a manifest reaches another program: {capture.trial.base}",
                text[max(0, place - 80) : place + 40],
            )
    return None


def check_time(outcome: Outcome, capture: Capture, traces: TextIO) -> Failure | None:
    if any(child.exceeded for child in capture.asked):
        return "time", "the process that runs the model file exceeds its limits", ""
    if outcome.seconds <= limits.SECONDS:
        return None
    traces.flush()
    place = place_in(Path(traces.name).read_text(errors="replace"))
    return "time", f"more than {limits.SECONDS} s at {place}", f"{outcome.seconds:.1f} s"


def check_inspection(capture: Capture, outcomes: Sequence[Outcome]) -> Failure | None:
    """Whether `inspect`, the second command, foresees what `build`, the first, does."""
    if capture.trial.model is None or len(outcomes) < 2:
        return None
    built, inspected = outcomes
    said_yes = inspected.result == "accepted" and capture.summary.supported
    if said_yes == (built.result == "accepted"):
        return None
    if said_yes:
        return "disagreement", f"inspect says yes, build says {built.signature}", built.detail
    problems = capture.summary.problems if inspected.result == "accepted" else [inspected.detail]
    return "disagreement", "build says yes, inspect says no", "\n".join(problems)[:600]


def check_answers(trial: Trial, base: Base, outcome: Outcome) -> Failure | None:
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


def check_model(trial: Trial, capture: Capture, outcome: Outcome) -> Failure | None:
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


def _compare(trial: Trial, capture: Capture, outcome: Outcome) -> Failure | None:
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
    try:
        integers = golden.run(graph, golden.quantize_inputs(graph, batch))
    except NnhwError as error:  # as the rest of the build would have said
        outcome.result, outcome.signature = "refused", type(error).__name__
        return None
    except Exception as error:
        return "traceback", signature_of(error), traceback.format_exc()[-3000:]
    found = _by_name(
        graph,
        {
            port.tensor: golden.dequantize(integers[port.tensor], graph.tensors[port.tensor].q)
            for port in graph.outputs
        },
    )
    steps = {port.onnx_name: graph.tensors[port.tensor].q.scale for port in graph.outputs}
    ends = [replace(port, host_postprocess=()) for port in graph.outputs]
    written = Reference(capture.written, graph.inputs, ends)
    try:
        told = find_difference(written, x, found, steps=steps, roundings=len(graph.nodes))
    except NoReferenceError as error:
        return "wrong answer", "onnxruntime refuses model.qdq.onnx", str(error)
    if told:
        return "wrong answer", "integers and model.qdq.onnx", told
    tensors, weights = open_numbers(capture.simplified)
    # What is calibrated is rounded where the file does not round, but for the outputs.
    is_given = quantized and not weights and {*tensors} <= {p.tensor for p in network.outputs}
    if is_given:
        told = find_difference(
            reference,
            x,
            found,
            steps=steps,
            roundings=roundings,
            bias=0.5 * _largest_unit(graph),
            reach=_calibrated_ranges(graph, tensors),
        )
        if told:
            return "wrong answer", "integers of a quantized file", told
        outcome.compared = "float and integers"
    return None


def _largest_unit(graph: Graph) -> float:
    """The largest real value that 1 in an accumulator stands for."""
    units = [
        graph.tensors[node.inputs[0]].q.scale * float(node.weight_scale.max())
        for node in graph.nodes
        if isinstance(node, QConv)
    ]
    return max(units, default=0.0)


def _calibrated_ranges(graph: Graph, calibrated: Collection[str]) -> dict[str, tuple[float, float]]:
    """The values that there are of outputs whose range is of calibration."""
    ranges = {}
    for port in graph.outputs:
        if port.tensor in calibrated:
            q = graph.tensors[port.tensor].q
            ends = golden.dequantize(np.array([q.lo, q.hi]), q)
            ranges[port.onnx_name] = (float(ends[0]), float(ends[1]))
    return ranges


def _samples(path: Path, network: Any) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        if len(network.inputs) == 1:
            return {network.inputs[0].onnx_name: arrays["x"]}
        return {port.onnx_name: arrays[port.onnx_name] for port in network.inputs}


def _by_name(graph: Any, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {port.onnx_name: from_channels_last(values[port.tensor], port) for port in graph.outputs}

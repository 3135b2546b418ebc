"""ONNX's own tests of operators, read, made to integers and compared with their expected outputs.

A test is a small model with inputs and the outputs that ONNX says it has
(`onnx.backend.test.case.node`). Taken are those that could be networks of ours: all of their nodes
are `ACCEPTED` operators, and the first input (of Where: but the condition) is a float tensor.

The tests have everything as an input, weights, slopes and axes included. A network has
constants there, so that a model is made of each: its inputs stay which the operator computes with
element by element or joins (`_JOINED`: all of its float tensors), and of all others the first
float tensor; what is left becomes a constant of the test's data.
"""

from __future__ import annotations

import signal
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import onnx
from host_program import run_host
from onnx import TensorProto, numpy_helper

from nnhw import golden
from nnhw.conversion import Samples, convert
from nnhw.data import Dataset, load_data
from nnhw.errors import NnhwError, UnsupportedError
from nnhw.frontend import load_model, model_file
from nnhw.golden import quantize_inputs
from nnhw.ir import Batch, Graph, Port, from_channels_last
from nnhw.options import BuildOptions
from nnhw.passes import simplify_graph
from nnhw.placement import place
from nnhw.quantize import run_float

_JOINED = frozenset(
    {"Add", "Concat", "Div", "Max", "Mean", "Min", "Mul", "Sub", "Sum", "Where"}
    | {"NonMaxSuppression"}  # but for its thresholds
)
ACCEPTED = frozenset(
    " ".join(
        (
            "Abs Add ArgMax Atan AveragePool BatchNormalization Cast CastLike Ceil Celu Clip",
            "Concat Constant Conv ConvTranspose Cos DepthToSpace DequantizeLinear Div Dropout",
            "DynamicQuantizeLinear Elu Erf Exp Expand Flatten Floor Gather Gelu Gemm",
            "GlobalAveragePool GlobalMaxPool HardSigmoid HardSwish Identity If LRN LeakyRelu",
            "Log LogSoftmax Loop LpNormalization MatMul Max MaxPool Mean Min Mish Mul Neg",
            "NonMaxSuppression PRelu Pad Pow QuantizeLinear Reciprocal ReduceL2 ReduceMax",
            "ReduceMean ReduceMin ReduceSum Relu Reshape Resize Round Selu Shape Shrink",
            "Sigmoid Sign Sin Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze",
            "Sub Sum Swish Tanh ThresholdedRelu Tile TopK Transpose Unsqueeze Upsample Where",
        )
    ).split()
)
"""Operators that a file may have, some of them among constants or at the end only."""

MOST_NOISE = 0.05
"""Of 8 bits, of the largest value of an output: 26 dB. More is said to be noisy, not wrong: the
reading is right, and a build warns."""

MOST_SECONDS = 10
"""Processor time for a test, all of which are small; most take a tenth of a second."""

_LIMITS = frozenset({"iou_threshold", "score_threshold"})
"""Inputs of NonMaxSuppression that are parameters."""

_ROUNDING = {"float16": 2**-11, "bfloat16": 2**-9}
"""Half a step of a narrow type at the largest value: nnhw leaves out that a Cast to it rounds."""

_WRITTEN = {"test_averagepool_2d_ceil_last_window_starts_on_pad": 2e-4}
"""ONNX has the expected values with four digits, the largest of which is 0.3572."""

_FLOATS = frozenset({TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16})


@dataclass(frozen=True, kw_only=True)
class NodeTest:
    """One of ONNX's tests as a network.

    Parameters
    ----------
    name
        ONNX's.
    model
        With all inputs constant that are parameters.
    inputs
        Arrays of the inputs that are left, by name.
    expected
        Arrays of the outputs.
    """

    name: str
    model: onnx.ModelProto
    inputs: dict[str, np.ndarray]
    expected: list[np.ndarray]

    @property
    def operator(self) -> str:
        """What is tested: the only operator, or the one that the test's name begins with."""
        types = {node.op_type for node in self.model.graph.node}
        return types.pop() if len(types) == 1 else "expanded functions"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a test.

    Parameters
    ----------
    refusals
        Why it was refused; empty if it was built.
    faults
        In what it is wrong, if it is.
    noise
        Noise of 8 bits, as a fraction of the largest value of an output; of the noisiest output.
    failure
        The end of a traceback, or that it took too long; else empty.
    seconds
        Of processor time.
    """

    refusals: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    noise: float = 0.0
    failure: str = ""
    seconds: float = 0.0

    @property
    def kind(self) -> str:
        """The column of the table in which it counts."""
        if self.failure:
            return "traceback"
        if self.faults:
            return "wrong"
        if self.refusals:
            return "refused"
        return "noisy" if self.noise > MOST_NOISE else "built"


@cache
def node_tests() -> tuple[NodeTest, ...]:
    """All tests that could be networks, by name; made anew by onnx, which takes seconds."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = sorted(collect_testcases(None), key=lambda case: case.name)
    return tuple(
        _as_network(case.name, case.model, *case.data_sets[0])
        for case in cases
        if _could_be_network(case.model)
    )


def _could_be_network(model: onnx.ModelProto) -> bool:
    return all(
        node.op_type in ACCEPTED and node.domain in ("", "ai.onnx") for node in model.graph.node
    ) and any(_is_float(value) for value in _first_numbers(model))


def _first_numbers(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """The first input that is not a condition."""
    kinds = [v for v in model.graph.input if v.type.tensor_type.elem_type != TensorProto.BOOL]
    return kinds[:1]


def _is_float(value: onnx.ValueInfoProto) -> bool:
    return value.type.tensor_type.elem_type in _FLOATS


def _as_network(
    name: str, model: onnx.ModelProto, inputs: Sequence[object], outputs: Sequence[np.ndarray]
) -> NodeTest:
    made = onnx.ModelProto()
    made.CopyFrom(model)
    joins = len(model.graph.node) == 1 and model.graph.node[0].op_type in _JOINED
    kept: dict[str, np.ndarray] = {}
    del made.graph.input[:]
    for value, array in zip(model.graph.input, inputs, strict=True):
        if _is_float(value) and (joins or not kept) and value.name not in _LIMITS:
            kept[value.name] = _array(array)
            made.graph.input.append(value)
        elif isinstance(array, onnx.TensorProto):
            made.graph.initializer.add().CopyFrom(array)
            made.graph.initializer[-1].name = value.name
        else:
            made.graph.initializer.append(numpy_helper.from_array(np.asarray(array), value.name))
    return NodeTest(name=name, model=made, inputs=kept, expected=[_array(y) for y in outputs])


def _array(value: object) -> np.ndarray:
    """A test's array, of types that NumPy does not have as TensorProto."""
    is_stored = isinstance(value, onnx.TensorProto)
    return numpy_helper.to_array(value) if is_stored else np.asarray(value)


class _TooLongError(Exception):
    """A test has taken more than MOST_SECONDS."""


def examine(test: NodeTest) -> Outcome:
    """What becomes of a test within MOST_SECONDS; whatever is raised is part of the outcome.

    In the main thread only, as a signal ends what takes too long.
    """

    def stop(number: int, frame: object) -> None:
        raise _TooLongError(f"more than {MOST_SECONDS} s of processor time")

    started = time.process_time()
    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
    try:
        outcome = run(test)
    except Exception as error:  # which is what is looked for
        lines = traceback.format_exception(error)
        outcome = Outcome(failure="".join(lines[-2:]).strip())
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return replace(outcome, seconds=time.process_time() - started)


def run(test: NodeTest) -> Outcome:
    """Read it, compare it with what ONNX expects, make integers of it, and map it.

    What raises anything but an `NnhwError` is left to the caller.
    """
    options = BuildOptions(rows=4, cols=4)
    try:
        with model_file(test.model) as path:
            network = load_model(path)
        apart = {
            len(test.inputs[port.onnx_name])
            for port in network.inputs
            if test.inputs[port.onnx_name].shape != port.onnx_shape
        }
        data = {
            port.onnx_name: _samples(test.inputs[port.onnx_name], port, max(apart, default=1))
            for port in network.inputs
        }
        samples = load_data(data, network)
        faults = tuple(_differences(test, network, samples))
        if faults:
            return Outcome(faults=faults)
        both = Samples(calibration=samples, evaluation=samples)
        converted = convert(network, both, options)
        place(converted.graph, options)
        return Outcome(noise=_noise(converted.simplified, converted.graph, samples))
    except UnsupportedError as error:
        return Outcome(refusals=tuple(error.problems))
    except NnhwError as error:
        return Outcome(refusals=(str(error),))


def _samples(array: np.ndarray, port: Port, count: int) -> np.ndarray:
    """(N, *shape of the port), with 0 for infinity and NaN, which data may not hold."""
    array = np.where(np.isfinite(array), array, 0).astype(array.dtype)
    return np.stack([array] * count) if array.shape == port.onnx_shape else array


def _differences(test: NodeTest, network: Graph, samples: Dataset) -> Iterator[str]:
    """Where the network as it is read, with what the host does, is not what ONNX expects."""
    x = samples.x[:]
    simplified = simplify_graph(network)
    found = run_float(simplified, x)
    values = {p.onnx_name: from_channels_last(found[p.tensor], p) for p in simplified.outputs}
    each = [
        run_host(simplified.outputs, {name: y[i : i + 1] for name, y in values.items()})
        for i in range(len(samples))
    ]
    ports = [port for port in simplified.outputs if not port.is_operand]
    for port, expected in zip(ports, test.expected, strict=True):
        results = [sample[port.onnx_name] for sample in each]
        result = np.concatenate(results) if len(each) > 1 else results[0]
        if result.size != expected.size:
            yield f"output '{port.onnx_name}': {result.shape} for {expected.shape}"
            continue
        tolerance = max(_ROUNDING.get(expected.dtype.name, 1e-4), _WRITTEN.get(test.name, 0))
        wanted = expected.astype(np.float64)
        with np.errstate(invalid="ignore"):  # infinity is left out below
            error = np.abs(result.astype(np.float64).reshape(wanted.shape) - wanted)
        for array in test.inputs.values():  # what infinity and NaN have become is left out
            if array.shape == wanted.shape and array.dtype.kind == "f":
                error, wanted = (np.where(np.isfinite(array), a, 0) for a in (error, wanted))
        error, wanted = error[wanted == wanted], wanted[wanted == wanted]
        if error.max(initial=0) > tolerance * np.abs(wanted).max(initial=1e-30):
            yield f"output '{port.onnx_name}': off by {error.max():.3g}"


def _noise(network: Graph, integer: Graph, samples: Dataset) -> float:
    """How far the integers are from the real numbers, of the largest one of each output."""
    x: Batch = samples.x[:]
    exact = run_float(network, x)
    q = golden.run(integer, quantize_inputs(integer, x))
    shares = []
    for port in network.outputs:
        real = golden.dequantize(q[port.tensor], integer.tensors[port.tensor].q)
        values = np.asarray(exact[port.tensor], np.float64)
        noise = np.sqrt(((real - values) ** 2).mean())
        shares.append(float(noise / np.abs(values).max(initial=1e-30)))
    return max(shares)

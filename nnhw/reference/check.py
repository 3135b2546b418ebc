"""Whether our reading of a model says the same as the model file.

Both compute in float32, in other orders: they differ by rounding, by how much depends on the
network. Monte Carlo arithmetic (Parker, 1997) finds out: our reading runs again with every input
and every result changed at random by as much as rounding may amount to, and what that does to the
outputs is the noise. The error of a sum of K products grows with the square root of K (Higham and
Mary, "A New Approach to Probabilistic Rounding Error Analysis", 2019), so that 64 roundings stand
for a sum of 4096. A network that makes much of little differences has much noise, and only what
exceeds it is a misreading.

Where a network rounds by itself (FakeQuantize, Floor, ...), a result next to a tie may fall on
either side. That is rare, and what follows from it is not small; so there the quarter of the
samples that differ most does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike

import numpy as np

from ..data import SampleSource
from ..errors import ModelError, ToolError, VerificationError
from ..frontend import expose_tensors
from ..ir import (
    Batch,
    DynamicQuantize,
    FakeQuantize,
    Function,
    Graph,
    Node,
    as_batch,
    from_channels_last,
)
from ..quantize import run_float
from .answers import Answers, cast_samples, file_tensors, real_values

SAMPLES = 8
"""Samples that are compared."""

_LOOKED_AT = 2
"""Samples by which the place is found where reading and file part."""

_RUNS = 3
"""Disturbed runs, by which together the noise is known."""

_FLOOR = 2.0**-20
"""Of the values' root mean square: what differs by less is no misreading, whatever the noise."""

_STEPWISE = frozenset({"ceil", "floor", "round", "shrink", "sign", "thresholded_relu"})
"""Functions that jump."""

_APPROXIMATED = frozenset({"sigmoid", "tanh", "erf", "gelu", "gelu_tanh", "mish", "swish"})
"""Functions that runtimes compute by polynomials, small results no better than large ones: to
onnxruntime, Sigmoid is 0 below about -18."""

_APPROXIMATION = 2.0**-22
"""Their error, relative to the largest result."""


@dataclass(frozen=True, kw_only=True)
class _Tolerance:
    """How the noise is found out, and what is compared with it.

    Parameters
    ----------
    unit
        Size of a disturbance, relative.
    factor
        By how much a difference has to exceed the noise, which is known by a few draws.
    share
        Of the samples, those that count.
    """

    unit: float
    factor: float
    share: float


_SMOOTH = _Tolerance(unit=64 * 2.0**-24, factor=8.0, share=1.0)
_ROUNDED = _Tolerance(unit=8 * 2.0**-24, factor=3.0, share=0.75)
_HALF = _Tolerance(unit=2 * 2.0**-11, factor=8.0, share=1.0)
"""Of float16, in which results are stored, while sums are in float32."""


@dataclass(frozen=True, kw_only=True)
class _Difference:
    """A tensor of the reading against the file's; root mean squares."""

    found: float
    allowed: float
    values: float


def check_reading(
    path: str | PathLike[str], network: Graph, x: SampleSource, answers: Answers
) -> int:
    """Compare what our reading makes of a few samples with what the file answers to them.

    Parameters
    ----------
    path
        The ONNX file.
    network
        As it was loaded from it.
    x
        Samples, of which the first 8 are compared.
    answers
        What `ask_file` says of them.

    Returns
    -------
    int
        Number of samples that were compared; 0 where the file itself cannot be asked.

    Raises
    ------
    VerificationError
        If they differ by more than rounding: the message names output and node.
    """
    if not answers.from_file:
        return 0
    x = as_batch(network, x[:SAMPLES])
    exposed = expose_tensors(path, ())
    tolerance = _tolerance(network, half_precision=exposed.half_precision)
    ports = [port for port in network.outputs if port.onnx_name in answers.from_file]
    runs = _runs(
        network, cast_samples(exposed, network, x), tolerance, {port.tensor for port in ports}
    )
    for port in ports:
        ours = [from_channels_last(run[port.tensor], port) for run in runs]
        difference = _compare(ours, answers.outputs[port.onnx_name][: len(x)], tolerance)
        if difference.found > difference.allowed:
            raise VerificationError(
                f"nnhw reads output '{port.onnx_name}' of the model differently from onnxruntime: "
                f"on {len(x)} samples they differ by {difference.found:.3g}, where rounding "
                f"explains {difference.allowed:.3g} (root mean squares; that of the output is "
                f"{difference.values:.3g}).{_place(path, network, x, tolerance)} The hardware "
                "would compute something else than the file says, so nothing is built: please "
                "report this together with the model"
            )
    return len(x)


def _tolerance(network: Graph, *, half_precision: bool) -> _Tolerance:
    if half_precision:
        return _HALF
    rounds = any(
        isinstance(node, DynamicQuantize | FakeQuantize)
        or (isinstance(node, Function) and node.function in _STEPWISE)
        for node in network.nodes
    )
    return _ROUNDED if rounds else _SMOOTH


def _runs(
    network: Graph, x: Batch, tolerance: _Tolerance, keep: set[str]
) -> list[dict[str, np.ndarray]]:
    """Tensors (N, H, W, C) by name: once as they are, then disturbed."""
    generator = np.random.default_rng(0)

    def disturb(y: np.ndarray, node: Node | None) -> np.ndarray:
        change = y * (tolerance.unit * generator.uniform(-1, 1, y.shape)).astype(np.float32)
        if isinstance(node, Function) and node.function in _APPROXIMATED:
            largest = np.abs(y).max(where=np.isfinite(y), initial=0.0)
            change += _APPROXIMATION * largest * generator.uniform(-1, 1, y.shape).astype(y.dtype)
        return y + change

    disturbed = [run_float(network, x, keep, disturb=disturb) for _ in range(_RUNS)]
    return [run_float(network, x, keep), *disturbed]


def _compare(ours: list[np.ndarray], theirs: np.ndarray, tolerance: _Tolerance) -> _Difference:
    """Compare a tensor (N, ...) with the file's; the first of `ours` is not disturbed."""
    count = len(theirs)
    runs = [y.reshape(count, -1).astype(np.float64) for y in ours]
    exact = theirs.reshape(count, -1).astype(np.float64)
    # What overflows or is undefined in our own arithmetic cannot be compared.
    known = np.logical_and.reduce([np.isfinite(y) for y in runs])
    with np.errstate(invalid="ignore", over="ignore"):
        swing = np.maximum.reduce([np.abs(run - runs[0]) for run in runs[1:]])
        # Nor can what rounding alone changes by half of itself, as a quotient by almost nothing:
        # in the file it may overflow.
        known &= np.isfinite(exact) | (swing < np.abs(runs[0]) / 2)

    def squares(y: np.ndarray) -> np.ndarray:
        """By sample, of the finite elements; infinite where `y` is not a number."""
        with np.errstate(invalid="ignore", over="ignore"):
            mean = np.where(known, np.square(y), 0.0).mean(axis=1)
        return np.where(np.isnan(mean), np.inf, mean)

    with np.errstate(invalid="ignore"):
        difference = np.sort(squares(runs[0] - exact))[: max(1, int(tolerance.share * count))]
        noise = np.concatenate([squares(run - runs[0]) for run in runs[1:]])
    values = float(np.sqrt(squares(runs[0]).mean()))
    return _Difference(
        found=float(np.sqrt(difference.mean())),
        allowed=tolerance.factor * float(np.sqrt(noise.mean())) + _FLOOR * values,
        values=values,
    )


def _place(path: str | PathLike[str], network: Graph, x: Batch, tolerance: _Tolerance) -> str:
    """A sentence on the first node whose result differs; empty if it cannot be found out.

    How the axes of an inner tensor run is not known here: elements are compared by size.
    """
    names = [node.output for node in network.nodes]
    x = x[:_LOOKED_AT]
    try:
        exposed = expose_tensors(path, names)
        tensors, _ = file_tensors(exposed, network, x, names)
    except (ModelError, ToolError):
        return ""
    runs = _runs(network, cast_samples(exposed, network, x), tolerance, set(names))
    for node in network.nodes:
        if node.output not in tensors:
            continue
        theirs = real_values(tensors[node.output], network, node.output)
        ours = [np.sort(run[node.output].reshape(len(x), -1)) for run in runs]
        if theirs is None or theirs.shape != ours[0].shape:
            continue
        difference = _compare(ours, np.sort(theirs), tolerance)
        if difference.found > difference.allowed:
            return f" They part at node '{node.name}' (tensor '{node.output}')."
    return ""

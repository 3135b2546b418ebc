"""Real values to integers and back: ONNX QuantizeLinear and DequantizeLinear."""

from __future__ import annotations

import numpy as np

from ..ir import Batch, Graph, Quantization, as_batch


def integer_type(quantization: Quantization) -> type[np.integer]:
    """The NumPy type that holds q of up to 8 bits."""
    return np.int8 if quantization.signed else np.uint8


def quantize_input(x: np.ndarray, quantization: Quantization) -> np.ndarray:
    """Quantize real values as ONNX QuantizeLinear (opset 13 on) does.

    x / scale in float32, rounded to the nearest integer with ties to even, plus the zero point,
    saturated to the range of q.

    Parameters
    ----------
    x
        Any shape, any real type, finite; taken as float32.

    Returns
    -------
    numpy.ndarray
        int8, or uint8 if `quantization` is not signed; the shape of `x`.
    """
    with np.errstate(over="ignore"):  # infinitely many steps saturate as well
        steps = np.rint(x.astype(np.float32) / np.float32(quantization.scale))
    lo = quantization.lo - quantization.zero_point
    hi = quantization.hi - quantization.zero_point
    q = np.clip(steps, lo, hi).astype(np.int16) + np.int16(quantization.zero_point)
    return q.astype(integer_type(quantization))


def quantize_inputs(graph: Graph, x: Batch | np.ndarray) -> Batch:
    """Quantize real samples for all inputs of an integer graph; see `quantize_input`.

    Raises
    ------
    ValueError
        If `x` does not have the shapes of the graph's inputs.
    """
    return as_batch(graph, x).map(lambda name, array: quantize_input(array, graph.tensors[name].q))


def dequantize(q: np.ndarray, quantization: Quantization) -> np.ndarray:
    """Real values of q as ONNX DequantizeLinear gives them: float32, the shape of `q`."""
    return (q.astype(np.int16) - quantization.zero_point).astype(np.float32) * np.float32(
        quantization.scale
    )

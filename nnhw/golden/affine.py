"""Real values to integers and back: ONNX QuantizeLinear and DequantizeLinear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..errors import DataError
from ..ir import (
    Batch,
    Graph,
    HostStep,
    Quantization,
    apply_host_steps,
    as_batch,
    from_channels_last,
)


def integer_type(quantization: Quantization) -> type[np.integer]:
    """The NumPy type that holds q of up to 8 bits."""
    return np.int8 if quantization.signed else np.uint8


def quantize_input(
    x: np.ndarray, quantization: Quantization, steps: Sequence[HostStep] = ()
) -> np.ndarray:
    """Quantize real values as ONNX QuantizeLinear (opset 13 on) does: what the host has to do.

    x / scale in float32, rounded to the nearest integer with ties to even, plus the zero point,
    saturated to the range of q. With steps before it, such as the subtraction of an offset and the
    division by a scale of each channel, this is

        q = saturate(round((x - offset) / scale) + zero_point)

    Parameters
    ----------
    x
        Any shape, any real type; taken as float32. With steps (N, H, W, C).
    steps
        What comes first, as `Port.host_preprocess` says of an input.

    Returns
    -------
    numpy.ndarray
        int8, or uint8 if `quantization` is not signed; the shape of `x`.

    Raises
    ------
    DataError
        If a value is not a number, or becomes none.
    """
    with np.errstate(over="ignore"):  # infinitely many steps saturate as well
        quotient = np.rint(apply_host_steps(steps, x) / np.float32(quantization.scale))
    if np.isnan(quotient).any():
        raise DataError("An input holds NaN, which no integer stands for: check the data")
    lo = quantization.lo - quantization.zero_point
    hi = quantization.hi - quantization.zero_point
    q = np.clip(quotient, lo, hi).astype(np.int16) + np.int16(quantization.zero_point)
    return q.astype(integer_type(quantization))


def quantize_inputs(graph: Graph, x: Batch | np.ndarray) -> Batch:
    """Quantize real samples for all inputs of an integer graph; see `quantize_input`.

    Raises
    ------
    ValueError
        If `x` does not have the shapes of the graph's inputs.
    DataError
        See `quantize_input`.
    """
    steps = {port.tensor: port.host_preprocess for port in graph.inputs}
    return as_batch(graph, x).map(
        lambda name, array: quantize_input(array, graph.tensors[name].q, steps[name])
    )


def dequantize(q: np.ndarray, quantization: Quantization) -> np.ndarray:
    """Real values of q as ONNX DequantizeLinear gives them: float32, the shape of `q`."""
    return (q.astype(np.int16) - quantization.zero_point).astype(np.float32) * np.float32(
        quantization.scale
    )


def real_outputs(graph: Graph, found: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs of an integer graph as the ONNX model has them.

    Parameters
    ----------
    found
        (N, H, W, C) by tensor, such as `run` gives.

    Returns
    -------
    dict
        float32 (N, *Port.onnx_shape) by `Port.onnx_name`: real values, before what stays with the
        host.
    """
    return {
        port.onnx_name: from_channels_last(
            dequantize(found[port.tensor], graph.tensors[port.tensor].q), port
        )
        for port in graph.outputs
    }

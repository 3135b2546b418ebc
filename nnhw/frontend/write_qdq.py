"""An integer graph as a standard ONNX model in QDQ form, for other programs to run.

Every tensor passes through QuantizeLinear and DequantizeLinear, and operators in between compute
with real values; so ONNX defines what the integer contract defines, up to the rounding of float32.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import ExportError
from ..ir import (
    DepthToSpace,
    Graph,
    IntegerRangeError,
    Node,
    QAdd,
    QAveragePool,
    QConcat,
    QConv,
    QFunction,
    QMaxPool,
    QMultiply,
    Reshape,
    Resize,
    Slice,
    Window,
    as_integers,
)
from ..ir.patches import pad, patches
from .qdq_builder import QdqBuilder
from .qdq_functions import write_function
from .qdq_moves import write_move


def write_qdq(graph: Graph, path: Path) -> None:
    """Write an integer graph as an ONNX model (opset 21) with float input and outputs.

    Convolutions that cover their whole input become Flatten and Gemm; fused activations become
    Relu or Clip; weights of up to 4 bits are INT4. Input and outputs have the names and shapes of
    the ports, with a free batch size. The quantized values of tensor "t" are the tensor
    "t_quantized", (N, C, H, W) or (N, K), so that executions can be compared tensor by tensor.
    The same graph gives the same bytes.

    Parameters
    ----------
    graph
        Integer graph.
    path
        File to write.

    Raises
    ------
    ExportError
        If a port has the name of a quantized tensor, or a bias exceeds 32 bits.
    """
    builder = QdqBuilder(graph)
    for port in graph.inputs:
        builder.read_port(port)
    for node in graph.nodes:
        _write_node(builder, node)
    for port in graph.outputs:
        builder.write_port(port)
    path.write_bytes(builder.model().SerializeToString(deterministic=True))


def _write_node(builder: QdqBuilder, node: Node) -> None:
    match node:
        case QConv():
            _conv(builder, node)
        case QMaxPool():
            builder.quantize(node.output, _max_pool(builder, node), node.lo, node.hi)
        case QAveragePool():
            value = _average_pool(builder, node)
            builder.quantize(node.output, value, node.requantize.lo, node.requantize.hi)
        case QAdd():
            terms = [builder.image(name) for name in node.inputs]
            value = builder.node("Add", terms, node.output)
            builder.quantize(node.output, value, node.requantize.lo, node.requantize.hi)
        case QMultiply():
            factors = [builder.image(name) for name in node.inputs]
            value = builder.node("Mul", factors, node.output)
            builder.quantize(node.output, value, node.requantize.lo, node.requantize.hi)
        case QConcat():
            parts = [builder.image(name) for name in node.inputs]
            value = builder.node("Concat", parts, node.output, axis=1)
            builder.quantize(node.output, value, node.parts[0].lo, node.parts[0].hi)
        case QFunction():
            q = builder.graph.tensors[node.output].q
            builder.quantize(node.output, write_function(builder, node), q.lo, q.hi)
        case Reshape() | Slice() | Resize() | DepthToSpace():
            q = builder.graph.tensors[node.output].q
            builder.quantize(node.output, write_move(builder, node), q.lo, q.hi)
        case _:
            kind = type(node).__name__
            raise TypeError(f"Node '{node.name}' is not an integer operator but a {kind}")


def _geometry(window: Window) -> dict[str, tuple[int, ...]]:
    """Attributes of a window, the same for Conv, MaxPool and AveragePool."""
    return {
        "kernel_shape": window.kernel,
        "strides": window.stride,
        "pads": window.pads,
        "dilations": window.dilation,
    }


def _conv(builder: QdqBuilder, node: QConv) -> None:
    source = builder.graph.tensors[node.inputs[0]]
    is_dense = (
        node.groups == 1 and node.window.kernel == source.shape[:2] and not any(node.window.pads)
    )
    weight = node.weight.transpose(0, 3, 1, 2)
    if is_dense:
        weight = weight.reshape(len(weight), -1)
    add_constant = builder.int4_constant if node.weight_bits <= 4 else builder.constant
    name = node.output
    parameters = [
        _dequantized(builder, add_constant(f"{name}_weight", weight), node.weight_scale),
        _dequantized(
            builder,
            builder.constant(f"{name}_bias", _bias(node)),
            node.weight_scale * source.q.scale,
        ),
    ]
    if is_dense:
        inputs = [builder.vector(node.inputs[0]), *parameters]
        value = builder.node("Gemm", inputs, name, transB=1)
    else:
        inputs = [builder.image(node.inputs[0]), *parameters]
        value = builder.node("Conv", inputs, name, group=node.groups, **_geometry(node.window))
    builder.quantize(name, value, node.requantize.lo, node.requantize.hi, flat=is_dense)


def _bias(node: QConv) -> np.ndarray:
    """The bias as ONNX has it, of 32 bits.

    Raises
    ------
    ExportError
        If it is larger.
    """
    try:
        return as_integers(node.bias, np.int32)
    except IntegerRangeError as error:
        raise ExportError(
            f"Node '{node.name}': its bias would be {error}, of which model.qdq.onnx has none: "
            "give its weights a larger range"
        ) from error


def _dequantized(builder: QdqBuilder, constant: str, scale: np.ndarray) -> str:
    """A constant's real values, with a scale for each output channel."""
    scales = builder.constant(f"{constant}_scale", scale.astype(np.float32))
    return builder.node("DequantizeLinear", [constant, scales], f"{constant}_dequantized", axis=0)


def _max_pool(builder: QdqBuilder, node: QMaxPool) -> str:
    """MaxPool, behind a Pad with the smallest value that there is where it cannot pad itself.

    ONNX Runtime has no pooling whose padding is as large as its kernel.
    """
    value, window = builder.image(node.inputs[0]), node.window
    if not _has_small_pads(window):
        q = builder.graph.tensors[node.inputs[0]].q
        top, left, bottom, right = window.pads
        pads = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
        lowest = np.array(q.scale * (q.lo - q.zero_point), np.float32)
        inputs = [
            value,
            builder.constant(f"{node.output}_pads", pads),
            builder.constant(f"{node.output}_lowest", lowest),
        ]
        value = builder.node("Pad", inputs, f"{node.output}_padded")
        window = replace(window, pads=(0, 0, 0, 0))
    return builder.node("MaxPool", [value], node.output, **_geometry(window))


def _has_small_pads(window: Window) -> bool:
    return bool((np.array(window.pads) < window.kernel * 2).all())


def _average_pool(builder: QdqBuilder, node: QAveragePool) -> str:
    """AveragePool where it can count like `divisor`, else a sum by convolution and a product.

    ONNX Runtime has no AveragePool whose padding is as large as its kernel.
    """
    (name,) = node.inputs
    value, (channels, height, width) = builder.image(name), builder.image_shape(name)
    counts = {0: _real_elements(node.window, height, width), 1: np.prod(node.window.kernel)}
    for count_include_pad, count in counts.items():
        if _has_small_pads(node.window) and (node.divisor == count).all():
            return builder.node(
                "AveragePool",
                [value],
                node.output,
                count_include_pad=count_include_pad,
                **_geometry(node.window),
            )
    ones = np.ones((channels, 1, *node.window.kernel), np.float32)
    inputs = [value, builder.constant(f"{node.output}_ones", ones)]
    total = builder.node(
        "Conv", inputs, f"{node.output}_sum", group=channels, **_geometry(node.window)
    )
    share = (1 / node.divisor).astype(np.float32)
    inputs = [total, builder.constant(f"{node.output}_share", share)]
    return builder.node("Mul", inputs, node.output)


def _real_elements(window: Window, height: int, width: int) -> np.ndarray:
    """Elements in each window that are not padding: int64 (output rows, output columns)."""
    inside = patches(pad(np.ones((1, height, width, 1), np.int64), window, 0), window)
    return inside.sum(axis=(3, 4))[0, :, :, 0]

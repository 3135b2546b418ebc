"""An integer graph as a standard ONNX model in QDQ form, for other programs to run.

Every tensor passes through QuantizeLinear and DequantizeLinear, and operators in between compute
with real values; so ONNX defines what the integer contract defines, up to the rounding of float32.
"""

from __future__ import annotations

from pathlib import Path

from ..ir import Apply, Expression, Graph, Node, Operand, integer_operator
from .qdq_builder import QdqBuilder


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
    form = integer_operator(node).qdq(node, builder.graph)
    value = _write(builder, node, form.value, {})
    builder.quantize(node.output, value, *form.bounds, flat=form.is_flat)


def _write(
    builder: QdqBuilder, node: Node, expression: Expression, written: dict[Expression, str]
) -> str:
    """Add an expression unless it has been `written`; returns its result's name.

    What is computed of constants and operands comes before them, so that nothing is dequantized
    earlier than it has to be.
    """
    if expression in written:
        return written[expression]
    if isinstance(expression, Operand):
        source = node.inputs[expression.index]
        value = builder.vector(source) if expression.is_flat else builder.image(source)
    elif isinstance(expression, Apply):
        for operand in expression.operands:
            if isinstance(operand, Apply):
                _write(builder, node, operand, written)
        operands = [
            "" if operand is None else _write(builder, node, operand, written)
            for operand in expression.operands
        ]
        name = f"{node.output}_{expression.name}" if expression.name else node.output
        value = builder.node(expression.operator, operands, name, **expression.attributes)
    else:
        add = builder.int4_constant if expression.is_int4 else builder.constant
        value = add(f"{node.output}_{expression.name}", expression.values)
    written[expression] = value
    return value

"""Functions of one number, in a QDQ model."""

from __future__ import annotations

import numpy as np

from ..ir import FUNCTIONS, QFunction
from .qdq_builder import QdqBuilder


def write_function(builder: QdqBuilder, node: QFunction) -> str:
    """Add the function of the real values of the node's input; returns the result's name.

    By its own ONNX operator, except for Swish, which is younger than the model's opset: x *
    Sigmoid(alpha * x).
    """
    name, source = node.output, builder.image(node.inputs[0])
    definition = FUNCTIONS[node.function]
    match definition.operator:
        case "Gelu":
            approximate = "tanh" if node.function == "gelu_tanh" else "none"
            return builder.node("Gelu", [source], name, approximate=approximate)
        case "Pow":
            exponent = builder.constant(
                f"{name}_exponent", np.array(node.parameters[0], np.float32)
            )
            return builder.node("Pow", [source, exponent], name)
        case "Swish":
            alpha = builder.constant(f"{name}_alpha", np.array(node.parameters[0], np.float32))
            scaled = builder.node("Mul", [source, alpha], f"{name}_scaled")
            gate = builder.node("Sigmoid", [scaled], f"{name}_gate")
            return builder.node("Mul", [source, gate], name)
    attributes = dict(zip(definition.parameters, node.parameters, strict=True))
    return builder.node(definition.operator, [source], name, **attributes)

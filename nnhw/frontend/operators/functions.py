"""Functions of one number that become a table of their results."""

from __future__ import annotations

from ...ir import FUNCTIONS, Function, FunctionDefinition
from ..builder import Builder
from ..node import OnnxNode
from ..problems import NodeError
from ..value import Value
from .registry import operator

_REMARK = "a table of its result for every quantized input"

_SEPARATE = frozenset({"gelu", "gelu_tanh", "pow", "sigmoid"})
"""Functions whose operators need more than to read their attributes."""


def _enter(function: str, definition: FunctionDefinition) -> None:
    def translate(node: OnnxNode, build: Builder) -> Value:
        return apply_function(node, build, function, *map(node.attribute, definition.parameters))

    operator(definition.operator, attributes=definition.parameters, remark=_REMARK)(translate)


for _function, _definition in FUNCTIONS.items():
    if _function not in _SEPARATE:
        _enter(_function, _definition)


@operator("Gelu", attributes=("approximate",), remark=_REMARK)
def gelu(node: OnnxNode, build: Builder) -> Value:
    """Gelu-20."""
    approximate = node.attribute("approximate")
    functions = {"none": "gelu", "tanh": "gelu_tanh"}
    if approximate not in functions:
        raise NodeError(f"approximate={approximate!r} is not defined by ONNX; use 'none' or 'tanh'")
    return apply_function(node, build, functions[approximate])


@operator("Pow", remark=f"of a constant scalar exponent; {_REMARK}")
def power(node: OnnxNode, build: Builder) -> Value:
    """Pow-15 and its older definitions down to Pow-7."""
    exponent = node.weights(1)
    if exponent.size != 1:
        raise NodeError(
            f"its exponents are an array of shape {exponent.shape}; give it a single exponent"
        )
    return apply_function(node, build, "pow", float(exponent.reshape(())))


def apply_function(node: OnnxNode, build: Builder, function: str, *parameters: float) -> Value:
    """Append a function of the node's first input.

    Raises
    ------
    NodeError
        If the input is of an integer type.
    """
    value = node.value()
    if value.is_integer:
        raise NodeError("it computes in integers; put a Cast to float before it")
    return build.pixelwise(Function, node, value, function=function, parameters=parameters)

"""Constants."""

from __future__ import annotations

from ..builder import Builder
from ..node import OnnxNode
from ..problems import NodeError
from ..value import Value
from .registry import operator


@operator(
    "Constant",
    attributes=("value", "value_float", "value_floats", "value_int", "value_ints"),
    remark="computed beforehand, as is every operator whose inputs are all constants",
)
def constant(node: OnnxNode, build: Builder) -> Value:
    """Constant-25 and its older definitions; `fold_constants` has taken all arrays of numbers."""
    raise NodeError("its value is not an array of numbers; export it as a dense tensor")

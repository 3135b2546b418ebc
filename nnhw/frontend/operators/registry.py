"""The table of supported operators: which attributes of each are handled, and by which function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..builder import Builder
from ..node import OnnxNode
from ..value import HostValue, Value

Result = Value | HostValue | tuple[Value, ...]
"""What the first output stands for, or all of them."""

Translate = Callable[[OnnxNode, Builder], Result]


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One operator of the standard operator set.

    Parameters
    ----------
    op_type
        ONNX name.
    since
        Oldest opset whose definition of the operator is handled.
    attributes
        Attributes that are handled. Any other may only have its default value.
    remark
        Limits, or how the operator is built; for documentation.
    translate
        Adds what the node stands for to the graph and returns what its output stands for.
    all_outputs
        Whether `translate` returns one value for each output.
    """

    op_type: str
    since: int
    attributes: tuple[str, ...]
    remark: str
    translate: Translate
    all_outputs: bool = False


_OPERATORS: dict[str, Operator] = {}


def operator(
    op_type: str,
    *,
    since: int = 7,
    attributes: tuple[str, ...] = (),
    remark: str,
    all_outputs: bool = False,
) -> Callable[[Translate], Translate]:
    """Enter the decorated function into the table; see `Operator`."""

    def enter(translate: Translate) -> Translate:
        _OPERATORS[op_type] = Operator(
            op_type=op_type,
            since=since,
            attributes=attributes,
            remark=remark,
            translate=translate,
            all_outputs=all_outputs,
        )
        return translate

    return enter


def supported_operators() -> Mapping[str, Operator]:
    """All supported operators by ONNX name, in alphabetical order."""
    return dict(sorted(_OPERATORS.items()))

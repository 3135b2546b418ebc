"""The table of supported operators: which attributes of each are handled, and by which function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...plugins import OPERATORS, Table, find_plugin, load_plugin
from ..builder import Builder
from ..node import OnnxNode
from ..value import HostValue, Value

Result = Value | HostValue | tuple[Value | HostValue, ...]
"""What the first output stands for, or all of them."""

Translate = Callable[[OnnxNode, Builder], Result]


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One operator.

    Parameters
    ----------
    op_type
        ONNX name; with its domain in front, and a dot, if that is not the standard one.
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


_OPERATORS: Table[str, Operator] = Table("ONNX operator")


def operator(
    op_type: str,
    *,
    since: int = 7,
    attributes: tuple[str, ...] = (),
    remark: str,
    all_outputs: bool = False,
) -> Callable[[Translate], Translate]:
    """Enter the decorated function into the table; see `Operator`.

    Raises
    ------
    PluginError
        If there is an operator of this name already.
    """

    def enter(translate: Translate) -> Translate:
        entry = Operator(
            op_type=op_type,
            since=since,
            attributes=attributes,
            remark=remark,
            translate=translate,
            all_outputs=all_outputs,
        )
        _OPERATORS.enter(op_type, entry)
        return translate

    return enter


def find_operator(op_type: str) -> Operator | None:
    """The operator of an ONNX name, nnhw's own or that of a plug-in; None if there is none.

    Raises
    ------
    PluginError
        If it comes from several plug-ins.
    """
    if op_type not in _OPERATORS and (plugin := find_plugin(OPERATORS, op_type)) is not None:
        load_plugin(plugin)
    return _OPERATORS.get(op_type)


def supported_operators() -> Mapping[str, Operator]:
    """nnhw's own operators by ONNX name, in alphabetical order."""
    own = (name for name in sorted(_OPERATORS) if _OPERATORS.origin(name) is None)
    return {name: _OPERATORS[name] for name in own}

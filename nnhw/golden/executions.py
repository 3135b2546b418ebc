"""The table of what executes each operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from ..ir import Node, Quantization, Tensor
from ..plugins import Table

Execution = Callable[
    [Any, Sequence[np.ndarray], Sequence[Quantization], Tensor],
    np.ndarray,
]
"""Takes a node, its inputs (N, H, W, C) and their quantizations, and the tensor that it writes;
gives the output's integers, exactly, of any integer type."""

_E = TypeVar("_E", bound=Execution)

_EXECUTIONS: Table[type[Node], Execution] = Table("execution")


def executes(*kinds: type[Node]) -> Callable[[_E], _E]:
    """Enter the decorated function into the table as what executes nodes of these classes.

    Raises
    ------
    PluginError
        If something executes one of them already.
    """

    def enter(execution: _E) -> _E:
        for kind in kinds:
            _EXECUTIONS.enter(kind, execution)
        return execution

    return enter


def execution(node: Node) -> Execution:
    """What executes a node.

    Raises
    ------
    TypeError
        If nothing does.
    """
    try:
        return _EXECUTIONS[type(node)]
    except KeyError:
        kind = type(node).__name__
        raise TypeError(f"The golden model cannot execute node '{node.name}', a {kind}") from None

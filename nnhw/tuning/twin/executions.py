"""The table of what imitates each operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch

from ...errors import QuantizationError
from ...ir import Node, Quantization, Tensor
from ...plugins import Table

Twin = Callable[[Any, Sequence[torch.Tensor], Sequence[Quantization], Tensor], torch.Tensor]
"""Takes a node, its inputs (N, C, H, W) and their quantizations, and the tensor that it writes;
gives the output's integers, exactly, as a float32 tensor that gradients pass through."""

_T = TypeVar("_T", bound=Twin)

_TWINS: Table[type[Node], Twin] = Table("twin")


def imitates(*kinds: type[Node]) -> Callable[[_T], _T]:
    """Enter the decorated function into the table as the twin of nodes of these classes.

    Raises
    ------
    PluginError
        If one of them has a twin already.
    """

    def enter(twin: _T) -> _T:
        for kind in kinds:
            _TWINS.enter(kind, twin)
        return twin

    return enter


def twin_of(node: Node) -> Twin:
    """What imitates a node.

    Raises
    ------
    QuantizationError
        If nothing does: a plug-in's operator may have no twin.
    """
    try:
        return _TWINS[type(node)]
    except KeyError:
        raise QuantizationError(
            f"Node '{node.name}', a {type(node).__name__}, has no differentiable twin, without "
            "which no network with it can be tuned; see nnhw.tuning.twin.imitates"
        ) from None

"""The result of translating an ONNX model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..ir import Node, Port, Tensor
from .node import OnnxNode


@dataclass(frozen=True, kw_only=True)
class TranslatedNode:
    """What became of one ONNX node.

    Parameters
    ----------
    node
        The ONNX node.
    emitted
        The graph's nodes that stand for it; none for what is absorbed or stays with the host.
    problems
        Why it cannot be built, each with the node's name in front; empty if it can.
    """

    node: OnnxNode
    emitted: tuple[Node, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Translation:
    """A whole model; the parts of a `Graph` if there are no problems.

    Parameters
    ----------
    nodes, tensors, inputs, outputs
        As in `Graph`. Where there are problems, results of nodes that cannot be built have a
        tensor but no writer.
    translated
        All ONNX nodes in order.
    problems
        One line for everything that cannot be built.
    """

    nodes: tuple[Node, ...]
    tensors: Mapping[str, Tensor]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    translated: tuple[TranslatedNode, ...]
    problems: tuple[str, ...]

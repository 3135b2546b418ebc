"""What the name of an ONNX tensor stands for during translation."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..ir import Quantization
from .boundary import INTEGER_TYPES
from .layout import Layout


@dataclass(frozen=True, kw_only=True)
class Value:
    """A tensor of the graph, seen as ONNX sees it.

    Parameters
    ----------
    tensor
        Name of the graph's tensor.
    shape
        Its shape (H, W, C).
    layout
        How the ONNX axes run over its elements.
    elem_type
        `onnx.TensorProto.DataType`.
    quantization
        Where ONNX has the integers of a quantized tensor: what they stand for, in ONNX's own type.
        The graph's tensor holds real values.
    views
        Names of the nodes (Transpose, Reshape, ...) that were absorbed into `layout`.
    is_dynamic
        Whether it is the integers of DynamicQuantizeLinear; the graph's tensor holds real values.
    assumed
        Whether it stands in for the result of a node that cannot be built, in which case the
        layout is a guess.
    """

    tensor: str
    shape: tuple[int, int, int]
    layout: Layout
    elem_type: int
    quantization: Quantization | None = None
    views: tuple[str, ...] = ()
    is_dynamic: bool = False
    assumed: bool = False

    @property
    def onnx_shape(self) -> tuple[int, ...]:
        """The ONNX shape, with the batch axis."""
        return self.layout.shape

    @property
    def is_integer(self) -> bool:
        """Whether ONNX computes with it in integers."""
        return self.elem_type in INTEGER_TYPES

    def with_tensor(self, tensor: str) -> Value:
        """The same shape and order in another tensor of the graph."""
        return replace(self, tensor=tensor)

    def view(self, layout: Layout, node: str) -> Value:
        """The same elements as the node named `node` arranges them."""
        return replace(self, layout=layout, views=(*self.views, node))


@dataclass(frozen=True, kw_only=True)
class HostValue:
    """The result of operators that stay with the host.

    Parameters
    ----------
    base
        The last tensor that hardware computes.
    base_name
        Its name in ONNX.
    onnx_shape
        Shape of the result, with the batch axis.
    steps
        What the host does with it, in order, such as "Softmax(axis=1)".
    node
        Name and type of the first node that stays with the host, for messages.
    """

    base: Value
    base_name: str
    onnx_shape: tuple[int, ...]
    steps: tuple[str, ...]
    node: str


def image_layout(shape: tuple[int, int, int], rank: int) -> Layout:
    """Layout of a channels-first ONNX tensor of `rank` 3 (N, C, W) or 4 (N, C, H, W)."""
    axes = {3: [[], [2], [1]], 4: [[], [2], [0], [1]]}[rank]
    return Layout.of_memory(shape, axes)

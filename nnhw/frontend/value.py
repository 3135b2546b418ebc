"""What the name of an ONNX tensor stands for during translation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

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
class HostOperation:
    """An operator that stays with the host.

    Parameters
    ----------
    text
        The operator and its attributes, such as "Softmax(axis=1)".
    inputs
        Of an operator that reads several values: these in order, None for the one that the
        operations before it have made. Empty if it reads that one only.
    """

    text: str
    inputs: tuple[HostValue | None, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HostValue:
    """The result of operators that stay with the host, or of none, if one of them only reads it.

    Parameters
    ----------
    base
        The last tensor that hardware computes; of what operators of several inputs make, the one
        that leads to the first of these.
    base_name
        Its name in ONNX.
    onnx_shape
        Shape of the result, with the batch axis; None if it depends on the data.
    steps
        What the host does with it, in order.
    node
        Name and type of the first node that stays with the host, for messages.
    """

    base: Value
    base_name: str
    onnx_shape: tuple[int, ...] | None
    steps: tuple[HostOperation, ...] = ()
    node: str = field(default="", compare=False)

    @classmethod
    def of(cls, value: Value, name: str) -> HostValue:
        """A tensor that hardware computes, of which the host makes nothing yet."""
        return cls(base=value, base_name=name, onnx_shape=value.onnx_shape)


def image_layout(shape: tuple[int, int, int], rank: int) -> Layout:
    """Layout of a channels-first ONNX tensor of `rank` 3 (N, C, W) or 4 (N, C, H, W)."""
    axes = {3: [[], [2], [1]], 4: [[], [2], [0], [1]]}[rank]
    return Layout.of_memory(shape, axes)

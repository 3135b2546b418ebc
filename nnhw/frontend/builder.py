"""Collects the graph's tensors and nodes while ONNX nodes are translated."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from onnx import TensorProto

from ..budget import need_memory
from ..ir import ChannelAffine, HostStep, Node, Quantization, Reshape, Tensor
from .fold import TENSOR_BYTES
from .moving import in_axes_order
from .node import OnnxNode
from .problems import FollowOnError, NodeError, SeveralSamplesError
from .reorder import reordered
from .value import Value, image_layout

Shape = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Image:
    """An input in the form that convolution and pooling read.

    Parameters
    ----------
    tensor
        Name of the graph's tensor.
    shape
        (H, W, C).
    rank
        Number of ONNX axes: 3 for (N, C, W), 4 for (N, C, H, W).
    elem_type, quantization
        As in `Value`.
    """

    tensor: str
    shape: Shape
    rank: int
    elem_type: int
    quantization: Quantization | None = None

    def result(self, tensor: str, shape: Shape) -> Value:
        """A result of the same rank and type."""
        return Value(
            tensor=tensor,
            shape=shape,
            layout=image_layout(shape, self.rank),
            elem_type=self.elem_type,
            quantization=self.quantization,
        )


class Builder:
    """The graph under construction.

    Attributes
    ----------
    tensors
        All tensors by name.
    nodes
        In execution order.
    """

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.nodes: list[Node] = []
        self._node_names: set[str] = set()

    def tensor(self, name: str, shape: Shape) -> str:
        """Enter a tensor; returns `name`, with a number behind it if it is taken."""
        name = _unused(name, self.tensors)
        need_memory(f"Tensor '{name}' of shape {shape}", TENSOR_BYTES * math.prod(shape))
        self.tensors[name] = Tensor(name=name, shape=shape)
        return name

    def append(
        self,
        kind: type[Node],
        inputs: tuple[str, ...],
        shape: Shape,
        *,
        name: str,
        output: str,
        **fields: Any,
    ) -> str:
        """Append a node, named `name` or nearly so; returns its output tensor."""
        name = _unused(name, self._node_names)
        self._node_names.add(name)
        output = self.tensor(output, shape)
        self.nodes.append(kind(name=name, inputs=inputs, output=output, **fields))
        return output

    def add(
        self,
        kind: type[Node],
        node: OnnxNode,
        inputs: tuple[str, ...],
        shape: Shape,
        **fields: Any,
    ) -> str:
        """Append the node that computes what `node` does, under its names."""
        return self.append(kind, inputs, shape, name=node.name, output=node.output, **fields)

    def pixelwise(self, kind: type[Node], node: OnnxNode, value: Value, **fields: Any) -> Value:
        """Append a node that keeps shape and layout of `value`."""
        output = self.add(kind, node, (value.tensor,), value.shape, **fields)
        return replace(value, tensor=output)

    def reshaped(self, value: Value, shape: Shape) -> Value:
        """`value` as a tensor of another shape with the same elements in memory."""
        if value.shape == shape:
            return value
        tensor = self.append(
            Reshape,
            (value.tensor,),
            shape,
            name=f"{value.tensor}_reshape",
            output=f"{value.tensor}_reshaped",
        )
        return replace(value, tensor=tensor, shape=shape)

    def image(self, node: OnnxNode, index: int = 0) -> Image:
        """An input as (N, C, W) or (N, C, H, W) in ONNX's view, channels-last in memory.

        Raises as `OnnxNode.value` and `image_of`.
        """
        return self.image_of(node.value(index))

    def image_of(self, value: Value) -> Image:
        """A value as (N, C, W) or (N, C, H, W) in ONNX's view, channels-last in memory.

        Where its axes lie in memory in another order, a convolution is appended that restores it,
        or what moves the elements.

        Raises
        ------
        NodeError
            If it is of another rank.
        SeveralSamplesError
            If its first axis has another size than 1.
        FollowOnError
            If the layout is a guess that did not come true.
        """
        shape = value.onnx_shape
        if len(shape) not in (3, 4):
            raise NodeError(
                f"its input has shape {shape}; one or two spatial axes are supported, as in "
                "(batch, channels, rows, columns): use 1-D or 2-D layers, or Reshape between them"
            )
        if shape[0] != 1:
            raise SeveralSamplesError(shape)
        groups = (range(2, len(shape) - 1), [len(shape) - 1], [1])
        image = None
        if value.layout.groups(*groups) is None:
            image = reordered(self, value)
        if image is None:
            value = in_axes_order(self, value, (0, *range(2, len(shape)), 1))
            sizes = value.layout.groups(*groups)
            assert sizes is not None, "it has been moved"
            height, width, channels = sizes
            image = self.reshaped(value, (height, width, channels))
        return Image(
            tensor=image.tensor,
            shape=image.shape,
            rank=len(shape),
            elem_type=value.elem_type,
            quantization=value.quantization,
        )

    def affine(
        self,
        node: OnnxNode,
        value: Value,
        scale: np.ndarray,
        offset: np.ndarray,
        steps: Sequence[tuple[str, np.ndarray]] = (),
    ) -> Value:
        """Append value * scale + offset, with arrays that broadcast to the value's ONNX shape.

        Parameters
        ----------
        node
            Computes it.
        value
            What it reads.
        scale, offset
            Of any shapes that broadcast.
        steps
            The same as ONNX computes it, operator by operator (see `HostStep`), each with an array
            that broadcasts likewise; empty if that is not known.

        Raises
        ------
        NodeError
            If `scale` or `offset` holds NaN or infinity, the arrays broadcast to more elements
            than the value has, or the value is of an integer type.
        """
        if value.is_integer:
            raise NodeError(
                "it computes in integers; nnhw translates arithmetic of floating-point tensors: "
                "put a Cast to float before it"
            )
        if not (np.isfinite(scale).all() and np.isfinite(offset).all()):
            raise NodeError("its constants give NaN or infinity; train or export the model again")
        try:
            shape = np.broadcast_shapes(value.onnx_shape, scale.shape, offset.shape)
        except ValueError:
            shape = ()
        layout = value.layout.reshape(shape) if math.prod(shape) == math.prod(value.shape) else None
        if layout is None:
            raise NodeError(
                f"it broadcasts its input of shape {value.onnx_shape} to a larger shape; "
                "give it a constant that is not larger"
            )
        value = replace(value, layout=layout)
        arrays = [
            layout.to_memory(np.broadcast_to(array, shape)).reshape(value.shape)
            for array in (scale, offset, *(operand for _, operand in steps))
        ]
        if any((array != array[:1, :1]).any() for array in arrays):
            # Each element has constants of its own: every element is a channel.
            value = self.reshaped(value, (1, 1, math.prod(shape)))
            arrays = [array.reshape(value.shape) for array in arrays]
        scale, offset, *operands = (array[0, 0].copy() for array in arrays)
        known = _host_steps([name for name, _ in steps], operands, value)
        return self.pixelwise(ChannelAffine, node, value, scale=scale, offset=offset, steps=known)


def layout_problem(value: Value, expected: str) -> NodeError | FollowOnError:
    """The exception for a value whose axes do not lie in memory as the node needs them."""
    if value.assumed:
        return FollowOnError()
    through = " and ".join(f"'{name}'" for name in value.views) or "the model's input"
    return NodeError(
        f"it needs its input as {expected}, but after {through} the axes are in another order, "
        "and moving data around in memory is not supported; remove the reordering"
    )


def _host_steps(
    operators: Sequence[str], operands: Sequence[np.ndarray], value: Value
) -> tuple[HostStep, ...]:
    """Steps in float32; none where ONNX computes in another type."""
    with np.errstate(over="ignore"):
        narrow = [array.astype(np.float32) for array in operands]
    if value.elem_type != TensorProto.FLOAT or not all(np.isfinite(a).all() for a in narrow):
        return ()
    return tuple(
        HostStep(operator=operator, operand=array[:1] if (array == array[0]).all() else array)
        for operator, array in zip(operators, narrow, strict=True)
    )


def _unused(name: str, taken: Container[str]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate

"""How the model's inputs and outputs map to tensors of the graph."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import permutations

import numpy as np
import onnx

from ..ir import Port, Quantization
from .builder import Builder
from .layout import Layout
from .moving import in_axes_order
from .prepare import PreparedModel
from .value import Value

Shape = tuple[int, int, int]
Interpretation = tuple[Shape, Layout]
"""Shape (H, W, C) of an input's tensor, and how its ONNX axes run over it."""

Step = tuple[str, tuple[int, ...]]
"""("Reshape", new shape) or ("Transpose", perm)."""


def interpretations(model: PreparedModel, name: str) -> list[Interpretation]:
    """The ways to read an input as an image, the most likely first.

    ONNX does not say which axis is the channels: the first operator that needs to know does. So
    the input is tried as it is, and in the shapes that views (Reshape, Transpose, ...) at the
    start of the model give it, each with channels first and with channels last. Empty if the
    input's shape is not known.
    """
    found: list[Interpretation] = []
    for seen, way_back in _first_views(model, name):
        shape = seen
        if len(seen) < 2 or seen[0] != 1:  # an axis of the data is in front, and not the batch
            shape, way_back = (1, *seen), (("Reshape", seen), *way_back)
        readings = [channels_first(shape), channels_last(shape)]
        if model.channels_last:
            readings.reverse()
        else:
            # Inputs have few channels. Where both readings serve, that decides.
            readings.sort(key=_channels)
        for image, layout in readings:
            original = _follow(layout, way_back)
            if (
                original is not None
                and port_layout(image, original) is not None
                and (image, original) not in found
            ):
                found.append((image, original))
    return found


def port_layout(shape: Shape, layout: Layout) -> str | None:
    """The order of the axes of a tensor (H, W, C) in ONNX, such as "CHW" (see `Port.layout`).

    None if it is not an order of whole axes.
    """
    for order in ("CHW", "HWC", *map("".join, permutations("CHW"))):
        axes = Layout.of_memory(shape, [["HWC".index(axis)] for axis in order])
        ordered = axes.reshape(layout.shape)
        if ordered is not None and ordered.same_order(layout):
            return order
    return None


def input_port(value: Value, onnx_name: str, integers: Quantization | None) -> Port:
    """The port of a model's input, which its file takes as `integers`."""
    layout = port_layout(value.shape, value.layout)
    assert layout is not None, "only such interpretations of an input are offered"
    shape = value.onnx_shape
    return Port(
        tensor=value.tensor,
        onnx_name=onnx_name,
        onnx_shape=shape[1:] if _has_batch(shape) else shape,
        layout=layout,
        integers=integers,
    )


def output_port(build: Builder, value: Value, onnx_name: str, steps: tuple[str, ...]) -> Port:
    """The port of a model's output, of which `steps` stay with the host.

    A Reshape is appended where the order of its elements is not one of whole axes, and where that
    cannot be told by three axes, what moves them to ONNX's order. Where the batch axis is not in
    front, the host first gives it the ONNX shape.
    """
    if port_layout(value.shape, value.layout) is None:
        if len(value.layout.block_sizes) > 3:
            value = in_axes_order(build, value, range(len(value.onnx_shape)))
        sizes = value.layout.block_sizes
        height, width, channels = (1,) * (3 - len(sizes)) + sizes
        value = build.reshaped(value, (height, width, channels))
    layout = port_layout(value.shape, value.layout)
    assert layout is not None, "its axes are the blocks that ONNX permutes"
    shape = value.onnx_shape
    has_batch = _has_batch(shape)
    return Port(
        tensor=value.tensor,
        onnx_name=onnx_name,
        onnx_shape=shape[1:] if has_batch else shape,
        layout=layout,
        host_postprocess=steps if has_batch else (f"Reshape(shape={list(shape)})", *steps),
    )


def _has_batch(shape: tuple[int, ...]) -> bool:
    return len(shape) > 1 and shape[0] == 1


def _first_views(
    model: PreparedModel, name: str
) -> Iterator[tuple[tuple[int, ...], tuple[Step, ...]]]:
    """The shapes that views give an input, each with the steps back to the input's own shape."""
    shape = model.shapes.get(name)
    way_back: tuple[Step, ...] = ()
    while shape and min(shape) > 0:
        yield shape, way_back
        readers = [node for node in model.nodes if name in node.input]
        if len(readers) != 1 or readers[0].domain:
            return
        step = _step_back(readers[0], shape)
        if step is None:
            return
        way_back = (step, *way_back)
        name = readers[0].output[0]
        shape = model.shapes.get(name)


def _step_back(node: onnx.NodeProto, shape: tuple[int, ...]) -> Step | None:
    """The view that undoes a view of a tensor of `shape`; None if the node is not a view."""
    if node.op_type in ("Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"):
        return "Reshape", shape
    if node.op_type == "Transpose":
        given = [list(a.ints) for a in node.attribute if a.name == "perm"]
        perm = given[0] if given else range(len(shape))[::-1]
        return "Transpose", tuple(np.argsort(perm).tolist())
    return None


def _channels(reading: Interpretation) -> int:
    return reading[0][2]


def _follow(layout: Layout, steps: tuple[Step, ...]) -> Layout | None:
    current: Layout | None = layout
    for kind, argument in steps:
        if current is None:
            return None
        current = current.transpose(argument) if kind == "Transpose" else current.reshape(argument)
    return current


def channels_first(shape: tuple[int, ...]) -> Interpretation:
    """A tensor (1, C, ..., W), of which the axes in between count as rows."""
    _, channels, *spatial = shape
    image = (math.prod(spatial[:-1]), spatial[-1] if spatial else 1, channels)
    axes = [[], [len(spatial)], *([i] for i in range(len(spatial)))]
    return image, Layout.of_memory([*spatial, channels], axes)


def channels_last(shape: tuple[int, ...]) -> Interpretation:
    """A tensor (1, ..., W, C), of which the first axes count as rows."""
    image = (math.prod(shape[1:-2]), shape[-2] if len(shape) > 2 else 1, shape[-1])
    return image, Layout.contiguous(shape)

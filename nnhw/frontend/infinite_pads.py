"""Padding with minus infinity before max pooling, which is padding of the max pooling."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
from onnx import helper, numpy_helper

_LOWEST = float(np.finfo(np.float32).min)
"""What some exporters write for minus infinity."""


def merge_infinite_pads(graph: onnx.GraphProto, opset: int) -> None:
    """Give the pads of Pad to the MaxPool that alone reads it, in place.

    Only where Pad surrounds rows and columns with minus infinity, or with the lowest float32.
    """
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    readers = Counter(name for node in graph.node for name in node.input)
    readers.update(value.name for value in graph.output)
    pads = {node.output[0]: node for node in graph.node if node.op_type == "Pad"}
    for node in graph.node:
        pad = pads.get(node.input[0]) if node.op_type == "MaxPool" else None
        if pad is None or readers[pad.output[0]] > 1 or len(node.output) > 1:
            continue
        given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        spatial = len(given["kernel_shape"])
        outside = _infinite_pads(pad, constants, spatial, opset)
        if outside is None or given.get("auto_pad", b"NOTSET") != b"NOTSET":
            continue
        inside = given.get("pads", [0] * 2 * spatial)
        sums = [a + b for a, b in zip(outside, inside, strict=True)]
        kept = [a for a in node.attribute if a.name != "pads"]
        attributes = [*kept, helper.make_attribute("pads", sums)]
        merged = helper.make_node("MaxPool", pad.input[:1], node.output, name=node.name)
        merged.attribute.extend(attributes)
        node.CopyFrom(merged)
        graph.node.remove(pad)


def _infinite_pads(
    pad: onnx.NodeProto, constants: dict[str, np.ndarray], spatial: int, opset: int
) -> list[int] | None:
    """Pads of spatial axes; None if it pads in another way."""
    given = {a.name: helper.get_attribute_value(a) for a in pad.attribute}
    if given.get("mode", b"constant") != b"constant":
        return None
    parts: list[np.ndarray | None]
    if opset < 11:
        parts = [np.array(given["pads"]), np.array(given.get("value", 0.0))]
    else:
        parts = [constants.get(name) if name else None for name in pad.input[1:]]
    pads, value, axes = (*parts, None, None)[:3]
    if axes is None and len(pad.input) > 3 and pad.input[3]:
        return None
    if value is None or pads is None or value.size != 1 or value.reshape(()) > _LOWEST:
        return None
    rank = 2 + spatial
    table = np.zeros((2, rank), np.int64)
    table[:, range(rank) if axes is None else axes % rank] = pads.reshape(2, -1)
    if table.min() < 0 or table[:, :2].any():
        return None
    return [int(size) for size in table[:, 2:].ravel()]

"""Padding that is not part of a convolution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...ir import AveragePool, Window
from ..builder import Builder, Image
from ..node import OnnxNode
from ..picks import picked
from ..problems import NodeError
from ..value import Value
from .registry import operator


@operator(
    "Pad",
    attributes=("mode", "pads", "value"),
    remark="around the spatial axes; with zeros, or minus infinity before MaxPool, merged into "
    "what follows; by reflect, edge or wrap, a move of rows and columns",
)
def pad(node: OnnxNode, build: Builder) -> Value:
    """Pad-25 and its older definitions down to Pad-2, which has all parameters in attributes."""
    if node.attribute("mode") != "constant":
        return _repeat_border(node, build)
    constant = node.weights(2) if node.has_input(2) else np.array(node.attribute("value") or 0.0)
    value = node.value()
    if (q := value.quantization) is not None:  # it pads integers with an integer
        constant = q.scale * (constant - q.zero_point)
    if not constant.any():
        return _pad(node, build, value)
    # Zero is what is padded with, so the value is shifted there and back.
    shifted = build.affine(node, value, np.ones(()), -constant.reshape(()))
    return build.affine(node, _pad(node, build, shifted), np.ones(()), constant.reshape(()))


_PLACES: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    # Place of a padded element, and the size; gives the place of the element that it repeats.
    "edge": lambda at, size: np.clip(at, 0, size - 1),
    "reflect": lambda at, size: (size - 1) - np.abs((at % max(1, 2 * size - 2)) - (size - 1)),
    "wrap": lambda at, size: at % size,
}


def _repeat_border(node: OnnxNode, build: Builder) -> Value:
    """Pad with elements of the image itself, which are moved there."""
    image = build.image(node)
    places = _PLACES[node.attribute("mode")]
    rows, cols = (
        places(np.arange(-before, size + after), size).tolist()
        for size, (before, after) in zip(image.shape[:2], _sides(node, image), strict=True)
    )
    return picked(node, build, image, rows, cols)


def _pad(node: OnnxNode, build: Builder, value: Value) -> Value:
    """Pad with zeros."""
    image = build.image_of(value)
    (top, bottom), (left, right) = _sides(node, image)
    # The average over one element: it has the padding, and no effect otherwise.
    window = Window(pads=(top, left, bottom, right))
    height, width, channels = image.shape
    rows, cols = window.output_size(height, width)
    output = build.add(
        AveragePool,
        node,
        (image.tensor,),
        (rows, cols, channels),
        window=window,
        divisor=np.ones((rows, cols), np.int64),
    )
    return image.result(output, (rows, cols, channels))


def _sides(node: OnnxNode, image: Image) -> list[tuple[int, int]]:
    """What is added before and after the rows, and the columns."""
    pads = np.zeros((2, image.rank), np.int64)
    given = node.ints(1, "pads")
    assert given is not None, "the checker has made sure of it"
    axes = [axis % image.rank for axis in node.ints(3, "axes") or range(image.rank)]
    pads[:, axes] = np.reshape(given, (2, len(axes)))
    if pads.min() < 0 or pads[:, :2].any():
        raise NodeError(
            f"pads={pads.ravel().tolist()}: only rows and columns can be added, around the image; "
            "pad these alone, and cut elements off by Slice"
        )
    before, after = ([0] * (4 - image.rank) + side[2:].tolist() for side in pads)
    return list(zip(before, after, strict=True))

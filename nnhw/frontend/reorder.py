"""Orders of channels, and of vectors, that a convolution can bring about.

Some networks rearrange data by Reshape and Transpose: the channel shuffle of ShuffleNet, a pixel
unshuffle (blocks of pixels become channels), and decoders whose fully connected layer is reshaped
to an image of channels first. What an image reads then lies in memory in another order than its
own; a convolution of zeros and ones restores that, and mostly the layer before takes it over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..ir import Conv, FakeQuantize, Window
from .layout import Layout
from .one_hot import one_hot
from .value import Value

if TYPE_CHECKING:
    from .builder import Builder

MOST_ELEMENTS = 4096
"""Of a vector that is reordered: its matrix has the square of that."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Order:
    """A convolution without overlaps that picks one element for each output channel.

    Parameters
    ----------
    source
        (H, W, C) that it reads.
    rows
        Height of the kernel, and step; its width is 1.
    picks
        (output channels,), of each the element among the rows * C of the kernel.
    shape
        (H, W, C) of the image that its results are.
    """

    source: tuple[int, int, int]
    rows: int
    picks: np.ndarray
    shape: tuple[int, int, int]

    @property
    def weight(self) -> np.ndarray:
        """float64 (output channels, rows, 1, C)."""
        picked = one_hot("The order of elements", self.picks, self.rows * self.source[2])
        return picked.reshape(len(self.picks), self.rows, 1, self.source[2])


def reordered(build: Builder, value: Value) -> Value | None:
    """A value of ONNX axes (1, C, ..., W) as an image, by a convolution that is appended.

    None if that cannot be done; only what a fully connected layer makes is reordered as a vector.
    The value's tensor is the image then, and its layout still the old one.
    """
    order = None if value.assumed or value.is_integer else image_order(value.layout)
    if order is None or (order.source[:2] == (1, 1) and value.shape[:2] != (1, 1)):
        return None
    writer = next((node for node in build.nodes if node.output == value.tensor), None)
    value = build.reshaped(value, order.source)
    height, width, _ = order.source
    shape = (height // order.rows, width, len(order.picks))
    tensor = build.append(
        Conv,
        (value.tensor,),
        shape,
        name=f"{value.tensor}_order",
        output=f"{value.tensor}_ordered",
        window=Window(kernel=(order.rows, 1), stride=(order.rows, 1)),
        weight=order.weight,
        bias=np.zeros(len(order.picks)),
    )
    if isinstance(writer, FakeQuantize):  # what is picked is as rounded as what it is picked from
        tensor = build.append(
            FakeQuantize,
            (tensor,),
            shape,
            name=f"{tensor}_rounding",
            output=f"{tensor}_rounded",
            quantization=writer.quantization,
        )
    return build.reshaped(replace(value, tensor=tensor, shape=shape), order.shape)


def image_order(layout: Layout) -> Order | None:
    """What brings ONNX axes (1, C, ..., W) in memory to (..., W, C).

    None if it takes more than channels put in order, within pixels or blocks of them, or if the
    tensor is too large to be reordered as a vector.
    """
    _, channels, *spatial = layout.axes
    rows, columns = tuple(i for axis in spatial[:-1] for i in axis), spatial[-1]
    inside = sorted(channels)
    upper = tuple(i for i in inside if any(i < column for column in columns))
    lower = tuple(i for i in inside if i not in upper)
    height, width, count = (_size(layout, run) for run in (rows, columns, channels))
    if (*rows, *upper, *columns, *lower) == tuple(range(len(layout.factors))):
        block = _size(layout, upper)
        picks = np.arange(count).reshape([layout.factors[i] for i in inside])
        return Order(
            source=(height * block, width, count // block),
            rows=block,
            picks=picks.transpose([inside.index(i) for i in channels]).ravel(),
            shape=(height, width, count),
        )
    elements = math.prod(layout.factors)
    if elements > MOST_ELEMENTS:
        return None
    places = np.arange(elements).reshape(layout.factors).transpose(layout.order)
    return Order(
        source=(1, 1, elements),
        rows=1,
        picks=places.reshape(count, height * width).T.ravel(),
        shape=(height, width, count),
    )


def _size(layout: Layout, factors: tuple[int, ...]) -> int:
    return math.prod(layout.factors[i] for i in factors)

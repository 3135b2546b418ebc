"""Random integer networks of all operators, by seed."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from integer_graphs import IntegerBuilder

from nnhw.ir import DepthToSpace, Graph, QConcat, Reshape, Resize, Window

KINDS = (
    "conv",
    "conv",
    "depthwise",
    "max_pool",
    "average_pool",
    "add",
    "multiply",
    "concat",
    "function",
    "slice",
    "resize",
    "depth_to_space",
    "dense",
    "move",
)

NOT_LAST = (Reshape, QConcat, Resize, DepthToSpace)
"""Operators whose results cannot be streamed."""


def random_network(seed: int, *, largest: int = 7) -> tuple[IntegerBuilder, Graph]:
    """A network of 1 to 5 operators on an input of up to `largest` rows, columns and channels.

    The multipliers of every fourth one are powers of two.
    """
    rng = np.random.default_rng([seed, 1])
    shape = tuple(rng.integers(1, largest + 1, 3).tolist())
    builder = IntegerBuilder(shape, seed, powers_of_two=seed % 4 == 3)
    x = "x"
    for _ in range(rng.integers(1, 5)):
        x = _any_operator(rng, builder, x, largest)
    if x == "x" or isinstance(builder.nodes[-1], NOT_LAST):
        x = builder.dense(x, int(rng.integers(1, largest + 1)))
    return builder, builder.graph(x)


def _any_operator(rng: np.random.Generator, builder: IntegerBuilder, x: str, largest: int) -> str:
    height, width, channels = builder.shape(x)
    window = _any_window(rng, (height, width))
    match rng.choice(KINDS):
        case "conv":
            return builder.conv(x, int(rng.integers(1, largest + 1)), **window)
        case "depthwise":
            return builder.depthwise(x, **window)
        case "max_pool" if _touches_image(window, (height, width)):
            return builder.max_pool(x, **window)
        case "average_pool":
            return builder.average_pool(x, uniform=bool(rng.integers(2)), **window)
        case "add":
            return builder.add(*rng.permutation([x, builder.conv(x, channels)]).tolist())
        case "multiply":
            return builder.multiply(*rng.permutation([x, builder.conv(x, channels)]).tolist())
        case "concat":
            others = [builder.conv(x, int(rng.integers(1, 4))) for _ in range(rng.integers(1, 3))]
            return builder.concat(*rng.permutation([x, *others]).tolist())
        case "function":
            return builder.function(x)
        case "slice":
            start = [int(rng.integers(0, size)) for size in builder.shape(x)]
            ends = [
                int(rng.integers(low, size))
                for low, size in zip(start, builder.shape(x), strict=True)
            ]
            shape = tuple(end + 1 - low for low, end in zip(start, ends, strict=True))
            return builder.slice(x, tuple(start), shape)
        case "resize" if height * width <= 9:
            return builder.resize(x, (int(rng.integers(1, 3)), int(rng.integers(1, 4))))
        case "depth_to_space":
            block = int(rng.integers(2, 4)) if height * width <= 4 else 2
            wide = builder.conv(x, block**2 * int(rng.integers(1, 3)))
            return builder.depth_to_space(wide, block)
        case "dense":
            return builder.dense(x, int(rng.integers(1, largest + 1)))
    if rng.integers(2):
        return builder.transpose(x, [*permutations(range(3))][int(rng.integers(1, 6))])
    return builder.reshape(x, (width, channels, height))


def _any_window(rng: np.random.Generator, size: tuple[int, int]) -> dict[str, tuple]:
    """A window that fits an image of `size` with its padding."""
    axes = []
    for length in size:
        kernel, stride, dilation = (int(n) for n in rng.integers(1, (4, 3, 3)))
        before, after = rng.integers(0, kernel + 1, 2).tolist() if rng.integers(2) else (0, 0)
        if (kernel - 1) * dilation + 1 > length + before + after:
            kernel, before, after = 1, 0, 0
        axes.append((kernel, stride, before, after, dilation))
    kernel, stride, before, after, dilation = zip(*axes, strict=True)
    return {
        "kernel": kernel,
        "stride": stride,
        "pads": (*before, *after),
        "dilation": dilation,
    }


def _touches_image(window: dict[str, tuple], size: tuple[int, int]) -> bool:
    """Whether no window lies in padding alone: its largest element would not be defined."""
    geometry = Window(**window)
    for axis, outputs in enumerate(geometry.output_size(*size)):
        starts = np.arange(outputs) * geometry.stride[axis] - geometry.pads[axis]
        taps = starts[:, None] + np.arange(geometry.kernel[axis]) * geometry.dilation[axis]
        if not ((taps >= 0) & (taps < size[axis])).any(axis=1).all():
            return False
    return True

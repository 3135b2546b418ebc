"""Operators that slide a window over an image, with any attributes."""

from __future__ import annotations

from .draw import Draw
from .operators import Shape, Use


def window(draw: Draw, shape: Shape) -> dict[str, object]:
    """Kernel, strides, pads and dilations for the spatial axes."""
    spatial = max(len(shape) - 2, 1)
    settings: dict[str, object] = {"kernel_shape": draw.dims(spatial, 1, 3)}
    if draw.chance(0.5):
        settings["strides"] = draw.dims(spatial, 1, 3)
    if draw.chance(0.3):
        settings["dilations"] = draw.dims(spatial, 1, 3)
    if draw.chance(0.5):
        settings["pads"] = draw.dims(2 * spatial, 0, 2)
    elif draw.chance(0.3):
        settings["auto_pad"] = draw.choice(["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"])
    return settings


def max_pool(draw: Draw, shape: Shape) -> Use:
    settings = window(draw, shape) | {"ceil_mode": draw.randint(0, 1)}
    return Use([None], settings | ({"storage_order": 1} if draw.chance(0.1) else {}))


def average_pool(draw: Draw, shape: Shape) -> Use:
    settings = window(draw, shape) | {"ceil_mode": draw.randint(0, 1)}
    return Use([None], settings | {"count_include_pad": draw.randint(0, 1)})


def conv(draw: Draw, shape: Shape) -> Use:
    channels = shape[1] if len(shape) > 1 else 1
    groups = draw.choice([1, 1, channels, 2])
    settings = window(draw, shape) | {"group": groups}
    out = groups * draw.randint(1, 3)
    weight = draw.normal(out, max(channels // groups, 1), *settings["kernel_shape"])
    return Use([None, weight, draw.normal(out)][: draw.randint(2, 3)], settings)


def conv_transpose(draw: Draw, shape: Shape) -> Use:
    channels = shape[1] if len(shape) > 1 else 1
    groups = draw.choice([1, 1, channels, 2])
    settings = window(draw, shape) | {"group": groups}
    if draw.chance(0.2):
        settings["output_padding"] = draw.dims(len(settings["kernel_shape"]), 0, 1)
    weight = draw.normal(channels, draw.randint(1, 3), *settings["kernel_shape"])
    return Use([None, weight], settings)

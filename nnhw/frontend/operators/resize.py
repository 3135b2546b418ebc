"""Enlarging of images by repetition or linear interpolation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

import numpy as np

from ...budget import need_work
from ...ir import FakeQuantize, Resize
from ..builder import Builder, Image
from ..integer_types import as_signed
from ..interpolation import Enlargement, cubic, interpolated, linear, weights_between
from ..node import OnnxNode
from ..picks import picked
from ..problems import NodeError
from ..value import Value
from .dense import contracted
from .registry import operator

_REMARK = (
    "nearest neighbour, by a move of rows and columns where it does not repeat every pixel equally "
    "often; linear of half pixels or asymmetric by integer factors, by an average of repeated "
    "pixels; any other linear, and cubic, by a matrix product along rows and one along columns"
)


@operator(
    "Resize",
    since=10,
    attributes=(
        *("axes", "coordinate_transformation_mode", "mode", "nearest_mode"),
        # These have a meaning in other modes only.
        *("cubic_coeff_a", "exclude_outside", "extrapolation_value"),
    ),
    remark=_REMARK,
)
def resize(node: OnnxNode, build: Builder) -> Value:
    """Resize-19 and its older definitions down to Resize-10."""
    return _enlarge(node, build, 1 if node.opset == 10 else 2)


@operator("Upsample", attributes=("mode", "scales"), remark=_REMARK)
def upsample(node: OnnxNode, build: Builder) -> Value:
    """Upsample-9 and Upsample-7, which has its scales in an attribute."""
    return _enlarge(node, build, 1)


def _enlarge(node: OnnxNode, build: Builder, scales_index: int) -> Value:
    mode = node.attribute("mode")
    if mode not in ("cubic", "linear", "nearest"):
        raise NodeError(f"mode={mode!r} is not defined by ONNX; export it with mode='linear'")
    image = build.image(node)
    spatial = image.shape[4 - image.rank : 2]
    old = (1, image.shape[2], *spatial)
    scales = _scales(node, old, scales_index)
    if any(scale != 1 for scale in scales[:2]):
        raise NodeError(
            f"scales {_text(scales)}: only rows and columns can be resized; "
            "give the others a scale of 1"
        )
    if mode == "nearest":
        return _nearest(node, build, image, scales[2:])
    return _interpolated(node, build, image, scales[2:])


def _interpolated(
    node: OnnxNode, build: Builder, image: Image, scales: Sequence[Fraction]
) -> Value:
    """Interpolated pixels."""
    spatial = image.shape[4 - image.rank : 2]
    places = [_places(node, n, scale) for n, scale in zip(spatial, scales, strict=True)]
    found = [_enlargement(n, at) for n, at in zip(spatial, places, strict=True)]
    rows, columns = [Enlargement()] * (2 - len(found)) + found
    is_cubic = node.attribute("mode") == "cubic"
    if rows is not None and columns is not None and not is_cubic:
        if rows == columns == Enlargement():
            return node.value()
        image = interpolated(node, build, image, (rows, columns))
        result = image.result(image.tensor, image.shape)
        return result if result.quantization is None else _cut_off(node, build, result)
    if image.quantization is not None:
        raise NodeError(
            f"it interpolates integers with mode={node.attribute('mode')!r} and coordinate_"
            f"transformation_mode={node.attribute('coordinate_transformation_mode')!r}; use "
            "mode='linear' and an integer scale with 'half_pixel', which is align_corners=False in "
            "PyTorch, or do not quantize it"
        )
    weigh = partial(cubic, a=node.attribute("cubic_coeff_a")) if is_cubic else linear
    outside = not (is_cubic and node.attribute("exclude_outside"))
    value = image.result(image.tensor, image.shape)
    for axis, (size, at) in enumerate(zip(spatial, places, strict=True), start=2):
        if at != list(range(size)):
            weight = weights_between(at, size, weigh, outside=outside)
            value = contracted(node, build, value, axis=axis, weight=weight)
    return value


def _nearest(node: OnnxNode, build: Builder, image: Image, scales: Sequence[Fraction]) -> Value:
    """Every pixel repeated, or whatever rows and columns there are to be."""
    height, width, channels = image.shape
    spatial = image.shape[4 - image.rank : 2]
    picks = [_picks(node, n, scale) for n, scale in zip(spatial, scales, strict=True)]
    rows, cols = [[0]] * (2 - len(picks)) + picks
    if rows == list(range(height)) and cols == list(range(width)):
        return node.value()
    factor_y, factor_x = len(rows) // height, len(cols) // width
    if rows != [y // factor_y for y in range(height * factor_y)] or cols != [
        x // factor_x for x in range(width * factor_x)
    ]:
        return picked(node, build, image, rows, cols)
    shape = (height * factor_y, width * factor_x, channels)
    output = build.add(Resize, node, (image.tensor,), shape, factor=(factor_y, factor_x))
    return image.result(output, shape)


def _cut_off(node: OnnxNode, build: Builder, value: Value) -> Value:
    """Interpolated integers, which onnxruntime cuts off towards 0; the QDQ form rounds them."""
    assert value.quantization is not None, "it is of integers"
    unsigned = 0 if value.quantization.signed else 1 << (value.quantization.bits - 1)
    return build.pixelwise(
        FakeQuantize,
        node,
        value,
        quantization=as_signed(value.quantization),
        cut_off_at=-unsigned,
    )


def _scales(node: OnnxNode, old: tuple[int, ...], index: int) -> list[Fraction]:
    """Scale of every axis."""
    axes = [axis % len(old) for axis in node.attribute("axes") or range(len(old))]
    if node.has_input(index) and node.constant(index).size:
        given = [Fraction(float(scale)) for scale in node.weights(index)]
    elif node.has_input(index + 1):
        sizes = node.ints(index + 1, "sizes")
        assert sizes is not None, "the input is present"
        given = [Fraction(size, old[axis]) for axis, size in zip(axes, sizes, strict=True)]
    else:
        numbers = node.attribute("scales") or ()
        if not np.isfinite(numbers).all():
            raise NodeError(f"its scales {list(numbers)} are not finite; export the model again")
        given = [Fraction(scale) for scale in numbers]
    if len(given) != len(axes):
        raise NodeError(
            f"it has {len(given)} scales or sizes for {len(axes)} axes; export the model again"
        )
    scales = [Fraction(1)] * len(old)
    for axis, scale in zip(axes, given, strict=True):
        scales[axis] = scale
    return scales


def _picks(node: OnnxNode, old: int, scale: Fraction) -> list[int]:
    """The pixel along an axis that each pixel of the result repeats."""
    rounding = node.attribute("nearest_mode") or "floor"
    places = _places(node, old, scale)
    if rounding not in _ROUNDINGS:
        raise NodeError(f"nearest_mode={rounding!r} is not supported; use 'floor'")
    return [min(max(_ROUNDINGS[rounding](place), 0), old - 1) for place in places]


def _places(node: OnnxNode, old: int, scale: Fraction) -> list[Fraction]:
    """Where along an axis of `old` pixels each pixel of the result lies."""
    new = math.floor(old * scale)
    need_work(f"{node.title}, which makes {new:,} of {old:,} pixels,", new * _PIXEL)
    coordinates = node.attribute("coordinate_transformation_mode") or "asymmetric"
    if coordinates not in _COORDINATES:
        raise NodeError(
            f"coordinate_transformation_mode={coordinates!r} is not supported; use 'half_pixel' "
            "or 'asymmetric'"
        )
    if coordinates == "align_corners" and old * scale - new > _WHOLE:
        raise NodeError(
            f"it makes {float(old * scale):g} of {old} pixels, between whose corners ONNX and ONNX "
            "Runtime place others differently; give it sizes in place of scales"
        )
    if new < 1:
        raise NodeError(f"it leaves none of {old} pixels; export it with a larger scale or size")
    return [_COORDINATES[coordinates](x, old, new, scale) for x in range(new)]


def _enlargement(old: int, places: Sequence[Fraction]) -> Enlargement | None:
    """How an integer factor gives these places; None if it does not."""
    factor, first = len(places) // old, places[0]
    if factor < 1 or not -1 < first <= 0 or len(places) != old * factor:
        return None
    how = Enlargement(factor=factor, first=first)
    evenly = all(place == first + Fraction(x, factor) for x, place in enumerate(places))
    return how if evenly and (2 * factor) % first.denominator == 0 else None


def _text(scales: list[Fraction]) -> str:
    return ", ".join(f"{float(scale):g}" for scale in scales)


_HALF = Fraction(1, 2)

_WHOLE = Fraction(1, 10_000)
"""Pixels that a product with a float32 scale may be off a whole number of them."""

_PIXEL = 400_000
"""Operations that take as long as the exact place of one pixel."""

_COORDINATES: dict[str, Callable[[int, int, int, Fraction], Fraction]] = {
    # Pixel x of the result, old and new size, scale; gives the place in the input.
    "align_corners": lambda x, old, new, _: Fraction(x * (old - 1), max(new - 1, 1)),
    "asymmetric": lambda x, old, new, scale: x / scale,
    "half_pixel": lambda x, old, new, scale: (x + _HALF) / scale - _HALF,
    "half_pixel_symmetric": lambda x, old, new, scale: (
        Fraction(old, 2) * (1 - new / (old * scale)) + (x + _HALF) / scale - _HALF
    ),
    "pytorch_half_pixel": lambda x, old, new, scale: (
        (x + _HALF) / scale - _HALF if new > 1 else Fraction(0)
    ),
    "tf_half_pixel_for_nn": lambda x, old, new, scale: (x + _HALF) / scale,
}

_ROUNDINGS: dict[str, Callable[[Fraction], int]] = {
    "ceil": math.ceil,
    "floor": math.floor,
    "round_prefer_ceil": lambda x: math.floor(x + _HALF),
    "round_prefer_floor": lambda x: math.ceil(x - _HALF),
}

"""Any operator with any attributes: what `insertions` puts behind a tensor of a model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .draw import Draw

Shape = list[int]


@dataclass
class Use:
    """How an operator is to be used.

    Parameters
    ----------
    constants
        Its inputs: an array is a constant, None the tensor itself, "" a left-out one, "other" any
        other tensor of the model.
    attributes
    outputs
        How many it has.
    domain
    """

    constants: list[np.ndarray | str | None] = field(default_factory=lambda: [None])
    attributes: dict[str, object] = field(default_factory=dict)
    outputs: int = 1


Maker = Callable[[Draw, Shape], Use]

NUMBERS = (
    0.0,
    1.0,
    -1.0,
    0.5,
    0.1,
    2.0,
    3.0,
    -2.5,
    1e-6,
    1e6,
    255.0,
    math.inf,
    -math.inf,
    math.nan,
)


def axis(draw: Draw, shape: Shape) -> int:
    """An axis, mostly one that there is."""
    rank = max(len(shape), 1)
    return draw.randint(-rank, rank - 1) if draw.chance(0.95) else draw.choice([rank, 99, -99])


def axes(draw: Draw, shape: Shape) -> list[int]:
    return draw.some(range(len(shape))) if shape and draw.chance(0.9) else [axis(draw, shape)]


def number(draw: Draw) -> float:
    return draw.uniform(-3, 3) if draw.chance(0.7) else draw.choice(NUMBERS)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def operand(draw: Draw, shape: Shape) -> np.ndarray:
    """A constant that is mostly one for broadcasting with a tensor of `shape`."""
    kind = draw.random()
    if kind < 0.35:
        return np.float32(number(draw))
    if kind < 0.9:
        dims = [1 if draw.chance(0.5) else size for size in shape]
        return draw.normal(*dims[draw.randint(0, len(dims)) :] or [1])
    return draw.normal(*draw.dims(draw.randint(0, 5)))


def binary(draw: Draw, shape: Shape) -> Use:
    other = draw.choice([operand(draw, shape), operand(draw, shape), "other", None])
    return Use(draw.sample([None, other], 2))


def activation(*names: str) -> Maker:
    return lambda draw, shape: Use([None], {name: number(draw) for name in names})


def along_axis(draw: Draw, shape: Shape) -> Use:
    return Use([None], {"axis": axis(draw, shape)})


def reduction(draw: Draw, shape: Shape) -> Use:
    settings: dict[str, object] = {"keepdims": draw.randint(0, 1)}
    return Use([None], settings | ({"axes": axes(draw, shape)} if draw.chance(0.9) else {}))


def reduction_by_input(draw: Draw, shape: Shape) -> Use:
    """As ReduceSum is from opset 13 on, all others from opset 18 on."""
    return Use([None, ints(*axes(draw, shape))], {"keepdims": draw.randint(0, 1)})


def best(draw: Draw, shape: Shape) -> Use:
    settings = {"axis": axis(draw, shape), "keepdims": draw.randint(0, 1)}
    return Use([None], settings | {"select_last_index": int(draw.chance(0.2))})


def transpose(draw: Draw, shape: Shape) -> Use:
    perm = draw.sample(range(len(shape)), len(shape))
    return Use([None], {"perm": perm} if perm else {})


def reshape(draw: Draw, shape: Shape) -> Use:
    rest, sizes = math.prod(shape), []
    for _ in range(draw.randint(0, 4)):
        sizes.append(draw.choice([n for n in range(1, min(rest, 64) + 1) if rest % n == 0] or [1]))
        rest //= sizes[-1]
    sizes.insert(draw.randint(0, len(sizes)), draw.choice([-1, rest]))
    if draw.chance(0.1):
        sizes[draw.randrange(len(sizes))] = draw.choice([0, -1, -2, 7, 2**40])
    return Use([None, ints(*sizes)], {"allowzero": 1} if draw.chance(0.1) else {})


def unsqueeze(draw: Draw, shape: Shape) -> Use:
    return Use([None, ints(*draw.some(range(len(shape) + 1)))])


def squeeze(draw: Draw, shape: Shape) -> Use:
    return Use([None, ints(*([i for i, size in enumerate(shape) if size == 1] or [0]))])


def slices(draw: Draw, shape: Shape) -> Use:
    chosen = axes(draw, shape)
    sizes = [shape[a] if -len(shape) <= a < len(shape) else 1 for a in chosen]
    starts = [draw.randint(-size, size) for size in sizes]
    ends = [draw.choice([draw.randint(-n, n), n, 2**31 - 1, 2**63 - 1, -(2**63)]) for n in sizes]
    steps = [draw.choice([1, 1, 1, 2, 3, -1, 0]) for _ in chosen]
    return Use([None, ints(*starts), ints(*ends), ints(*chosen), ints(*steps)])


def gather(draw: Draw, shape: Shape) -> Use:
    where = axis(draw, shape)
    size = shape[where] if -len(shape) <= where < len(shape) else 1
    dims = draw.choice([[], [1], [2], [3], [2, 2]])
    indices = draw.integers(-size, size - 1 if draw.chance(0.9) else size, dims)
    return Use([None, indices], {"axis": where})


def split(draw: Draw, shape: Shape) -> Use:
    where = axis(draw, shape)
    size = shape[where] if -len(shape) <= where < len(shape) else 2
    first = draw.randint(0, size)
    return Use([None, ints(first, size - first)], {"axis": where}, outputs=2)


def concat(draw: Draw, shape: Shape) -> Use:
    other = draw.choice([None, "other", draw.normal(*shape)])
    return Use(draw.sample([None, other], 2), {"axis": axis(draw, shape)})


def pad(draw: Draw, shape: Shape) -> Use:
    low, high = draw.choice([(0, 2), (0, 2), (-1, 2), (0, 9)])
    pads = [draw.randint(low, high) if draw.chance(0.5) else 0 for _ in range(2 * len(shape))]
    inputs = [None, ints(*pads)]
    if draw.chance(0.5):
        inputs.append(np.float32(number(draw)))
    modes = ["constant", "constant", "reflect", "edge", "wrap"]
    return Use(inputs, {"mode": draw.choice(modes)} if draw.chance(0.6) else {})


def repeat(draw: Draw, shape: Shape) -> Use:
    return Use([None, ints(*draw.dims(len(shape), 1, 2))])


def resize(draw: Draw, shape: Shape) -> Use:
    settings = {
        "mode": draw.choice(["nearest", "nearest", "linear", "cubic"]),
        "nearest_mode": draw.choice(["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"]),
        "coordinate_transformation_mode": draw.choice(
            [
                "half_pixel",
                "asymmetric",
                "align_corners",
                "pytorch_half_pixel",
                "tf_crop_and_resize",
            ]
        ),
    }
    if draw.chance(0.3):
        sizes = [n * draw.choice([1, 1, 2, 3]) for n in shape]
        return Use([None, "", "", ints(*sizes)], settings)
    scales = [draw.choice([1, 1, 2, 2, 3, 0.5, 1.5, 0]) for _ in shape]
    scales[:2] = [1] * len(scales[:2]) if draw.chance(0.8) else scales[:2]
    return Use([None, "", np.array(scales, np.float32)], settings)


def blocks(draw: Draw, shape: Shape) -> Use:
    return Use([None], {"blocksize": draw.choice([1, 2, 2, 3, 0])})


def normalization(count: int) -> Maker:
    def make(draw: Draw, shape: Shape) -> Use:
        channels = shape[1] if len(shape) > 1 else 1
        parameters = [draw.normal(channels) for _ in range(count)]
        if count == 4:
            parameters[3] = np.abs(parameters[3]) * (1 if draw.chance(0.9) else -1)
        return Use([None, *parameters], {"epsilon": abs(number(draw))})

    return make


def layer_normalization(draw: Draw, shape: Shape) -> Use:
    return Use([None, draw.normal(*shape[-1:])], {"axis": -1})


def gemm(draw: Draw, shape: Shape) -> Use:
    inner, out = shape[-1] if shape else 1, draw.randint(1, 5)
    settings = {"alpha": number(draw), "beta": number(draw)} if draw.chance(0.3) else {}
    settings |= {"transB": 1} if (flip := draw.chance(0.5)) else {}
    settings |= {"transA": 1} if draw.chance(0.1) else {}
    weight = draw.normal(out, inner) if flip else draw.normal(inner, out)
    return Use([None, weight, operand(draw, [1, out])][: draw.randint(2, 3)], settings)


def matmul(draw: Draw, shape: Shape) -> Use:
    if draw.chance(0.2) and len(shape) > 1:
        return Use([draw.normal(draw.randint(1, 4), shape[-2]), None])
    rank = draw.choice([1, 2, 2, 2, 3])
    dims = [shape[-1] if shape else 1, draw.randint(1, 5)]
    return Use([None, draw.normal(*{1: dims[:1], 2: dims, 3: [1, *dims]}[rank])])


def clip(draw: Draw, shape: Shape) -> Use:
    bounds = [np.float32(number(draw)) if draw.chance(0.8) else "" for _ in range(2)]
    if draw.chance(0.8) and not isinstance(bounds[0], str) and not isinstance(bounds[1], str):
        bounds.sort()
    return Use([None, *bounds])


def cast(draw: Draw, shape: Shape) -> Use:
    return Use([None], {"to": draw.choice([1, 1, 1, 10, 11, 7, 6, 3, 2, 9, 16, 8, 22])})


def quantizer(draw: Draw, shape: Shape) -> Use:
    dtype = draw.choice([np.int8, np.uint8, np.int16])
    scale = np.float32(draw.choice([0.02, 0.1, 0.05, 0.0, 1e-30, -0.1, 1e30]))
    return Use([None, scale, np.array(draw.choice([0, 0, 5, 100]), dtype)])


def where(draw: Draw, shape: Shape) -> Use:
    mask = draw.integers(0, 1, shape).astype(bool)
    return Use([mask, *draw.sample([None, draw.choice([operand(draw, shape), "other"])], 2)])


def slope(draw: Draw, shape: Shape) -> Use:
    channels = shape[1] if len(shape) > 1 else 1
    return Use(
        [None, draw.choice([draw.normal(channels, *[1] * (len(shape) - 2)), draw.normal(1)])]
    )


def top(draw: Draw, shape: Shape) -> Use:
    return Use([None, ints(draw.randint(0, 3))], {"axis": axis(draw, shape)}, outputs=2)


def summed(draw: Draw, shape: Shape) -> Use:
    return Use([None, ints(axis(draw, shape))])


def equation(draw: Draw, shape: Shape) -> Use:
    letters = "abcdefgh"[: len(shape)]
    return Use([None], {"equation": f"{letters}->{''.join(draw.sample(letters, len(letters)))}"})


def several(draw: Draw, shape: Shape) -> Use:
    others = draw.choice([[], ["other"], [operand(draw, shape)], [None, operand(draw, shape)]])
    return Use([None, *others])

"""Operators, one or a few in a row, whose result has the shape of what they read.

nnhw can build all of them, so that what follows on them is compared with onnxruntime.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .draw import Draw
from .operators import Shape


@dataclass
class Chain:
    """Nodes and constants in the making, for a model that they are not yet in."""

    model: onnx.ModelProto
    draw: Draw
    nodes: list[onnx.NodeProto] = field(default_factory=list)

    def const(self, value: object, dtype: type = np.float32) -> str:
        name = f"c_{self.draw.getrandbits(32)}"
        self.model.graph.initializer.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, op_type: str, *inputs: str, outputs: int = 1, **attributes: object):
        stem = f"{op_type.lower()}_{self.draw.getrandbits(32)}"  # as good as new
        names = [f"{stem}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op_type, inputs, names, stem, **attributes))
        return names[0] if outputs == 1 else names

    @property
    def opset(self) -> int:
        return next((e.version for e in self.model.opset_import if e.domain in ("", "ai.onnx")), 0)

    def rounded(self, x: str) -> str:
        """QuantizeLinear and DequantizeLinear of a usual scale."""
        dtype = self.draw.choice([np.int8, np.uint8])
        zero = self.draw.randint(-20, 20) + (128 if dtype is np.uint8 else 0)
        parameters = [self.const(2.0 ** self.draw.uniform(-7, -3)), self.const(zero, dtype)]
        return self.add("DequantizeLinear", self.add("QuantizeLinear", x, *parameters), *parameters)


Maker = Callable[[Chain, str, Shape], str]


def activation(chain: Chain, x: str, shape: Shape) -> str:
    draw = chain.draw
    bound = abs(draw.normal(1)[0]) + 0.1
    kinds: list[tuple[str, dict]] = [
        ("Relu", {}),
        ("LeakyRelu", {"alpha": draw.uniform(-0.3, 1.5)}),
        ("Sigmoid", {}),
        ("Tanh", {}),
        ("HardSigmoid", {"alpha": draw.uniform(0.05, 0.5), "beta": draw.uniform(0, 1)}),
        ("Elu", {"alpha": draw.uniform(0.1, 2)}),
        ("Selu", {}),
        ("Celu", {"alpha": draw.uniform(0.3, 2)}),
        ("Softplus", {}),
        ("Softsign", {}),
        ("Abs", {}),
        ("Neg", {}),
        ("Erf", {}),
        ("Identity", {}),
        ("Dropout", {}),
        *([("ThresholdedRelu", {"alpha": draw.uniform(-0.5, 1)})] if chain.opset >= 10 else []),
        ("Sin", {}),
        ("Atan", {}),
        *([("HardSwish", {})] if chain.opset >= 14 else []),
        *([("Mish", {})] if chain.opset >= 18 else []),
        *([("Gelu", {})] if chain.opset >= 20 else []),
    ]
    if chain.opset >= 11 and draw.chance(0.25):
        bounds = draw.choice([(0, 6), (-bound, bound), (0, bound), (-1, 1), (bound, bound + 1)])
        given = [chain.const(b) if draw.chance(0.8) else "" for b in bounds]
        return chain.add("Clip", x, *given)
    op_type, settings = draw.choice(kinds)
    return chain.add(op_type, x, **settings)


def affine(chain: Chain, x: str, shape: Shape) -> str:
    """An elementwise operator with a constant: one number, one a channel, or one an element."""
    draw = chain.draw
    dims = draw.choice([[], [1] * len(shape), [1, *shape[1:2], *[1] * (len(shape) - 2)]])
    if draw.chance(0.1) and len(shape) > 1:
        dims = [1, *shape[1:]]
    op_type = draw.choice(["Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu"])
    if op_type in ("Max", "Min"):
        dims = []
    if op_type == "PRelu" and len(shape) > 1:
        dims = [shape[1], *[1] * (len(shape) - 2)]
    value = draw.normal(*dims) * draw.choice([0.1, 1, 1, 3])
    if op_type in ("Mul", "Div"):
        value = np.where(np.abs(value) < 0.2, 0.7, value)
    constant = chain.const(value)
    if op_type in ("Add", "Mul", "Sub") and draw.chance(0.5):
        return chain.add(op_type, constant, x)
    return chain.add(op_type, x, constant)


def normalization(chain: Chain, x: str, shape: Shape) -> str:
    channels = shape[1] if len(shape) > 1 else 1
    values = [chain.draw.normal(channels) for _ in range(3)]
    constants = [
        chain.const(value) for value in (*values, np.abs(chain.draw.normal(channels)) + 0.1)
    ]
    return chain.add("BatchNormalization", x, *constants, epsilon=1e-3)


def gate(chain: Chain, x: str, shape: Shape) -> str:
    """A tensor by or with a function of itself."""
    other = activation(chain, x, shape)
    op_type = chain.draw.choice(["Mul", "Add", "Sub"])
    return chain.add(op_type, *chain.draw.sample([x, other], 2))


def convolution(chain: Chain, x: str, shape: Shape) -> str:
    """Of any kernel, padded so that the size stays; dense, grouped or depthwise."""
    draw = chain.draw
    channels, kernel, dilations, pads = shape[1], [], [], ([], [])
    for _ in shape[2:]:
        kernel.append(draw.choice([1, 1, 2, 3, 3, 4, 5]))
        dilations.append(draw.choice([1, 1, 1, 2]))
        total = (kernel[-1] - 1) * dilations[-1]
        first = draw.choice([total // 2, total // 2, draw.randint(0, total)])
        pads[0].append(first)
        pads[1].append(total - first)
    groups = draw.choice([n for n in range(1, channels + 1) if channels % n == 0])
    weight = draw.normal(channels, channels // groups, *kernel) * 0.5
    bias = [chain.const(draw.normal(channels))] * draw.randint(0, 1)
    settings = {"pads": [*pads[0], *pads[1]], "dilations": dilations, "group": groups}
    return chain.add("Conv", x, chain.const(weight), *bias, **settings)


def product(chain: Chain, x: str, shape: Shape) -> str:
    """With a square matrix."""
    matrix = chain.const(chain.draw.normal(shape[-1], shape[-1]) * 0.5)
    if len(shape) == 2 and chain.draw.chance(0.5):
        bias = [chain.const(chain.draw.normal(shape[-1]))] * chain.draw.randint(0, 1)
        return chain.add("Gemm", x, matrix, *bias, transB=chain.draw.randint(0, 1))
    return chain.add("MatMul", x, matrix)


def pool(chain: Chain, x: str, shape: Shape) -> str:
    draw = chain.draw
    kernel = draw.dims(len(shape) - 2, 1, 3)
    before = [draw.randint(0, k - 1) for k in kernel]
    pads = [*before, *(k - 1 - b for k, b in zip(kernel, before, strict=True))]
    if draw.chance(0.5):
        return chain.add("MaxPool", x, kernel_shape=kernel, pads=pads)
    settings = {"count_include_pad": draw.randint(0, 1)}
    return chain.add("AveragePool", x, kernel_shape=kernel, pads=pads, **settings)


def there_and_back(chain: Chain, x: str, shape: Shape) -> str:
    """Transposed or reshaped, an activation, and back."""
    draw, rank = chain.draw, len(shape)
    if draw.chance(0.6):
        order = [0, *draw.sample(range(1, rank), rank - 1)]
        turned = activation(chain, chain.add("Transpose", x, perm=order), shape)
        return chain.add("Transpose", turned, perm=[order.index(i) for i in range(rank)])
    flat = activation(chain, chain.add("Flatten", x), shape)
    return chain.add("Reshape", flat, chain.const([0, *shape[1:]], np.int64))


def cut_and_joined(chain: Chain, x: str, shape: Shape) -> str:
    """The channels in two parts, one of them changed, one after the other or exchanged."""
    draw, size = chain.draw, shape[1]
    first = draw.randint(1, size - 1)
    sizes = [first, size - first]
    if chain.opset >= 13:
        parts = chain.add("Split", x, chain.const(sizes, np.int64), outputs=2, axis=1)
    else:
        parts = chain.add("Split", x, outputs=2, axis=1, split=sizes)
    changed = activation(chain, parts[0], shape)
    return chain.add("Concat", *draw.sample([changed, parts[1]], 2), axis=1)


def padded_and_cut(chain: Chain, x: str, shape: Shape) -> str:
    draw, rank = chain.draw, len(shape)
    pads = [0, 0, *draw.dims(rank - 2, 0, 2)]
    ends = [pad + size for pad, size in zip(pads, shape, strict=True)]
    padded = activation(chain, chain.add("Pad", x, chain.const([*pads, *pads], np.int64)), shape)
    axes = list(range(2, rank))
    given = [[v[a] for a in axes] for v in (pads, ends)] + [axes]
    return chain.add("Slice", padded, *(chain.const(v, np.int64) for v in given))


def makers(shape: Shape, opset: int) -> list[Maker]:
    """Those that take a tensor of a shape (batch, ...)."""
    found: list[Maker] = [activation, activation, affine, affine, gate]
    if len(shape) >= 2:
        found += [normalization]
    if len(shape) >= 3:
        found += [convolution, convolution, pool]
        found += [padded_and_cut] if opset >= 11 else []
    if len(shape) == 2:
        found += [product, product]
    if len(shape) > 2:
        found += [there_and_back] if opset >= 13 else []
    if len(shape) >= 2 and shape[1] > 1:
        found += [cut_and_joined]
    return found

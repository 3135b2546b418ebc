"""Random networks: whatever is not refused computes the same as onnxruntime.

The views in between (Transpose, Reshape) make layouts that no exporter would write; they have to
be translated rightly or refused, never translated wrongly.
"""

import contextlib
import math
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_models import check, model, node, normal

from nnhw.errors import UnsupportedError

KINDS = ("Transpose", "Reshape", "Conv", "Pool", "Mean", "Constant", "Relu", "Add", "Dense", "Left")


class Network:
    """An ONNX model under construction, with the shapes of its tensors."""

    def __init__(self, draw, shape):
        self.draw = draw
        self.shapes = {"x": shape}
        self.nodes = []
        self.constants = {}

    def pick(self, values):
        return self.draw(st.sampled_from(list(values)))

    def append(self, shape, op_type, *inputs, **attributes):
        output = f"t{len(self.nodes)}"
        self.nodes.append(node(op_type, " ".join(inputs), output, **attributes))
        self.shapes[output] = tuple(shape)

    def constant(self, *shape):
        name = f"c{len(self.constants)}"
        self.constants[name] = normal(*shape, seed=len(self.constants)).reshape(shape)
        return name

    def grow(self, kind):
        """Append an operator of a kind to a recent tensor, if it fits there."""
        x = self.pick([*self.shapes, *[list(self.shapes)[-1]] * 3])
        shape = self.shapes[x]
        rank = len(shape)
        if kind == "Transpose":
            inner = self.draw(st.permutations(range(1, rank)))
            self.append([1, *(shape[i] for i in inner)], kind, x, perm=[0, *inner])
        elif kind == "Reshape":
            sizes, rest = [1], math.prod(shape)
            for _ in range(self.pick([0, 1, 2])):
                sizes.append(self.pick(n for n in range(1, rest + 1) if rest % n == 0))
                rest //= sizes[-1]
            name = f"c{len(self.constants)}"
            self.constants[name] = np.array([*sizes, -1])
            self.append([*sizes, rest], kind, x, name)
        elif kind == "Conv" and rank in (3, 4):
            kernel = [self.pick(range(1, min(3, n) + 1)) for n in shape[2:]]
            groups = self.pick(g for g in (1, 2, shape[1]) if shape[1] % g == 0)
            out = groups * self.pick([1, 2])
            sizes = [n - k + 1 for n, k in zip(shape[2:], kernel, strict=True)]
            weight = self.constant(out, shape[1] // groups, *kernel)
            self.append([1, out, *sizes], kind, x, weight, group=groups)
        elif kind == "Pool" and rank in (3, 4):
            kernel = [self.pick(range(1, min(2, n) + 1)) for n in shape[2:]]
            sizes = [n - k + 1 for n, k in zip(shape[2:], kernel, strict=True)]
            pool = self.pick(["MaxPool", "AveragePool"])
            self.append([*shape[:2], *sizes], pool, x, kernel_shape=kernel)
        elif kind == "Mean" and rank > 2:
            axes = [2, 3][: rank - 2] if self.draw(st.booleans()) else [1, 2][: rank - 2]
            sizes = [1 if axis in axes else n for axis, n in enumerate(shape)]
            self.append(sizes, "ReduceMean", x, axes=axes)
        elif kind == "Constant":
            sizes = [self.pick({1, n}) for n in shape]
            first = self.draw(st.integers(0, rank))
            op_type = self.pick(["Add", "Sub", "Mul"])
            self.append(shape, op_type, x, self.constant(*sizes[first:]))
        elif kind == "Relu":
            self.append(shape, kind, x)
        elif kind == "Add":
            self.append(shape, kind, x, self.pick(n for n, s in self.shapes.items() if s == shape))
        elif kind == "Dense":
            weight = self.constant(shape[-1], out := self.pick([1, 3]))
            self.append([*shape[:-1], out], "MatMul", x, weight)
        elif kind == "Left" and rank > 2:
            weight = self.constant(out := self.pick([1, 3]), shape[-2])
            self.append([*shape[:-2], out, shape[-1]], "MatMul", weight, x)


@st.composite
def networks(draw):
    """An ONNX model of up to seven operators, from "x" to its last tensor."""
    shapes = [(1, 3, 4, 5), (1, 4, 4, 2), (1, 1, 6, 4), (1, 4, 6), (1, 24), (1, 2, 2, 2)]
    network = Network(draw, draw(st.sampled_from(shapes)))
    for kind in draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=7)):
        network.grow(kind)
    if not network.nodes:
        network.append(network.shapes["x"], "Relu", "x")
    network.nodes[-1].output[0] = "y"
    return model(network.nodes, network.shapes["x"], network.constants, opset=13)


@settings(max_examples=150, deadline=None)
@given(networks())
def test_right_or_refused(made):
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(UnsupportedError):
        check(made, Path(folder))

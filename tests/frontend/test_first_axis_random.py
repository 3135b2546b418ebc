"""Random chains of operators: what is made of the first axis is what onnxruntime makes of it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import pytest
from onnx_models import model, node, normal
from test_first_axis import agrees

SHAPES = ((4, 6), (4, 2, 3), (4, 4), (2, 4, 3))


class Chain:
    """A network from "x" to "y" that moves, reduces and multiplies along random axes."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.shape = list(SHAPES[seed % len(SHAPES)])
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        self.last = "x"
        steps = (
            *(self.transpose, self.reshape, self.reduce, self.join, self.cut, self.multiply),
            *(self.add, self.pick, self.center),
        )
        for _ in range(self.rng.integers(1, 6)):
            self.rng.choice(np.array(steps, object))()
        self.put("Neg", output="y")

    def axis(self) -> int:
        return int(self.rng.integers(len(self.shape)))

    def constant(self, value) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = np.asarray(value)
        return name

    def put(self, op_type: str, *others: str, output: str | None = None, **attributes) -> None:
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(node(op_type, " ".join((self.last, *others)), output, **attributes))
        self.last = output

    def transpose(self) -> None:
        perm = self.rng.permutation(len(self.shape)).tolist()
        self.put("Transpose", perm=perm)
        self.shape = [self.shape[i] for i in perm]

    def reshape(self) -> None:
        count = int(np.prod(self.shape))
        first = int(self.rng.choice([n for n in range(1, count + 1) if count % n == 0]))
        self.shape = [first, count // first]
        target = [[first, -1], [-1, count // first], self.shape][self.rng.integers(3)]
        self.put("Reshape", self.constant(np.array(target)))

    def reduce(self) -> None:
        axis, op_type = self.axis(), ("ReduceMean", "ReduceMax")[self.rng.integers(2)]
        self.put(op_type, axes=[axis - len(self.shape)], keepdims=1)
        self.shape = [1 if i == axis else n for i, n in enumerate(self.shape)]

    def join(self) -> None:
        axis, before = self.axis(), self.last
        self.put("Neg")
        self.put("Concat", before, axis=axis)
        self.shape = [2 * n if i == axis else n for i, n in enumerate(self.shape)]

    def cut(self) -> None:
        axis = self.axis()
        begin = int(self.rng.integers(self.shape[axis]))
        parameters = (np.array([value]) for value in (begin, 9999, axis))
        self.put("Slice", *map(self.constant, parameters))
        self.shape = [n - begin if i == axis else n for i, n in enumerate(self.shape)]

    def multiply(self) -> None:
        outputs = int(self.rng.integers(1, 5))
        self.put("MatMul", self.constant(normal(self.shape[-1], outputs)))
        self.shape = [*self.shape[:-1], outputs]

    def add(self) -> None:
        sizes = [n if self.rng.random() < 0.5 else 1 for n in self.shape]
        self.put("Add", self.constant(normal(*sizes[self.axis() :])))

    def pick(self) -> None:
        axis = self.axis()
        self.put("Gather", self.constant(np.array([self.shape[axis] - 1])), axis=axis)
        self.shape = [1 if i == axis else n for i, n in enumerate(self.shape)]

    def center(self) -> None:
        before = self.last
        self.put("ReduceMean", axes=[self.axis()])
        self.put("Sub", before)


@pytest.mark.parametrize("is_open", [False, True])
def test_random_chains(is_open: bool, tmp_path) -> None:
    read: Counter[str] = Counter()
    for seed in range(60):
        chain = Chain(seed)
        shape = SHAPES[seed % len(SHAPES)]
        declared = ("N" if is_open else shape[0], *shape[1:])
        made = model(chain.nodes, declared, chain.constants)
        read[agrees(made, tmp_path, normal(*shape, seed=3))] += 1
    assert read["samples"] > 5
    assert read["refused" if is_open else "data"] > 5
    assert is_open or read["data"] > read["refused"]

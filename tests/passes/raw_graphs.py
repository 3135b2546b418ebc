"""Float graphs as the frontend makes them, built node by node, and what passes must keep."""

from __future__ import annotations

import numpy as np

from nnhw.ir import (
    Add,
    AveragePool,
    ChannelAffine,
    Clamp,
    Clip,
    Concat,
    Conv,
    DepthToSpace,
    Extremum,
    Function,
    Graph,
    MaxPool,
    Multiply,
    Node,
    Port,
    Reshape,
    Resize,
    Slice,
    Tensor,
    Window,
    from_channels_last,
)
from nnhw.quantize import run_float

RELU = Clamp(lo=0.0)


class RawGraph:
    """Every method appends a node and returns the name of its output."""

    def __init__(self, shape: tuple[int, int, int] = (5, 6, 4), seed: int = 0):
        self.random = np.random.default_rng(seed)
        self.tensors = {"x": Tensor(name="x", shape=shape)}
        self.nodes: list[Node] = []

    def shape(self, name: str) -> tuple[int, int, int]:
        return self.tensors[name].shape

    def _add(self, kind: type[Node], inputs: tuple[str, ...], shape, **fields) -> str:
        output = f"t{len(self.nodes)}"
        self.tensors[output] = Tensor(name=output, shape=shape)
        self.nodes.append(kind(name=f"n{len(self.nodes)}", inputs=inputs, output=output, **fields))
        return output

    def conv(self, x: str, out: int = 4, kernel=(1, 1), *, groups: int = 1, clamp=None, **window):
        height, width, channels = self.shape(x)
        geometry = Window(kernel=kernel, **window)
        return self._add(
            Conv,
            (x,),
            (*geometry.output_size(height, width), out),
            window=geometry,
            weight=self.random.standard_normal((out, *kernel, channels // groups)),
            bias=self.random.standard_normal(out),
            groups=groups,
            clamp=clamp or Clamp(),
        )

    def max_pool(self, x: str, kernel=(2, 2), **window) -> str:
        geometry = Window(kernel=kernel, **window)
        shape = (*geometry.output_size(*self.shape(x)[:2]), self.shape(x)[2])
        return self._add(MaxPool, (x,), shape, window=geometry)

    def average_pool(self, x: str, kernel=(2, 2), **window) -> str:
        geometry = Window(kernel=kernel, **window)
        rows, cols = geometry.output_size(*self.shape(x)[:2])
        divisor = np.full((rows, cols), kernel[0] * kernel[1])
        shape = (rows, cols, self.shape(x)[2])
        return self._add(AveragePool, (x,), shape, window=geometry, divisor=divisor)

    def pad(self, x: str, *pads: int) -> str:
        return self.average_pool(x, (1, 1), pads=pads)

    def add(self, a: str, b: str, **fields) -> str:
        return self._add(Add, (a, b), self.shape(a), **fields)

    def affine(self, x: str, *, offset: bool = True) -> str:
        channels = self.shape(x)[2]
        return self._add(
            ChannelAffine,
            (x,),
            self.shape(x),
            scale=self.random.standard_normal(channels),
            offset=self.random.standard_normal(channels) * offset,
        )

    def clip(self, x: str, lo: float = 0.0, hi: float = np.inf) -> str:
        return self._add(Clip, (x,), self.shape(x), clamp=Clamp(lo=lo, hi=hi))

    def reshape(self, x: str, *shape: int) -> str:
        return self._add(Reshape, (x,), shape)

    def multiply(self, a: str, b: str) -> str:
        return self._add(Multiply, (a, b), self.shape(a))

    def maximum(self, a: str, b: str) -> str:
        return self._add(Extremum, (a, b), self.shape(a), which="max")

    def function(self, x: str, function: str, *parameters: float) -> str:
        return self._add(Function, (x,), self.shape(x), function=function, parameters=parameters)

    def line(self, x: str, scale: float, offset: float = 0.0) -> str:
        """The same scale and offset for all channels."""
        ones = np.ones(self.shape(x)[2])
        return self._add(
            ChannelAffine, (x,), self.shape(x), scale=scale * ones, offset=offset * ones
        )

    def resize(self, x: str, *factor: int) -> str:
        height, width, channels = self.shape(x)
        shape = (height * factor[0], width * factor[1], channels)
        return self._add(Resize, (x,), shape, factor=factor)

    def slice(self, x: str, start: tuple[int, int, int], *shape: int) -> str:
        return self._add(Slice, (x,), shape, start=start)

    def depth_to_space(self, x: str, block: int) -> str:
        height, width, channels = self.shape(x)
        shape = (height * block, width * block, channels // block**2)
        return self._add(DepthToSpace, (x,), shape, block=block)

    def concat(self, *inputs: str) -> str:
        height, width, _ = self.shape(inputs[0])
        shape = (height, width, sum(self.shape(name)[2] for name in inputs))
        return self._add(Concat, inputs, shape)

    def graph(self, *outputs: str) -> Graph:
        height, width, channels = self.shape("x")
        return Graph(
            name="raw",
            nodes=tuple(self.nodes),
            tensors=self.tensors,
            inputs=(Port(tensor="x", onnx_name="x", onnx_shape=(channels, height, width)),),
            outputs=tuple(
                Port(tensor=name, onnx_name=name, onnx_shape=self.shape(name)[::-1])
                for name in outputs
            ),
        )


def kinds(graph: Graph) -> list[str]:
    """Types of the nodes in order."""
    return [type(node).__name__ for node in graph.nodes]


def assert_same_results(before: Graph, after: Graph) -> None:
    """Both graphs compute the same outputs, as ONNX sees them."""
    x = np.random.default_rng(9).standard_normal((3, *before.tensors["x"].shape))
    assert after.inputs == before.inputs
    for old, new in zip(before.outputs, after.outputs, strict=True):
        assert (old.onnx_name, old.onnx_shape) == (new.onnx_name, new.onnx_shape)
        expected = from_channels_last(run_float(before, x)[old.tensor], old)
        result = from_channels_last(run_float(after, x)[new.tensor], new)
        scale = np.abs(expected).max() + 1e-6
        np.testing.assert_allclose(result / scale, expected / scale, atol=2e-5)

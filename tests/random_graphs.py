"""Small float graphs with random weights, by hand and by hypothesis."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from nnhw.ir import (
    Add,
    AveragePool,
    Clamp,
    Concat,
    Conv,
    Extremum,
    Function,
    Graph,
    MaxPool,
    Multiply,
    Node,
    Port,
    Reshape,
    Slice,
    Tensor,
    Window,
)

NONE = Clamp()
GAINS = (1.0, 0.5, float(np.float32(1.7)), 12.0)
CLAMPS = (NONE, Clamp(lo=0.0), Clamp(lo=0.0, hi=6.0), Clamp(lo=-1.0, hi=1.5))


def window_divisor(window: Window, shape: tuple[int, int, int]) -> np.ndarray:
    """Number of elements of a (H, W, C) input in each window: count_include_pad = 0."""
    counts = []
    for axis in (0, 1):
        before, after = window.pads[axis], window.pads[axis + 2]
        size = shape[axis] + before + after
        starts = range(0, size - window.span[axis] + 1, window.stride[axis])
        taps = [range(s, s + window.span[axis], window.dilation[axis]) for s in starts]
        counts.append([sum(before <= t < before + shape[axis] for t in tap) for tap in taps])
    return np.outer(counts[0], counts[1]).astype(np.int64)


class Builder:
    """Builds a float graph operator by operator; every method returns the output's name."""

    def __init__(self, shape: tuple[int, int, int], seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[Node] = []
        self.tensors = {"x": Tensor(name="x", shape=shape)}

    def shape(self, name: str) -> tuple[int, int, int]:
        return self.tensors[name].shape

    def append(self, node: Node, shape: tuple[int, int, int]) -> str:
        self.nodes.append(node)
        self.tensors[node.output] = Tensor(name=node.output, shape=shape)
        return node.output

    def _names(self, *inputs: str) -> dict:
        count = len(self.nodes)
        return {"name": f"node{count}", "inputs": inputs, "output": f"t{count}"}

    def conv(
        self, x: str, out: int, *, groups: int = 1, clamp: Clamp = NONE, **window: tuple
    ) -> str:
        height, width, channels = self.shape(x)
        geometry = Window(**window)
        shape = (out, *geometry.kernel, channels // groups)
        fan_in = math.prod(shape[1:])
        weight = self.rng.normal(size=shape) * np.exp(self.rng.normal(size=(out, 1, 1, 1)) * 0.5)
        node = Conv(
            **self._names(x),
            window=geometry,
            weight=weight / math.sqrt(fan_in),
            bias=self.rng.normal(size=out) * 0.3,
            groups=groups,
            clamp=clamp,
        )
        return self.append(node, (*geometry.output_size(height, width), out))

    def dense(self, x: str, out: int, *, clamp: Clamp = NONE) -> str:
        return self.conv(x, out, kernel=self.shape(x)[:2], clamp=clamp)

    def max_pool(self, x: str, *, clamp: Clamp = NONE, **window: tuple) -> str:
        height, width, channels = self.shape(x)
        geometry = Window(**window)
        node = MaxPool(**self._names(x), window=geometry, clamp=clamp)
        return self.append(node, (*geometry.output_size(height, width), channels))

    def average_pool(
        self,
        x: str,
        *,
        clamp: Clamp = NONE,
        divisor: np.ndarray | None = None,
        gain: float = 1.0,
        **window: tuple,
    ) -> str:
        height, width, channels = self.shape(x)
        geometry = Window(**window)
        if divisor is None:
            divisor = window_divisor(geometry, self.shape(x))
        node = AveragePool(
            **self._names(x), window=geometry, divisor=divisor, clamp=clamp, gain=gain
        )
        return self.append(node, (*geometry.output_size(height, width), channels))

    def multiply(self, a: str, b: str, *, clamp: Clamp = NONE, gain: float = 1.0) -> str:
        return self.append(Multiply(**self._names(a, b), clamp=clamp, gain=gain), self.shape(a))

    def maximum(self, a: str, b: str, *, gain: float = 1.0) -> str:
        return self.append(Extremum(**self._names(a, b), which="max", gain=gain), self.shape(a))

    def concat(self, *inputs: str) -> str:
        height, width, _ = self.shape(inputs[0])
        channels = sum(self.shape(name)[2] for name in inputs)
        return self.append(Concat(**self._names(*inputs)), (height, width, channels))

    def function(self, x: str, function: str, *parameters: float) -> str:
        node = Function(**self._names(x), function=function, parameters=parameters)
        return self.append(node, self.shape(x))

    def slice(self, x: str, start: tuple[int, int, int], *shape: int) -> str:
        return self.append(Slice(**self._names(x), start=start), shape)

    def add(self, a: str, b: str, *, clamp: Clamp = NONE, gain: float = 1.0) -> str:
        return self.append(Add(**self._names(a, b), clamp=clamp, gain=gain), self.shape(a))

    def reshape(self, x: str, shape: tuple[int, int, int]) -> str:
        return self.append(Reshape(**self._names(x)), shape)

    def graph(self, *outputs: str) -> Graph:
        def port(tensor: str, onnx_name: str) -> Port:
            height, width, channels = self.shape(tensor)
            shape = (channels,) if height == width == 1 else (channels, height, width)
            return Port(tensor=tensor, onnx_name=onnx_name, onnx_shape=shape)

        return Graph(
            name="net",
            nodes=tuple(self.nodes),
            tensors=self.tensors,
            inputs=(port("x", "input"),),
            outputs=tuple(port(t, f"output{i}") for i, t in enumerate(outputs)),
        )

    def data(self, count: int) -> np.ndarray:
        """Random inputs (count, H, W, C)."""
        return self.rng.normal(size=(count, *self.shape("x"))).astype(np.float32)


@st.composite
def builders(draw: st.DrawFn) -> tuple[Builder, str]:
    """A builder with a random network of 1 to 5 operators in it, and the network's output."""
    sizes = st.integers(3, 9)
    builder = Builder(
        (draw(sizes), draw(sizes), draw(st.integers(1, 6))), seed=draw(st.integers(0, 2**32 - 1))
    )
    x = "x"
    for _ in range(draw(st.integers(1, 5))):
        x = _any_operator(draw, builder, x)
    return builder, x


def _any_operator(draw: st.DrawFn, builder: Builder, x: str) -> str:
    height, width, channels = builder.shape(x)
    clamp = draw(st.sampled_from(CLAMPS))
    window = draw(_windows(height, width))
    kind = draw(st.sampled_from(["conv", "depthwise", "max", "average", "add", "dense", "reshape"]))
    match kind:
        case "conv":
            return builder.conv(x, draw(st.integers(1, 9)), clamp=clamp, **window)
        case "depthwise":
            return builder.conv(x, channels, groups=channels, clamp=clamp, **window)
        case "max":
            return builder.max_pool(x, clamp=clamp, **window)
        case "average":
            gain = draw(st.sampled_from(GAINS))
            return builder.average_pool(x, clamp=clamp, gain=gain, **window)
        case "add":
            gain = draw(st.sampled_from(GAINS))
            return builder.add(x, builder.conv(x, channels), clamp=clamp, gain=gain)
        case "dense":
            return builder.dense(x, draw(st.integers(1, 9)), clamp=clamp)
    return builder.reshape(x, (width, channels, height))


@st.composite
def _windows(draw: st.DrawFn, height: int, width: int) -> dict[str, tuple]:
    kernel = draw(st.integers(1, min(3, height))), draw(st.integers(1, min(3, width)))
    stride = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    pads = tuple(draw(st.integers(0, kernel[axis % 2] - 1)) for axis in range(4))
    fits = (kernel[0] - 1) * 2 < height and (kernel[1] - 1) * 2 < width
    dilation = (draw(st.integers(1, 2)),) * 2 if fits else (1, 1)
    return {"kernel": kernel, "stride": stride, "pads": pads, "dilation": dilation}

"""Small integer graphs with random constants over their whole range, by hand and by seed."""

from __future__ import annotations

import math

import numpy as np

from nnhw.ir import (
    Graph,
    Node,
    Port,
    QAdd,
    QAveragePool,
    QConv,
    QMaxPool,
    Quantization,
    Requantize,
    Reshape,
    Tensor,
    Window,
)


class IntegerBuilder:
    """Builds an integer graph operator by operator; every method returns the output's name.

    Weights, zero points, multipliers and bounds are random and reach the ends of their ranges;
    shifts are such that results spread over about the range of the output and beyond.

    Parameters
    ----------
    shape
        Of the input "x", (H, W, C).
    seed
        Of all that is random.
    bits
        Width of activations; a random one for each tensor if None.
    """

    def __init__(
        self, shape: tuple[int, int, int], seed: int = 0, *, bits: int | None = None
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.bits = bits
        self.nodes: list[Node] = []
        self.tensors = {"x": Tensor(name="x", shape=shape, quantization=self._quantization())}

    def conv(self, x: str, out: int, *, groups: int = 1, **window: tuple) -> str:
        height, width, channels = self.shape(x)
        geometry = Window(**window)
        names = self._names(x, shape=(*geometry.output_size(height, width), out))
        bits = int(self.rng.integers(2, 9))
        half = 1 << (bits - 1)
        shape = (out, *geometry.kernel, channels // groups)
        spread = half * self._half_range(x) * math.sqrt(math.prod(shape[1:])) / 2
        return self._append(
            QConv(
                **names,
                window=geometry,
                weight=self.rng.integers(-half, half, shape).astype(np.int8),
                bias=self.rng.integers(-int(spread) - 1, int(spread) + 2, out),
                weight_bits=bits,
                weight_scale=np.ones(out),
                groups=groups,
                requantize=self._requantize(names["output"], spread, out),
            )
        )

    def depthwise(self, x: str, **window: tuple) -> str:
        channels = self.shape(x)[2]
        return self.conv(x, channels, groups=channels, **window)

    def dense(self, x: str, out: int) -> str:
        return self.conv(x, out, kernel=self.shape(x)[:2])

    def max_pool(self, x: str, **window: tuple) -> str:
        height, width, channels = self.shape(x)
        geometry = Window(**window)
        q = self.tensors[x].q
        lo, hi = sorted(self.rng.integers(q.lo, q.hi + 1, 2).tolist())
        names = self._names(x, shape=(*geometry.output_size(height, width), channels), q=q)
        return self._append(QMaxPool(**names, window=geometry, lo=lo, hi=hi))

    def average_pool(self, x: str, *, uniform: bool = False, **window: tuple) -> str:
        """`uniform`: the same constants at all positions."""
        height, width, channels = self.shape(x)
        geometry = Window(**window)
        rows, cols = geometry.output_size(height, width)
        names = self._names(x, shape=(rows, cols, channels))
        taps = math.prod(geometry.kernel)
        constants = self._requantize(
            names["output"], taps * self._half_range(x) / 2, (rows, cols), uniform=uniform
        )
        divisor = np.full((rows, cols), taps)
        return self._append(
            QAveragePool(**names, window=geometry, divisor=divisor, requantize=constants)
        )

    def add(self, a: str, b: str) -> str:
        names = self._names(a, b, shape=self.shape(a))
        spread = (self._half_range(a) + self._half_range(b)) / 2
        constants = self._requantize(names["output"], spread, 2)
        constants.shift[:] = constants.shift.max()
        return self._append(QAdd(**names, requantize=constants))

    def reshape(self, x: str, shape: tuple[int, int, int]) -> str:
        return self._append(Reshape(**self._names(x, shape=shape, q=self.tensors[x].q)))

    def graph(self, output: str) -> Graph:
        def port(tensor: str) -> Port:
            height, width, channels = self.shape(tensor)
            return Port(tensor=tensor, onnx_name=tensor, onnx_shape=(channels, height, width))

        return Graph(
            name="net",
            nodes=tuple(self.nodes),
            tensors=dict(self.tensors),
            inputs=(port("x"),),
            outputs=(port(output),),
        )

    def frames(self, count: int) -> np.ndarray:
        """Random frames, int8 (count, H, W, C), of which one is all least, one all largest."""
        q = self.tensors["x"].q
        frames = self.rng.integers(q.lo, q.hi + 1, (count, *self.shape("x")))
        frames[-1:], frames[-2:-1] = q.lo, q.hi
        return frames.astype(np.int8)

    def shape(self, name: str) -> tuple[int, int, int]:
        return self.tensors[name].shape

    def _append(self, node: Node) -> str:
        self.nodes.append(node)
        return node.output

    def _names(self, *inputs: str, shape: tuple, q: Quantization | None = None) -> dict:
        count = len(self.nodes)
        output = f"t{count}"
        quantization = self._quantization() if q is None else q
        self.tensors[output] = Tensor(name=output, shape=shape, quantization=quantization)
        return {"name": f"node{count}", "inputs": inputs, "output": output}

    def _quantization(self) -> Quantization:
        bits = self.bits or int(self.rng.integers(2, 9))
        half = 1 << (bits - 1)
        corners = (-half, half - 1, 0, int(self.rng.integers(-half, half)))
        return Quantization(bits=bits, scale=1.0, zero_point=int(self.rng.choice(corners)))

    def _half_range(self, x: str) -> int:
        return 1 << (self.tensors[x].q.bits - 1)

    def _requantize(
        self, output: str, spread: float, shape: int | tuple[int, ...], *, uniform: bool = False
    ) -> Requantize:
        """Constants that bring sums of about `spread` to the range of the output."""
        q = self.tensors[output].q
        bits = int(self.rng.integers(1, 14))
        multiplier = self.rng.integers(1 << (bits - 1), 1 << bits, shape)
        if uniform:
            multiplier[...] = multiplier.flat[0]
        shift = np.rint(np.log2(spread * multiplier)) - (q.bits - 2)
        lo, hi = q.lo, q.hi
        if self.rng.integers(2):
            lo, hi = sorted(self.rng.integers(q.lo, q.hi + 1, 2).tolist())
        return Requantize(
            multiplier=multiplier, shift=np.clip(shift, 1, 62).astype(np.int64), lo=lo, hi=hi
        )


def random_network(seed: int, *, largest: int = 7) -> tuple[IntegerBuilder, Graph]:
    """A network of 1 to 5 operators on an input of up to `largest` rows, columns and channels."""
    rng = np.random.default_rng([seed, 1])
    builder = IntegerBuilder(tuple(rng.integers(1, largest + 1, 3).tolist()), seed)
    x = "x"
    for _ in range(rng.integers(1, 5)):
        x = _any_operator(rng, builder, x, largest)
    if builder.nodes[-1].output != x or isinstance(builder.nodes[-1], Reshape):
        x = builder.dense(x, int(rng.integers(1, largest + 1)))
    return builder, builder.graph(x)


def _any_operator(rng: np.random.Generator, builder: IntegerBuilder, x: str, largest: int) -> str:
    height, width, channels = builder.shape(x)
    window = _any_window(rng, (height, width))
    match rng.integers(8):
        case 0 | 1:
            return builder.conv(x, int(rng.integers(1, largest + 1)), **window)
        case 2:
            return builder.depthwise(x, **window)
        case 3 if _touches_image(window, (height, width)):
            return builder.max_pool(x, **window)
        case 4:
            return builder.average_pool(x, uniform=bool(rng.integers(2)), **window)
        case 5:
            operands = [x, builder.conv(x, channels)]
            return builder.add(*rng.permutation(operands).tolist())
        case 6:
            return builder.dense(x, int(rng.integers(1, largest + 1)))
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

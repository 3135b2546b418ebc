"""Small integer graphs with random constants over their whole range."""

from __future__ import annotations

import math

import numpy as np

from nnhw.ir import (
    DepthToSpace,
    Graph,
    Node,
    Port,
    QAdd,
    QAveragePool,
    QConcat,
    QConv,
    QExtremum,
    QFunction,
    QMaxPool,
    QMultiply,
    Quantization,
    Requantize,
    Reshape,
    Resize,
    Slice,
    Tensor,
    Transpose,
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
    powers_of_two
        Whether all multipliers of the requantization are powers of two.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        seed: int = 0,
        *,
        bits: int | None = None,
        powers_of_two: bool = False,
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.bits = bits
        self.powers_of_two = powers_of_two
        self.nodes: list[Node] = []
        self.tensors = {"x": Tensor(name="x", shape=shape, quantization=self._quantization())}

    def conv(self, x: str, out: int, *, groups: int = 1, **window: tuple) -> str:
        height, width, channels = self.shape(x)
        geometry = Window(**window)
        names = self._names(x, shape=(*geometry.output_size(height, width), out))
        bits = int(self.rng.integers(2, 10))
        half = 1 << (bits - 1)
        shape = (out, *geometry.kernel, channels // groups)
        weight, zero_point = self._weight(shape, bits)
        spread = half * self._half_range(x) * math.sqrt(math.prod(shape[1:])) / 2
        return self._append(
            QConv(
                **names,
                window=geometry,
                weight=weight,
                weight_zero_point=zero_point,
                bias=self.rng.integers(-int(spread) - 1, int(spread) + 2, out),
                weight_bits=bits,
                weight_scale=np.ones(out),
                groups=groups,
                requantize=self._requantize(names["output"], spread, out),
            )
        )

    def _weight(self, shape: tuple[int, ...], bits: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Integers less their zero points, and these: of 9 bits they are of bytes."""
        if bits <= 8:
            half = 1 << (bits - 1)
            return self.rng.integers(-half, half, shape).astype(np.int8), None
        zero_point = self.rng.integers(0, 256, shape[0])
        numbers = self.rng.integers(0, 256, shape)
        return (numbers - zero_point[:, None, None, None]).astype(np.int16), zero_point

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

    def multiply(self, a: str, b: str) -> str:
        names = self._names(a, b, shape=self.shape(a))
        spread = self._half_range(a) * self._half_range(b) / 2
        constants = self._requantize(names["output"], spread, 1)
        return self._append(QMultiply(**names, requantize=constants))

    def extremum(self, a: str, b: str, which: str) -> str:
        """`which`: "max" or "min"."""
        names = self._names(a, b, shape=self.shape(a))
        constants = self._requantize(names["output"], max(map(self._half_range, (a, b))), 2)
        constants.shift[:] = constants.shift.max()
        return self._append(QExtremum(**names, which=which, requantize=constants))

    def concat(self, *inputs: str) -> str:
        height, width, _ = self.shape(inputs[0])
        channels = sum(self.shape(name)[2] for name in inputs)
        names = self._names(*inputs, shape=(height, width, channels))
        parts = tuple(
            self._requantize(names["output"], self._half_range(name) / 2, 1) for name in inputs
        )
        return self._append(QConcat(**names, parts=parts))

    def function(self, x: str) -> str:
        """A random table."""
        names = self._names(x, shape=self.shape(x))
        q = self.tensors[names["output"]].q
        table = self.rng.integers(q.lo, q.hi + 1, 1 << self.tensors[x].q.bits)
        return self._append(QFunction(**names, function="random", table=table.astype(np.int8)))

    def reshape(self, x: str, shape: tuple[int, int, int]) -> str:
        return self._append(Reshape(**self._moved(x, shape)))

    def slice(self, x: str, start: tuple[int, int, int], shape: tuple[int, int, int]) -> str:
        return self._append(Slice(**self._moved(x, shape), start=start))

    def resize(self, x: str, factor: tuple[int, int]) -> str:
        height, width, channels = self.shape(x)
        shape = (height * factor[0], width * factor[1], channels)
        return self._append(Resize(**self._moved(x, shape), factor=factor))

    def depth_to_space(self, x: str, block: int) -> str:
        height, width, channels = self.shape(x)
        shape = (height * block, width * block, channels // block**2)
        return self._append(DepthToSpace(**self._moved(x, shape), block=block))

    def transpose(self, x: str, perm: tuple[int, int, int]) -> str:
        shape = self.shape(x)
        moved = self._moved(x, tuple(shape[axis] for axis in perm))
        return self._append(Transpose(**moved, perm=perm))

    def graph(self, *outputs: str, inputs: tuple[str, ...] = ("x",)) -> Graph:
        def port(tensor: str) -> Port:
            height, width, channels = self.shape(tensor)
            return Port(tensor=tensor, onnx_name=tensor, onnx_shape=(channels, height, width))

        return Graph(
            name="net",
            nodes=tuple(self.nodes),
            tensors=dict(self.tensors),
            inputs=tuple(map(port, inputs)),
            outputs=tuple(map(port, outputs)),
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

    def _moved(self, x: str, shape: tuple[int, int, int]) -> dict:
        """For an operator whose output has the quantization of its input."""
        return self._names(x, shape=shape, q=self.tensors[x].q)

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
        if self.powers_of_two:
            multiplier = 1 << self.rng.integers(0, bits, shape)
        if uniform:
            multiplier[...] = multiplier.flat[0]
        shift = np.rint(np.log2(spread * multiplier)) - (q.bits - 2)
        lo, hi = q.lo, q.hi
        if self.rng.integers(2):
            lo, hi = sorted(self.rng.integers(q.lo, q.hi + 1, 2).tolist())
        return Requantize(
            multiplier=multiplier, shift=np.clip(shift, 1, 62).astype(np.int64), lo=lo, hi=hi
        )

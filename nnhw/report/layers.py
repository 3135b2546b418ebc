"""What there is to say about each layer, and when a frame's parts happen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ArrayUse:
    """What the array's multipliers do in the cycles in which a layer fetches.

    In cycles of the whole array: one in which half of the multipliers are idle counts as half a
    cycle of work. The sum is the number of fetches.

    Parameters
    ----------
    macs
        Multiply-accumulates of the network; those with padding count where they take place.
    others
        Operands of operators without multiply-accumulates: pooling, additions, moves.
    idle_lanes
        Lanes that carry no operand: a sum is shorter than its fetches are wide, or an image has
        fewer channels.
    idle_columns
        Columns without work in the lanes that carry operands: there are fewer output channels, or,
        in depthwise convolutions, fewer output rows in the making.
    """

    macs: float
    others: float
    idle_lanes: float
    idle_columns: float


@dataclass(frozen=True, kw_only=True)
class LayerReport:
    """One operator of the network: a layer of the program, or several in a row.

    Parameters
    ----------
    name, operator, shape
        Name of its ONNX node, such as "conv 3x3" or "conv 3x3 + add", (height, width, channels) of
        its result.
    parts
        Layers of the program: more than one where kernels are clipped to the image, or where an
        operator is put together from several.
    macs
        Multiply-accumulates by definition, padding included; 0 for operators that have none.
    start
        Its first cycle, counted from the frame's first fetch.
    cycles
        From the end of the layer before to its own last fetch, in an idle engine's frame: the sum
        of the waits and of what `array` adds up to.
    fence_wait, drain_wait, stream_wait
        Those of them in which the array waits: for earlier results to reach memory, for the
        requantizer lanes, for room in the output buffer.
    array
        What the array does in the others.
    utilisation
        macs / (cycles * multipliers of the array), in per cent: more than 100 if multiplications
        with padding are left out of an array that is busy.
    weight_bits
        Width of its weights; None if it has none.
    sqnr_db
        Signal to quantization noise ratio of its result, in dB, against the float network on
        evaluation samples: noise of all layers up to it. The signal is what differs from sample to
        sample. None where it was not measured, or where there is no signal or no noise.
    own_sqnr_db
        The same of the noise that this layer alone adds, given exact inputs.
    reads
        What it reads: names of layers, and of inputs of the network after "input ".
    act_bits
        Width of its result's elements.
    represented
        Least and largest real value that its result can be.
    seen
        Those of the float network on evaluation samples; None where they were not measured.
    cut_off
        Share of these values in per cent that lie beyond what is represented; None as `seen`.
    """

    name: str
    operator: str
    shape: tuple[int, int, int]
    parts: int = 1
    macs: int
    start: int
    cycles: int
    fence_wait: int
    drain_wait: int
    stream_wait: int
    array: ArrayUse
    utilisation: float
    weight_bits: int | None = None
    sqnr_db: float | None = None
    own_sqnr_db: float | None = None
    reads: tuple[str, ...] = ()
    act_bits: int | None = None
    represented: tuple[float, float] | None = None
    seen: tuple[float, float] | None = None
    cut_off: float | None = None

    @property
    def wait(self) -> int:
        """Cycles in which the array waits."""
        return self.fence_wait + self.drain_wait + self.stream_wait


@dataclass(frozen=True, kw_only=True)
class FrameTimes:
    """When a frame that meets an idle engine arrives, is computed and leaves.

    In cycles, counted from the frame's first fetch; the source never pauses, the sink is always
    ready, and the next frame follows at once.

    Parameters
    ----------
    load_cycles
        Cycles that a frame takes to arrive: this one's first beat comes at -load_cycles.
    next_load, next_fetch
        First input beat and first fetch of the next frame.
    compute_cycles
        From the first to the last fetch, both counted.
    first_output, last_output
        First and last beat of the result.
    """

    load_cycles: int
    next_load: int
    next_fetch: int
    compute_cycles: int
    first_output: int
    last_output: int

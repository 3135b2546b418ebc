"""A difference between hardware and golden model, and how to tell of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from design import Design, Vectors
from segments import Segment
from trace_file import UNKNOWN


@dataclass(frozen=True)
class Divergence:
    """Where the hardware first differs from the golden model.

    Parameters
    ----------
    test
        "latency", "interval", "stalls" or "reset".
    frame, kind
        Number and kind of the vector.
    cycle
        Clock cycle since the start of its process; the last one with an event before it if
        something is missing.
    layer, layer_name
        Number and name of the layer; None if it is the output stream that differs.
    element
        (y, x, channel) in the layer's or the output's tensor; None if no element differs.
    expected, actual
        The differing bytes; None if no element differs, `actual` also if it has X in it.
    message
        All that in a sentence.
    """

    test: str
    frame: int
    kind: str
    cycle: int
    layer: int | None
    layer_name: str | None
    element: tuple[int, int, int] | None
    expected: int | None
    actual: int | None
    message: str


@dataclass(frozen=True)
class Difference:
    """A difference within a segment.

    `position` is that of the frame in the segment, `order` that of the layer; the output stream
    comes after all layers. The first difference is the least of (position, order, cycle). `offset`
    counts bytes in the layer's result or the frame, and is None if the difference is not in a byte.
    """

    position: int
    order: int
    cycle: int
    what: str
    offset: int | None = None
    expected: int | None = None
    actual: int | None = None


def describe(
    design: Design, vectors: Vectors, segment: Segment, difference: Difference
) -> Divergence:
    """Put a difference into the terms of the design and its vectors."""
    frame = segment.frames[difference.position]
    layer = layer_name = element = None
    subject, detail, offset = "the output", difference.what, difference.offset
    shape = None
    if difference.order < len(design.layers):
        layer = difference.order
        layer_name, shape = design.layers[layer].name, design.layers[layer].shape
        subject = f"layer {layer} '{layer_name}'"
    elif offset is not None:
        tensor = design.output.tensor_at(offset)
        shape, offset = tensor.shape, offset - tensor.offset
        if len(design.output.tensors) > 1:
            subject = f"output '{tensor.name}'"
    if offset is not None:
        element = tuple(int(i) for i in np.unravel_index(offset, shape))
        detail += (
            " at y={} x={} channel={}".format(*element)
            + f": expected {_byte(difference.expected)}, got {_byte(difference.actual)}"
        )
    return Divergence(
        test=segment.test,
        frame=frame,
        kind=vectors.kinds[frame],
        cycle=difference.cycle,
        layer=layer,
        layer_name=layer_name,
        element=element,
        expected=difference.expected,
        actual=None if difference.actual == UNKNOWN else difference.actual,
        message=f"Test '{segment.test}', frame {frame} ({vectors.kinds[frame]}), "
        f"cycle {difference.cycle}: {subject} {detail}",
    )


def _byte(value: int | None) -> str:
    """A byte as hexadecimal and as a two's complement number."""
    if value is None or value == UNKNOWN:
        return "X"
    return f"0x{value:02x} ({value - 256 if value > 127 else value})"

"""Small programs that need different parts of the engine."""

from __future__ import annotations

from integer_graphs import IntegerBuilder

from nnhw.ir import Graph
from nnhw.mapping import EngineConfig


def dense_alone() -> tuple[Graph, EngineConfig]:
    """No activation memory, no lanes, one layer."""
    builder = IntegerBuilder((2, 2, 5), seed=7)
    config = EngineConfig(rows=4, cols=3, lanes=2, input_bytes=2, output_bytes=4, frame_buffers=1)
    return builder.graph(builder.dense("x", 6)), config


def padded_convolutions() -> tuple[Graph, EngineConfig]:
    """Padding, strides, rotation of banks, pools and pairs of terms."""
    builder = IntegerBuilder((5, 4, 3), seed=2, bits=8)
    x = builder.conv("x", 5, kernel=(3, 3), pads=(1, 1, 1, 1))
    x = builder.add(x, builder.conv(x, 5, kernel=(3, 3), pads=(1, 1, 1, 1)))
    x = builder.max_pool(x, kernel=(2, 2), stride=(2, 2))
    x = builder.average_pool(x, kernel=builder.shape(x)[:2], uniform=True)
    config = EngineConfig(rows=4, cols=3, lanes=2, input_bytes=4, output_bytes=4)
    return builder.graph(builder.dense(x, 7)), config


def narrow_lanes() -> tuple[Graph, EngineConfig]:
    """Nothing but operations on single channels, of few bits, in groups of lanes."""
    builder = IntegerBuilder((6, 5, 4), seed=3, bits=5)
    x = builder.depthwise("x", kernel=(3, 3), pads=(1, 1, 1, 1))
    x = builder.max_pool(x, kernel=(2, 2), stride=(2, 1))
    config = EngineConfig(
        rows=2, cols=4, lanes=3, lane_groups=2, input_bytes=1, output_bytes=2, multiplier_stages=2
    )
    return builder.graph(builder.depthwise(x, kernel=(2, 2), dilation=(1, 2))), config


PROGRAMS = (dense_alone, padded_convolutions, narrow_lanes)

"""A machine with nothing optional, as a variant that can be given more."""

from __future__ import annotations

from functools import cache

from integer_graphs import IntegerBuilder

from nnhw.machine import EngineConfig, Variant
from nnhw.mapping import map_graph

CONFIG = EngineConfig(
    rows=5,
    cols=4,
    lanes=2,
    input_bytes=8,
    frame_buffers=1,
    multiplier_stages=2,
    tree_levels_per_stage=2,
    scale_stages=3,
)
BANKS = 8


@cache
def plain() -> Variant:
    """Two dense layers of one tile each; all addresses are multiples of the banks."""
    builder = IntegerBuilder((1, 1, 5), seed=1)
    program = map_graph(builder.graph(builder.dense("x", 4)), CONFIG)
    variant = Variant(machine=program.machine, image=program.image)
    instructions = variant.image.instructions
    variant = variant.with_instructions({kind: some * 2 for kind, some in instructions.items()})
    variant = variant.with_limits(read_granularity=BANKS, write_granularity=BANKS, depth=6)
    variant = variant.with_widths(activation=7, weight=3, bias=9, accumulator=16, multiplier=0)
    return variant.with_datapath(shifts=(4,), weight_words=11, parameter_words=13)

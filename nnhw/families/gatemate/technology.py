"""Cologne Chip GateMate: all cells are left to the synthesizer.

The device has no multipliers: Yosys makes them of its cells for arithmetic (CC_MULT), and memories
are its blocks (CC_BRAM_20K, CC_BRAM_40K).
"""

from __future__ import annotations

from amaranth.hdl import Module, Value

from ...hdl.technology import Technology
from ...hdl.technology.blocks import BlockShape
from ...hdl.technology.device import DeviceTechnology


class GateMate(DeviceTechnology):
    """Cologne Chip GateMate; portable but for the depths of its pipelines."""

    expected_shapes = (
        BlockShape(512, 40),
        BlockShape(1024, 20),
        BlockShape(2048, 10),
        BlockShape(4096, 5),
        BlockShape(8192, 2),
        BlockShape(16384, 1),
    )

    def multiply(self, m: Module, a: Value, b: Value, *, stages: int, name: str) -> Value:
        """See `Technology`. Portable."""
        return Technology.multiply(self, m, a, b, stages=stages, name=name)


TECHNOLOGY = GateMate

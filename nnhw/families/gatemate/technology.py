"""Cologne Chip GateMate: all cells are left to the synthesizer.

The device has no multipliers: Yosys makes them of its cells for arithmetic (CC_MULT), and memories
are its blocks (CC_BRAM_20K, CC_BRAM_40K).
"""

from __future__ import annotations

from ...hdl.technology import Technology


class GateMate(Technology):
    """Cologne Chip GateMate; portable but for the depths of its pipelines."""


TECHNOLOGY = GateMate

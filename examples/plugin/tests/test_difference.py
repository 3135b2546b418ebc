"""The component of the example by itself, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.sim import Simulator
from nnhw_example.distance.engine import Difference


@pytest.mark.parametrize("width", [2, 9, 24])
def test_difference(width: int) -> None:
    """All corners, and random values of the full range; a cycle later."""
    lo, hi = -(1 << (width - 1)), (1 << (width - 1)) - 1
    rng = np.random.default_rng(width)
    corners = [(a, b) for a in (lo, -1, 0, 1, hi) for b in (lo, -1, 0, 1, hi)]
    pairs = np.array(corners + [tuple(rng.integers(lo, hi, 2, endpoint=True)) for _ in range(200)])
    unit = Difference(width=width)
    found = []

    async def bench(ctx):
        for a, b in pairs.tolist():
            ctx.set(unit.first, a)
            ctx.set(unit.second, b)
            await ctx.tick().repeat(unit.latency)
            found.append(ctx.get(unit.combined))

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert found == np.abs(pairs[:, 0] - pairs[:, 1]).tolist()

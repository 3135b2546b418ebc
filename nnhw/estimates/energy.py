"""What an inference takes of energy, by its operations and accesses to memories.

Silicon: M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014, figure
1.1.9: rough costs of operations in a 45 nm process at 0.9 V.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..mapping import MemoryTraffic, Program, count_traffic

_PRODUCT_PJ = 0.2 / (8 * 8)
"""Of a bit of each factor: a product of 8 bits takes 0.2 pJ."""
_SUM_PJ = 0.1 / 32
"""Of a bit: a sum of 32 bits takes 0.1 pJ."""
_ACCESS_PJ = ((8 << 13, 10 / 64), (32 << 13, 20 / 64), (1 << 23, 100 / 64))
"""Of a bit of a word, by the bits of the memory: 8 KiB, 32 KiB and 1 MiB, 64 bits at a time."""
LIKELY_FACTOR = 17
"""How many times the products' and sums' energy the cells of a whole accelerator take: digits_cnn
with 16 multipliers takes 82 pJ a multiply-accumulate in an open 180 nm process at 1.8 V
(benchmarks/results/asic.md), which are 5.1 pJ in 45 nm at 0.9 V, as C V^2 goes."""


@dataclass(frozen=True, kw_only=True)
class EnergyEstimate:
    """Energy of an inference in silicon of 45 nm: what its operations and its memories take at
    least.

    Registers, control, clock and wires are not in it; they may take `LIKELY_FACTOR` times what
    products and sums do.

    Parameters
    ----------
    arithmetic_nj
        Of products and sums of the network by definition; one with a weight in slices counts twice.
    memories_nj
        Of each memory, by name.
    """

    arithmetic_nj: float
    memories_nj: dict[str, float]

    @property
    def total_nj(self) -> float:
        """All, at least."""
        return self.arithmetic_nj + sum(self.memories_nj.values())

    @property
    def likely_nj(self) -> float:
        """With cells as they are where a design was simulated."""
        return LIKELY_FACTOR * self.arithmetic_nj + sum(self.memories_nj.values())


def estimate_energy(program: Program) -> EnergyEstimate:
    """Energy of an inference in silicon."""
    widths = program.machine.datapath.widths
    mac_pj = _PRODUCT_PJ * widths.weight * widths.activation + _SUM_PJ * widths.accumulator
    return EnergyEstimate(
        arithmetic_nj=_rounded(_products(program) * mac_pj / 1000),
        memories_nj={
            traffic.name: _rounded(_access_pj(traffic) / 1000) for traffic in count_traffic(program)
        },
    )


def _products(program: Program) -> int:
    lane_slices = program.config.lane_slices
    return sum(
        layer.macs * (layer.weights.slices if layer.is_dense else lane_slices)
        for layer in program.layers
    )


def access_pj(bits: int) -> float:
    """Of a bit that is read from or written to a memory of so many bits: on the line through the
    nearest two of the table in logarithms; below the smallest one, as that."""
    low, high = _ACCESS_PJ[:2] if bits <= _ACCESS_PJ[1][0] else _ACCESS_PJ[1:]
    share = math.log(max(bits, _ACCESS_PJ[0][0]) / low[0]) / math.log(high[0] / low[0])
    return low[1] * (high[1] / low[1]) ** share


def _access_pj(traffic: MemoryTraffic) -> float:
    return (traffic.read_bits + traffic.written_bits) * access_pj(traffic.bits)


def _rounded(nanojoules: float) -> float:
    """As many digits as mean something."""
    return float(f"{nanojoules:.3g}")

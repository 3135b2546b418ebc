"""Energy by operations and accesses to memories."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnhw.estimates import EnergyEstimate, estimate_energy
from nnhw.estimates.energy import access_pj
from nnhw.ir import load_graph
from nnhw.mapping import count_traffic
from nnhw.options import BuildOptions
from nnhw.placement import place

NETWORK = Path(__file__).parents[1] / "designs" / "digits_mlp.npz"


@pytest.mark.parametrize(
    ("kib", "pj"), [(1, 10 / 64), (8, 10 / 64), (32, 20 / 64), (1024, 100 / 64)]
)
def test_accesses_as_in_the_table(kib, pj):
    assert access_pj(kib << 13) == pytest.approx(pj)


def test_accesses_between():
    assert 10 / 64 < access_pj(16 << 13) < 20 / 64 < access_pj(200 << 13) < 100 / 64
    assert access_pj(4096 << 13) > 100 / 64


def test_every_product_and_every_memory_counts():
    program = place(load_graph(NETWORK), BuildOptions(macs=4)).program
    energy = estimate_energy(program)
    widths = program.machine.datapath.widths
    # a product of 8 bits takes 0.2 pJ, a sum of 32 bits 0.1 pJ
    assert (widths.weight, widths.activation) == (8, 8)
    mac = 0.2 + 0.1 * widths.accumulator / 32
    assert energy.arithmetic_nj == pytest.approx(program.macs * mac / 1000, rel=0.01)
    assert energy.memories_nj.keys() == {traffic.name for traffic in count_traffic(program)}
    (weights,) = (t for t in count_traffic(program) if t.name == "weights")
    expected = weights.read_bits * access_pj(weights.bits) / 1000
    assert energy.memories_nj["weights"] == pytest.approx(expected, rel=0.01)


def test_products_of_weights_in_slices_count_twice():
    options = BuildOptions(rows=2, cols=2, slice_weights="on")
    program = place(load_graph(NETWORK), options).program
    widths = program.machine.datapath.widths
    assert widths.weight == 5
    mac = 0.2 * 5 / 8 + 0.1 * widths.accumulator / 32
    energy = estimate_energy(program)
    assert energy.arithmetic_nj == pytest.approx(2 * program.macs * mac / 1000, rel=0.01)


def test_sums():
    energy = EnergyEstimate(arithmetic_nj=2.0, memories_nj={"a": 3.0, "b": 5.0})
    assert energy.total_nj == 10
    assert energy.likely_nj == 2 * 17 + 8

"""Networks whose weights have several widths, from the file to simulated Verilog."""

from __future__ import annotations

from pathlib import Path

import pytest

from nnhw.options import BuildOptions
from nnhw.pipeline import build
from nnhw.placement import place

EXAMPLES = Path(__file__).parents[1] / "examples"
MODEL, DATA = EXAMPLES / "digits_cnn.onnx", EXAMPLES / "digits.npz"
WIDE = {"/body/body.0/Conv": 8, "/body/body.9/Gemm": 8}


@pytest.fixture(scope="module")
def graph():
    return build(MODEL, data=DATA, stop="trim", weight_bits=4, bits=WIDE).state.graph


def test_hardware_equals_the_golden_model(tmp_path):
    """With two products a multiplier cell."""
    options = {"weight_bits": 4, "bits": WIDE, "target": "ecp5-25k", "slice_weights": "on"}
    result = build(MODEL, data=DATA, out=tmp_path / "design", rows=4, cols=4, vectors=2, **options)
    assert result.report.verification.passed
    fit = {row.name: row.kept for row in result.report.fits}
    assert (fit["weights"], fit["joined columns"]) == ("5 bits", "yes")
    assert result.report.device.added_products == 0


def test_the_smallest_array_has_slices_where_that_is_smaller(graph):
    asked = BuildOptions(target="ecp5-25k", fps=20000)
    small = place(graph, asked)
    assert small.engine.column_slices == 2
    whole = place(graph, asked.replace(slice_weights="off"))
    assert whole.engine.column_slices == 1
    assert small.device.multipliers < whole.device.multipliers
    assert small.device.block_rams < whole.device.block_rams


@pytest.mark.slow
def test_the_fastest_array_has_slices_where_that_is_faster(graph):
    asked = BuildOptions(target="ecp5-25k")
    fast = place(graph, asked)
    whole = place(graph, asked.replace(slice_weights="off"))
    assert (fast.engine.column_slices, whole.engine.column_slices) == (2, 1)
    assert fast.cycles.interval_cycles < whole.cycles.interval_cycles


def test_arrays_of_a_size_have_slices_only_if_told(graph):
    for slicing, slices in (("auto", 1), ("off", 1), ("on", 2)):
        options = BuildOptions(target="ecp5-25k", macs=16, slice_weights=slicing)
        assert place(graph, options).engine.column_slices == slices

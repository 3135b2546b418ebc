"""Ranges and noise as bars: to scale, and in words."""

import dataclasses
from xml.etree import ElementTree

import pytest
from test_report import LAYERS

from nnhw.report.range_plot import range_rows

LAYER = dataclasses.replace(
    LAYERS[0], act_bits=8, represented=(-1.0, 3.0), seen=(-2.0, 2.0), cut_off=1.5, sqnr_db=30.0,
    own_sqnr_db=45.0,
)  # fmt: skip


def bars(svg) -> dict[str, tuple[float, float]]:
    return {
        bar.get("class"): (float(bar.get("x")), float(bar.get("width")))
        for bar in ElementTree.fromstring(svg).iter("rect")
    }


def test_ranges_are_to_scale():
    (row,) = range_rows([LAYER])
    assert bars(row.range_bar) == {"represented": (200.0, 800.0), "seen": (0.0, 800.0)}
    assert 'class="zero" d="M400.0 ' in row.range_bar
    assert row.ranges == "8 bits for -1 to 3, seen -2 to 2, 1.5% cut off"


def test_noise_is_to_scale():
    (row,) = range_rows([LAYER])
    assert bars(row.noise_bar) == {"sqnr": (0.0, 500.0)}
    assert 'class="own" d="M750.0 ' in row.noise_bar
    assert row.noise == "30.0 dB, own 45.0 dB"


@pytest.mark.parametrize("ratio", [-5.0, 90.0])
def test_noise_beyond_the_scale_keeps_to_its_frame(ratio):
    (row,) = range_rows([dataclasses.replace(LAYER, sqnr_db=ratio, own_sqnr_db=ratio)])
    left, width = bars(row.noise_bar)["sqnr"]
    assert left == 0
    assert 0 <= width <= 1000


def test_what_was_not_measured_is_not_drawn():
    bare = dataclasses.replace(LAYER, represented=None, seen=None, sqnr_db=None, own_sqnr_db=None)
    (row,) = range_rows([bare])
    assert (row.range_bar, row.noise_bar, row.noise) == (None, None, "")
    (row,) = range_rows([dataclasses.replace(LAYER, seen=None, cut_off=None)])
    assert row.ranges == "8 bits for -1 to 3"

"""Tables of memories, streams and energy."""

from __future__ import annotations

import dataclasses

import pytest
from test_report import REPORT, terminal

from nnhw.estimates import EnergyEstimate
from nnhw.mapping import MemoryTraffic
from nnhw.report import render_html
from nnhw.report.demand import comparison_rows, external_memory, traffic_rows

ASKING = dataclasses.replace(
    REPORT,
    traffic=(
        MemoryTraffic(name="weights", bits=36864, read_bits=737280, written_bits=0),
        MemoryTraffic(name="frame_buffer", bits=1024, read_bits=8192, written_bits=512),
    ),
    input_bytes=64,
    output_bytes=10,
    energy=EnergyEstimate(arithmetic_nj=20.0, memories_nj={"weights": 100.0}),
)
"""At 50 MHz and 1,500 cycles a frame: 33,333 frames a second."""


def test_bytes_a_second():
    rows = dict(traffic_rows(ASKING))
    assert rows["weights memory"] == ("4.5 KiB", "90.0 KiB", "-", "3.07 GB/s")
    assert rows["frame buffer memory"] == ("128 B", "1.0 KiB", "64 B", "36.3 MB/s")
    assert rows["input stream"][-1] == "2.13 MB/s"
    assert rows["output stream"][-1] == "333 kB/s"
    assert "for 154 MB/s if each were fetched once a frame, for 3.07 GB/s" in external_memory(
        ASKING
    )


def test_energy_beside_others():
    rows = dict(comparison_rows(ASKING))
    own = rows["this design in silicon of 45 nm"]
    assert own[0] == "120 nJ to 440 nJ"
    # 440 nJ a million million times is 440 kJ, or 0.122 kWh
    assert own[1] == "$0.005 to $0.018"
    (gpu,) = (figures for name, figures in rows.items() if name.startswith("GPU"))
    assert gpu[0] == "125 nJ"
    assert all(figures[-1] for figures in rows.values())


@pytest.mark.parametrize("show", [terminal, render_html])
def test_where_they_are_shown(show):
    shown = show(ASKING)
    assert "3.07 GB/s" in shown
    assert "120 nJ" in shown
    without = show(REPORT)
    assert "GB/s" not in without

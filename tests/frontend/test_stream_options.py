"""Whole builds with options of the streams: every frame under random pauses, in the simulator.

The testbench drives cocotbext-axi's source and sink, compares every frame with the golden model's,
tkeep and tuser included, and asserts in every cycle that no offered beat changes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx_models import save
from port_models import PORT_CASES

from nnhw import build
from nnhw.pipeline import BuildResult

EXAMPLES = Path(__file__).parents[2] / "examples"
EXTREME_FRAMES = 3

ALL = {"keep": True, "tag_bits": 12, "clocks": "two"}

OPTIONS = {
    "bytes": {"stream_bytes": (1, 1), "keep": True},
    "wide": {"stream_bytes": (16, 16), **ALL},
    "keep": {"stream_bytes": (4, 8), "keep": True, "frame_check": True},
    "tags": {"stream_bytes": (2, 1), "tag_bits": 1},
    "idle": {"stream_bytes": (2, 2), "idle": True},
    "two-clocks": {"stream_bytes": (8, 2), "clocks": "two"},
    "bus": {"bus": "apb"},
    "bus-all": {"bus": "axi-lite", "stream_bytes": (4, 4), "keep": True, "tag_bits": 4},
    "bus-two-clocks": {"idle": True, "bus": "wishbone", "stream_bytes": (2, 4), **ALL},
    "mapped": {"bus": "axi-lite", "io": "mapped", "reset": "active-low"},
    "dma": {"bus": "wishbone", "io": "dma", "memory_data_bits": 64, "memory_address_bits": 64},
    "all": {"stream_bytes": (4, 4), "reset": "active-low", **ALL},
    "dma-two-clocks": {"bus": "apb", "io": "dma", "clocks": "two", "idle": True},
}
SLOW = {"dma-two-clocks"}


def check(result: BuildResult, frames: int, *, io: str = "stream") -> None:
    verification = result.report.verification
    assert verification.passed
    assert verification.frames == frames + EXTREME_FRAMES
    report = result.report
    cycles = (report.latency_cycles, report.interval_cycles)
    if io == "mapped":  # the output has no room in its window, and a bus is slow
        cycles = (None, None)
    elif io == "dma":  # frames come one at a time
        cycles = (report.latency_cycles, None)
    assert (verification.latency_cycles, verification.interval_cycles) == cycles


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in OPTIONS],
)
def test_several_inputs_and_outputs(name, tmp_path):
    if "bus" in OPTIONS[name]:
        pytest.importorskip("systemrdl")
    case = PORT_CASES["an_input_passed_through"]
    result = build(
        save(case.model(), tmp_path),
        data=case.data(20),
        out=tmp_path / "design",
        rows=3,
        cols=4,
        vectors=6,
        **OPTIONS[name],
    )
    check(result, 6, io=OPTIONS[name].get("io", "stream"))


@pytest.mark.slow
def test_a_thousand_frames(tmp_path):
    x = np.load(EXAMPLES / "digits.npz")["x"]
    result = build(
        EXAMPLES / "digits_cnn.onnx",
        data=np.concatenate([x, x[..., ::-1]]),
        out=tmp_path / "design",
        vectors=1000,
        stream_bytes=(4, 2),
        **ALL,
    )
    check(result, 1000)

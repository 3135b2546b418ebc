"""Bus masters, sources and sinks that others have written, on exported designs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from run_cocotb import run_cocotb

from nnhw import build
from nnhw.options import BUSES

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@pytest.mark.slow
@pytest.mark.parametrize("bus", BUSES)
def test_accesses_while_frames_go_through(bus, tmp_path):
    """10,000 random accesses and 1,000 frames, with pauses on all sides."""
    pytest.importorskip("systemrdl")
    pytest.importorskip("cocotbext.apb")
    pytest.importorskip("cocotbext.wishbone")
    out = tmp_path / "design"
    build(
        EXAMPLES / "digits_cnn.onnx",
        data=EXAMPLES / "digits.npz",
        out=out,
        macs=128,
        bus=bus,
        sim=False,
    )
    described: dict[str, object] = {}
    exec((out / "drivers" / "python" / "nnhw_registers.py").read_text(), described)
    addresses = next(
        value
        for value in described.values()
        if isinstance(value, dict) and "control.scratch" in value
    )
    settings = {
        "bus": bus,
        "accesses": 10_000,
        "frames": 1000,
        "vectors": str(out / "sim" / "vectors.npz"),
        "scratch": addresses["control.scratch"],
        "magic": [addresses["identification.magic"], described["MAGIC"]],
        "delivered": addresses["counters.frames_delivered_low"],
    }
    folder = tmp_path / "sim"
    folder.mkdir()
    run_cocotb(
        "cocotbext_bench",
        "digits_cnn",
        [out / "rtl" / "digits_cnn.v"],
        folder,
        build_args=["-Wno-fatal"],
        environment={
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(ROOT)]),
            "BENCH": json.dumps(settings),
        },
        tests=["masters_and_streams"],
    )

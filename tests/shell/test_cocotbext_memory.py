"""A memory and a bus master that others have written, on exported designs with a bus to memory."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from run_cocotb import run_cocotb

from nnhw import build

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "frontend"))
from onnx_models import save  # noqa: E402
from port_models import PORT_CASES  # noqa: E402


@pytest.mark.slow
@pytest.mark.parametrize(("data_bits", "address_bits", "lists"), [(32, 32, 40), (64, 64, 40)])
def test_frames_at_random_places(data_bits, address_bits, lists, tmp_path):
    """Several inputs and outputs, lists of frames, errors of memory and aborts."""
    pytest.importorskip("systemrdl")
    case = PORT_CASES["an_input_passed_through"]
    out = tmp_path / "design"
    result = build(
        save(case.model(), tmp_path),
        data=case.data(20),
        out=out,
        rows=3,
        cols=4,
        vectors=12,
        bus="axi-lite",
        io="dma",
        memory_data_bits=data_bits,
        memory_address_bits=address_bits,
        sim=False,
    )
    described: dict[str, object] = {}
    exec((out / "drivers" / "python" / "nnhw_registers.py").read_text(), described)
    manifest = result.manifest
    settings = {
        "seed": f"{data_bits} {address_bits}",
        "word_bytes": data_bits // 8,
        "base": 0x40000000 if address_bits == 32 else 0x12_3000_0000,
        "lists": lists,
        "frames": 5,
        "vectors": str(out / "sim" / "vectors.npz"),
        "addresses": described["ADDRESSES"],
        "latency": manifest["latency_cycles"],
        "abort_cycles": 4 * manifest["latency_cycles"],
        **{
            side: [(port["offset"], port["bytes"]) for port in manifest[side]]
            for side in ("inputs", "outputs")
        },
    }
    folder = tmp_path / "sim"
    folder.mkdir()
    run_cocotb(
        "cocotbext_memory",
        manifest["top"],
        [out / source for source in manifest["sources"]],
        folder,
        build_args=["-Wno-fatal"],
        environment={
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(ROOT)]),
            "BENCH": json.dumps(settings),
        },
        tests=["frames_and_faults"],
    )

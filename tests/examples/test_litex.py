"""The LiteX example: a system is generated, and a frame goes through it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from integer_graphs import IntegerBuilder

import nnhw
from nnhw.export import export_design
from nnhw.mapping import EngineConfig, map_graph, predict_cycles
from nnhw.shell import ShellConfig
from nnhw.vectors import make_vectors

EXAMPLE = Path(__file__).parents[2] / "examples" / "litex"
DIGITS = EXAMPLE.parent / "digits.npz"


def export(folder: Path, config: EngineConfig, shell: ShellConfig) -> Path:
    builder = IntegerBuilder((1, 1, 12), seed=5)
    graph = builder.graph(builder.dense("x", 10))
    program = map_graph(graph, config)
    (folder / "sim").mkdir(parents=True)
    export_design(graph, program, predict_cycles(program), folder, model_sha256="", shell=shell)
    vectors = make_vectors(
        graph,
        builder.frames(1),
        [layer.tensor for layer in program.layers],
        input_bytes=config.input_bytes,
        output_bytes=config.output_bytes,
    )
    vectors.save(folder / "sim" / "vectors.npz")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "shell"),
    [
        ({"input_bytes": 8, "output_bytes": 8}, {}),
        ({"input_bytes": 2, "output_bytes": 1, "frame_check": True}, {"reset": "active-low"}),
        ({"input_bytes": 4, "output_bytes": 4, "frame_check": True}, {"bus": "wishbone"}),
    ],
)
def test_a_frame_goes_through_the_system(config, shell, tmp_path):
    """Registers, if there are any, are left alone."""
    pytest.importorskip("litex")
    if "bus" in shell:
        pytest.importorskip("systemrdl")
    engine = EngineConfig(rows=4, cols=2, **config)
    folder = export(tmp_path / "net", engine, ShellConfig(**shell))
    command = [sys.executable, "-W", "ignore", EXAMPLE / "system.py", folder]
    command += ["--out", tmp_path / "system"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    expected, received = (line.split()[1:] for line in done.stdout.splitlines()[-2:])
    assert expected == received
    beat = json.loads((folder / "manifest.json").read_text())["output"]["stream_bytes"]
    assert len(expected) == -(-10 // beat) * beat
    with np.load(folder / "sim" / "vectors.npz") as vectors:
        assert bytes.fromhex("".join(expected))[:10] == vectors["output"][0].tobytes()


@pytest.fixture(scope="module")
def on_the_bus(tmp_path_factory):
    """digits_cnn, whose registers and windows are on a Wishbone bus."""
    pytest.importorskip("systemrdl")
    folder = tmp_path_factory.mktemp("litex") / "digits_cnn"
    options = {"macs": 16, "bus": "wishbone", "io": "mapped", "sim": False}
    nnhw.build(EXAMPLE.parent / "digits_cnn.onnx", data=DIGITS, out=folder, **options)
    return folder


def run_processor(design: Path, out: Path, *more: str) -> subprocess.CompletedProcess:
    """The example's system with a processor, as a program."""
    command = [sys.executable, "-W", "ignore", EXAMPLE / "processor.py", design, "--data", DIGITS]
    return subprocess.run(
        [*command, "--out", out, *more], cwd=out.parent, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["gcc", "zig"])
def test_a_processor_classifies_digits(compiler, on_the_bus, tmp_path):
    """Over the registers on the bus; the firmware waits for the interrupt of each frame."""
    pytest.importorskip("litex")
    pytest.importorskip("pythondata_cpu_vexriscv")
    done = run_processor(on_the_bus, tmp_path / "out", "--compiler", compiler, "--count", "4")
    if "The compiler is missing" in done.stderr:
        pytest.skip(f"The compiler for RISC-V is missing: {compiler}")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(",")[0] for line in lines[:2]] == ["digit 0 is a 7", "digit 1 is a 5"]
    assert lines[4:] == ["equal to the golden model"]


def test_designs_without_windows_are_refused(tmp_path):
    """Before anything is compiled."""
    pytest.importorskip("litex")
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "manifest.json").write_text('{"shell": {"bus": null, "io": "stream"}}')
    done = run_processor(tmp_path / "net", tmp_path / "out")
    assert done.returncode == 1
    assert "--bus wishbone --io mapped" in done.stderr
    assert not (tmp_path / "out").exists()

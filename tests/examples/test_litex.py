"""The LiteX example: a system is generated, and a frame goes through it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from integer_graphs import IntegerBuilder

from nnhw.export import export_design
from nnhw.mapping import EngineConfig, map_graph, predict_cycles
from nnhw.shell import ShellConfig
from nnhw.vectors import make_vectors

EXAMPLE = Path(__file__).parents[2] / "examples" / "litex"


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
    ("config", "reset"),
    [
        ({"input_bytes": 8, "output_bytes": 8}, "active-high"),
        ({"input_bytes": 2, "output_bytes": 1, "frame_check": True}, "active-low"),
    ],
)
def test_a_frame_goes_through_the_system(config, reset, tmp_path):
    pytest.importorskip("litex")
    engine = EngineConfig(rows=4, cols=2, **config)
    folder = export(tmp_path / "net", engine, ShellConfig(reset=reset))
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

"""`nnhw run --port`: a board at the other end of a real serial port of this computer."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from software_board import SoftwareBoard
from typer.testing import CliRunner

import nnhw
from nnhw.cli import app
from nnhw.design import read_design
from nnhw.errors import LinkError
from nnhw.golden import run
from nnhw.ir import Batch, frame_layout, load_graph
from nnhw.link import LinkedDesign, link_design

pytest.importorskip("serial")

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def design(tmp_path_factory) -> Path:
    """A small exported design."""
    folder = tmp_path_factory.mktemp("board") / "digits_mlp"
    nnhw.build(
        EXAMPLES / "digits_mlp.onnx",
        data=EXAMPLES / "digits.npz",
        out=folder,
        macs=8,
        sim=False,
    )
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Some samples with labels."""
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    with np.load(EXAMPLES / "digits.npz") as arrays:
        np.savez(path, x=arrays["x"][:30], y=arrays["y"][:30])
    return path


def make_board(folder: Path, linked: LinkedDesign) -> SoftwareBoard:
    """A board that computes what the design's golden model says."""
    graph = load_graph(folder / "golden.npz")
    inputs = frame_layout(graph, graph.inputs, linked.input_beat_bytes)
    outputs = frame_layout(graph, graph.outputs, linked.output_beat_bytes)

    def answer(frame: bytes) -> bytes:
        octets = np.frombuffer(frame[: inputs.size], np.uint8)[np.newaxis]
        arrays = {
            name: part.copy()
            .view(graph.tensors[name].q.dtype)
            .reshape(1, *graph.tensors[name].shape)
            for name, part in inputs.unpack(octets).items()
        }
        packed = outputs.pack(run(graph, Batch(arrays)))
        return packed.tobytes().ljust(linked.output_bytes, b"\0")

    return SoftwareBoard(linked.digest, linked.input_bytes, answer)


@pytest.fixture
def port(design) -> Iterator[tuple[str, SoftwareBoard]]:
    """Name of a serial port, and the board behind it."""
    board = make_board(design, link_design(read_design(design)))
    master, slave = os.openpty()

    def serve() -> None:
        while octets := os.read(master, 4096):
            if octets == b"stop":
                return
            os.write(master, board.handle(octets))

    thread = threading.Thread(target=serve)
    thread.start()
    yield os.ttyname(slave), board
    os.write(slave, b"stop")
    thread.join()
    os.close(slave)
    os.close(master)


def test_gives_what_the_golden_model_gives(design, data, port):
    name, board = port
    golden = nnhw.run_design(design, data)
    done = []
    result = nnhw.run_design(design, data, port=name, progress=lambda *step: done.append(step))
    assert result.top1 == golden.top1
    assert result.samples == 30
    assert result.outputs.keys() == golden.outputs.keys()
    for output, values in golden.outputs.items():
        np.testing.assert_array_equal(result.outputs[output], values)
    assert len(board.frames) == 30
    assert done == [(number, 30) for number in range(1, 31)]
    assert (golden.link, result.link.requests, result.link.repeats) == (None, 31, 0)


def test_command(design, data, port, tmp_path):
    out = tmp_path / "y.npz"
    arguments = ["run", str(design), "--data", str(data), "--port", port[0], "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "30 samples" in result.output
    assert "top-1 accuracy" in result.output
    with np.load(out) as arrays:
        assert arrays["y"].shape[0] == 30


def test_other_design_on_the_board(design, data, port):
    name, board = port
    board._digest = bytes(16)
    with pytest.raises(LinkError, match="another design, and not of 'digits_mlp'"):
        nnhw.run_design(design, data, port=name)
    assert board.frames == []


def test_no_board(design, data):
    with pytest.raises(LinkError, match="/dev/nonesuch cannot be opened"):
        nnhw.run_design(design, data, port="/dev/nonesuch")

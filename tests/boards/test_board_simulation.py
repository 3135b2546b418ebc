"""Whole board tops in Verilator, through their serial pins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from board_simulation import simulate_board

import nnhw
from nnhw.boards import BoardTop, find_board, plan_timing
from nnhw.data import load_data
from nnhw.design import read_design
from nnhw.golden import quantize_inputs, run
from nnhw.ir import FrameLayout, frame_layout, load_graph
from nnhw.link import DIGEST_BYTES, LinkedDesign, link_design

EXAMPLES = Path(__file__).parents[2] / "examples"

STANDIN = LinkedDesign(
    reset="rst",
    name="standin",
    sources=(Path(__file__).with_name("standin_accelerator.v"),),
    digest=bytes(range(DIGEST_BYTES)),
    input_beat_bytes=4,
    input_bytes=8,
    output_beat_bytes=2,
    output_bytes=4,
)


def test_protocol_on_a_board(tmp_path):
    """With a stand-in for the accelerator: a clean line, a noisy one, and damaged frames."""
    board = find_board("ulx3s-85f")
    timing = plan_timing(board, clock_hz=50_000_000, baud=6_250_000)
    assert timing.divisor == 8
    top = BoardTop(board=board, design=STANDIN, timing=timing)
    frames = np.random.default_rng(0).integers(0, 256, (12, 8), np.uint8)
    simulate_board(
        top,
        tmp_path,
        frames=frames,
        answers=frames[:, :4] + frames[:, 4:],
        latency=110,
        tests=["clean_session", "noisy_session", "damaged_frames"],
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "macs", "clock_hz"), [("ulx3s-85f", 64, 50_000_000), ("icebreaker", 4, 24_000_000)]
)
def test_digits_on_a_board(tmp_path, name, macs, clock_hz):
    """A whole accelerator classifies 20 digits exactly as the golden model, on any line."""
    data = EXAMPLES / "digits.npz"
    folder = tmp_path / "digits_cnn"
    built = nnhw.build(EXAMPLES / "digits_cnn.onnx", data=data, out=folder, macs=macs, sim=False)
    design = link_design(read_design(folder))
    graph = load_graph(folder / "golden.npz")
    q = quantize_inputs(graph, load_data(data, graph).x[:20])
    inputs = frame_layout(graph, graph.inputs, design.input_beat_bytes)
    outputs = frame_layout(graph, graph.outputs, design.output_beat_bytes)
    board = find_board(name)
    timing = plan_timing(board, clock_hz=clock_hz, baud=clock_hz // 8)
    top = BoardTop(board=board, design=design, timing=timing)
    simulate_board(
        top,
        tmp_path,
        frames=_in_beats(inputs, inputs.pack(q.arrays)),
        answers=_in_beats(outputs, outputs.pack(run(graph, q))),
        latency=built.report.latency_cycles,
        tests=["clean_session", "noisy_session", "damaged_frames"],
    )


def _in_beats(layout: FrameLayout, frames: np.ndarray) -> np.ndarray:
    """Frames with all lanes of their last beats."""
    unused = layout.beats * layout.beat_bytes - layout.size
    return np.pad(frames, ((0, 0), (0, unused)))

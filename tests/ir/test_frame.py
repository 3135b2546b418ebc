"""Tensors of a frame, and samples for all inputs."""

from __future__ import annotations

import numpy as np
import pytest
from random_graphs import Builder

from nnhw.ir import Batch, FrameLayout, as_batch


def test_each_tensor_begins_with_a_new_beat():
    layout = FrameLayout(sizes={"a": 5, "b": 8, "c": 1}, beat_bytes=4)
    assert layout.offsets == {"a": 0, "b": 8, "c": 16}
    assert (layout.beats, layout.size, layout.beats_of("a")) == (5, 17, 2)


def test_frames_are_packed_with_zeros_between():
    layout = FrameLayout(sizes={"a": 3, "b": 2}, beat_bytes=4)
    arrays = {"b": np.array([[[-1], [5]]], np.int8), "a": np.array([[[1, 2, 3]]], np.int8)}
    frames = layout.pack(arrays)
    assert frames.tolist() == [[1, 2, 3, 0, 255, 5]]
    assert {name: part.tolist() for name, part in layout.unpack(frames).items()} == {
        "a": [[1, 2, 3]],
        "b": [[255, 5]],
    }


def test_batch_is_cut_and_mapped():
    batch = Batch({"a": np.arange(6).reshape(3, 2), "b": np.arange(3)})
    assert len(batch) == 3
    assert batch[1:].arrays["a"].tolist() == [[2, 3], [4, 5]]
    assert batch[np.array([True, False, True])].arrays["b"].tolist() == [0, 2]
    assert batch.map(lambda name, x: x if name == "a" else -x).arrays["b"].tolist() == [0, -1, -2]


@pytest.mark.parametrize("arrays", [{}, {"a": np.zeros(2), "b": np.zeros(3)}])
def test_batch_wrong(arrays):
    with pytest.raises(ValueError, match="^Arrays must hold the same number of samples"):
        Batch(arrays)


def test_one_array_stands_for_an_only_input():
    builder = Builder((2, 3, 4))
    graph = builder.graph(builder.dense("x", 2))
    x = np.zeros((5, 2, 3, 4))
    assert as_batch(graph, x).arrays["x"] is x
    for wrong in (x[0], Batch({"z": x}), Batch({"x": x, "z": x})):
        with pytest.raises(ValueError, match="^(Input 'x' takes|Graph 'net' has inputs)"):
            as_batch(graph, wrong)

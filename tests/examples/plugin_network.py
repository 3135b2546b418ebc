"""A small network with one of each of what the example package adds; writes model and data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CHANNELS = 4


def model() -> onnx.ModelProto:
    """|blend(a, b) - |a - b||, of two convolutions a and b, between convolutions."""
    rng = np.random.default_rng(0)
    shapes = {"wa": (CHANNELS, 3, 3, 3), "wb": (CHANNELS, 3, 1, 1), "wy": (2, CHANNELS, 6, 6)}
    weights = [
        numpy_helper.from_array((0.4 * rng.normal(size=shape)).astype(np.float32), name)
        for name, shape in shapes.items()
    ]
    example = {"domain": "org.example"}
    nodes = [
        helper.make_node("Conv", ["x", "wa"], ["a"], "conv_a", pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["x", "wb"], ["b"], "conv_b"),
        helper.make_node("Blend", ["a", "b"], ["c"], "blend", weight=0.25, **example),
        helper.make_node("Sub", ["a", "b"], ["difference"], "difference"),
        helper.make_node("Abs", ["difference"], ["d"], "matched"),
        helper.make_node("Distance", ["c", "d"], ["e"], "distance", **example),
        helper.make_node("Conv", ["e", "wy"], ["y"], "conv_y"),
    ]
    graph = helper.make_graph(
        nodes,
        "doors",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 6, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2, 1, 1])],
        weights,
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("org.example", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def samples(count: int = 60) -> np.ndarray:
    """Samples for it."""
    return np.random.default_rng(1).normal(size=(count, 3, 6, 6)).astype(np.float32)


def reference(x: np.ndarray) -> np.ndarray:
    """What it computes, written down once more."""
    weights = {w.name: numpy_helper.to_array(w).astype(float) for w in model().graph.initializer}
    padded = np.pad(x.astype(float), ((0, 0), (0, 0), (1, 1), (1, 1)))
    a = sum(
        np.einsum("ncij,oc->noij", padded[:, :, r : r + 6, s : s + 6], weights["wa"][:, :, r, s])
        for r, s in np.ndindex(3, 3)
    )
    b = np.einsum("ncij,oc->noij", x, weights["wb"][:, :, 0, 0])
    e = np.abs(0.25 * a + 0.75 * b - np.abs(a - b))
    return np.einsum("ncij,ocij->no", e, weights["wy"])


def write(folder: Path) -> None:
    """doors.onnx and x.npy."""
    onnx.save(model(), folder / "doors.onnx")
    np.save(folder / "x.npy", samples())

"""Test vectors: input frames, and what the golden model makes of them, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from .budget import need_memory, need_work
from .golden import run
from .ir import Batch, Graph, QConv, as_batch, frame_layout


@dataclass(frozen=True, kw_only=True, eq=False)
class Vectors:
    """Frames for the simulation, as bytes in stream order (channels last, see `FrameLayout`).

    Parameters
    ----------
    kinds
        What each of the N frames is: "real", "all-minimum", "all-maximum" or "random".
    input
        uint8 (N, bytes of an input frame).
    layers
        uint8 (N, results of the layer) for each layer, in order of execution.
    output
        uint8 (N, bytes of an output frame).
    """

    kinds: tuple[str, ...]
    input: np.ndarray
    layers: tuple[np.ndarray, ...]
    output: np.ndarray

    def save(self, path: str | PathLike[str]) -> None:
        """Write arrays "input", "output", "layer_0", "layer_1", ... and "kind" as .npz.

        The same vectors give the same bytes.
        """
        arrays: dict[str, Any] = {"input": self.input, "output": self.output}
        arrays |= {f"layer_{index}": data for index, data in enumerate(self.layers)}
        arrays["kind"] = np.array(self.kinds)
        with open(path, "wb") as file:
            np.savez_compressed(file, **arrays)


def make_vectors(
    graph: Graph,
    frames: Batch | np.ndarray,
    layers: Sequence[str],
    seed: int = 0,
    random: int = 1,
    *,
    input_bytes: int = 1,
    output_bytes: int = 1,
    whole: Graph | None = None,
) -> Vectors:
    """Run the golden model on real frames, the two extreme frames and random ones.

    Parameters
    ----------
    graph
        Integer graph.
    frames
        N quantized samples, N may be 0; of an only input the array (N, H, W, C).
    layers
        Name of the tensor that each layer writes, in order of execution.
    seed
        Of the random frames.
    random
        Number of random frames.
    input_bytes, output_bytes
        Bytes of a beat of the input and the output stream: each tensor begins with a new beat.
    whole
        The graph before channels were left out of it, which gives the outputs: so that a mistake
        there shows.

    Raises
    ------
    BudgetError
        If they take more memory or time than the budget allows.
    """
    frames = as_batch(graph, frames)
    _check_size(graph, layers, len(frames) + random + 2)
    rng = np.random.default_rng(seed)

    def with_corners(name: str, real: np.ndarray) -> np.ndarray:
        q, shape = graph.tensors[name].q, real.shape[1:]
        corners = (
            np.full((1, *shape), q.lo),
            np.full((1, *shape), q.hi),
            rng.integers(q.lo, q.hi, (random, *shape), endpoint=True),
        )
        return np.concatenate([real, *(corner.astype(real.dtype) for corner in corners)])

    batch = frames.map(with_corners)
    outputs = [port.tensor for port in graph.outputs]
    values = run(graph, batch, keep=layers)
    results = run(whole or graph, batch, keep=outputs)
    return Vectors(
        kinds=(*["real"] * len(frames), "all-minimum", "all-maximum", *["random"] * random),
        input=frame_layout(graph, graph.inputs, input_bytes).pack(batch.arrays),
        layers=tuple(_bytes(values[name]) for name in layers),
        output=frame_layout(graph, graph.outputs, output_bytes).pack(results),
    )


def _check_size(graph: Graph, layers: Sequence[str], count: int) -> None:
    """Refuse more frames than the budget allows, before any is made."""
    names = {*layers, *(port.tensor for port in (*graph.inputs, *graph.outputs))}
    # As they are computed, put together, in the order of the streams, and compressed.
    frame = 4 * sum(graph.tensors[name].size for name in names)
    macs = sum(
        math.prod(graph.tensors[node.output].shape[:2]) * node.weight.size * node.groups
        for node in graph.nodes
        if isinstance(node, QConv)
    )
    what = f"{count:,} test vectors (option vectors) of {frame // 4:,} bytes each"
    need_memory(what, count * (frame + _FRAME_BYTES))
    need_work(what, count * macs)


_FRAME_BYTES = 200
"""Of a frame, however small: its kind as text, and its rows in arrays."""


def _bytes(values: np.ndarray) -> np.ndarray:
    """Each sample's elements as one row of bytes, two's complement where signed."""
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)

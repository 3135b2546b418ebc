"""Runs an integer graph on a board, as the golden model runs it in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..errors import LinkError
from ..ir import Batch, Graph, frame_layout
from .client import Link
from .design import LinkedDesign


def execute_on_board(
    graph: Graph,
    q: Batch,
    design: LinkedDesign,
    link: Link,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, np.ndarray]:
    """Outputs of an integer graph for N samples, computed by the accelerator behind a link.

    Parameters
    ----------
    graph
        The design's integer graph.
    q
        N samples for each input, such as `quantize_inputs` gives.
    progress
        Called after each sample with the number of those that are done, and N.

    Returns
    -------
    dict
        (N, H, W, C) by name of the output's tensor, in its type.

    Raises
    ------
    LinkError
        If the board does not answer, or has another design.
    """
    if link.identify() != design.digest:
        raise LinkError(
            f"The board has the bitstream of another design, and not of '{design.name}' as it is in"
            " this folder: make a bitstream with 'nnhw synth --board' and load it"
        )
    packed = frame_layout(graph, graph.inputs, design.input_beat_bytes).pack(q.arrays)
    layout = frame_layout(graph, graph.outputs, design.output_beat_bytes)
    results = np.zeros((len(q), design.output_bytes), np.uint8)
    for number, frame in enumerate(packed):
        # unused lanes of the last beat are zero
        beats = frame.tobytes().ljust(design.input_bytes, b"\0")
        results[number] = np.frombuffer(link.infer(beats, design.output_bytes), np.uint8)
        if progress is not None:
            progress(number + 1, len(q))
    outputs = {}
    for name, octets in layout.unpack(results).items():
        tensor = graph.tensors[name]
        outputs[name] = (
            np.ascontiguousarray(octets).view(tensor.q.dtype).reshape(len(q), *tensor.shape)
        )
    return outputs

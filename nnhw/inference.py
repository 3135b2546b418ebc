"""Running the golden model of an exported design."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from .data import load_data, top1
from .errors import ExportError
from .golden import dequantize, quantize_input, run
from .ir import from_channels_last, load_graph

GOLDEN_FILE = "golden.npz"
"""The integer graph in an exported design."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Inference:
    """What a design makes of samples.

    Parameters
    ----------
    outputs
        float32 (N, *ONNX shape of the output without the batch axis): real values, before what
        stays with the host.
    top1
        Accuracy in per cent; None without labels.
    """

    outputs: np.ndarray
    top1: float | None

    def save(self, path: str | PathLike[str]) -> None:
        """Write the outputs as array "y" of an .npz file.

        Raises
        ------
        ExportError
            If the file cannot be written.
        """
        try:
            with open(path, "wb") as file:
                np.savez_compressed(file, y=self.outputs)
        except OSError as error:
            raise ExportError(f"Outputs cannot be written to '{path}': {error.strerror}") from error


def run_design(design: str | PathLike[str], data: str | PathLike[str]) -> Inference:
    """Run the golden model of an exported design on samples; the hardware equals it.

    Parameters
    ----------
    design
        Folder that `build` wrote.
    data
        .npz file; see `load_data`.

    Raises
    ------
    ExportError
        If the folder holds no design of this version of nnhw.
    DataError
        If the data does not fit the design.
    """
    graph = load_graph(Path(design) / GOLDEN_FILE)
    samples = load_data(Path(data), graph)
    (source,), (port,) = graph.inputs, graph.outputs
    q = run(graph, quantize_input(samples.x, graph.tensors[source.tensor].q))[port.tensor]
    outputs = from_channels_last(dequantize(q, graph.tensors[port.tensor].q), port)
    accuracy = None if samples.y is None else top1(outputs, samples.y)
    return Inference(outputs=outputs, top1=accuracy)

"""A quantizer: nnhw's own, which is not shown the samples of the largest values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnhw.ir import Batch, Graph, as_batch
from nnhw.quantize import QuantizeOptions, quantize

LEFT_OUT = 0.05
"""Share of the samples that are not looked at."""


def quantize_steadily(
    graph: Graph, calibration: Batch | np.ndarray | None, options: QuantizeOptions
) -> Graph:
    """See `nnhw.quantize.quantize`: ranges are those of all but the most extreme samples."""
    if calibration is None:
        return quantize(graph, None, options)
    batch = as_batch(graph, calibration)
    largest = np.max([np.abs(x).max(axis=(1, 2, 3)) for x in batch.arrays.values()], axis=0)
    kept = largest <= np.quantile(largest, 1 - LEFT_OUT)
    return quantize(graph, batch[kept], replace(options, calibration_method="minmax"))

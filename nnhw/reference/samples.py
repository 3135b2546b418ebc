"""Samples for a model that comes without any."""

from __future__ import annotations

from os import PathLike

import numpy as np

from ..frontend import expose_tensors
from ..ir import Batch, FakeQuantize, Graph, Reshape
from .check import SAMPLES


def random_samples(path: str | PathLike[str], network: Graph, seed: int) -> Batch:
    """As many samples as `check_reading` compares, drawn from what each input may hold.

    Of integers that is their type's range, as far as images go; of real numbers the range that
    the model's first quantization represents, or else from -1 to 1.
    """
    generator = np.random.default_rng(seed)
    dtypes = expose_tensors(path, ()).dtypes
    arrays = {}
    for port in network.inputs:
        shape = (SAMPLES, *network.tensors[port.tensor].shape)
        dtype = dtypes[port.onnx_name]
        if dtype.kind in "iu":
            info = np.iinfo(dtype)
            lowest, highest = max(info.min, -128), min(info.max, 255)
            arrays[port.tensor] = generator.integers(lowest, highest, shape, np.int16, True)
        else:
            arrays[port.tensor] = generator.uniform(*_range(network, port.tensor), shape)
    return Batch(arrays).map(lambda _, array: array.astype(np.float32))


def _range(network: Graph, tensor: str) -> tuple[float, float]:
    for node in network.readers(tensor):
        if isinstance(node, Reshape):
            return _range(network, node.output)
        if isinstance(node, FakeQuantize):
            q = node.quantization
            return q.scale * (q.lo - q.zero_point), q.scale * (q.hi - q.zero_point)
    return -1.0, 1.0

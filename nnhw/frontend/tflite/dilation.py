"""Dilated convolutions that a file has as convolutions of every n-th row and column.

TensorFlow has dilated convolutions as three operators, which not every converter makes one of.
SPACE_TO_BATCH_ND pads an image and makes a batch of it: pixels of every n-th row and column are an
image each. CONV_2D or DEPTHWISE_CONV_2D takes neighbours, which are n apart in the image, and
BATCH_TO_SPACE_ND puts the results into their places and crops them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from .network import Network, Operator

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def fold_dilations(network: Network) -> Network:
    """The network with each such three operators as one, which has another option "Pads".

    "Pads" are rows before, columns before, rows after and columns after, in place of what "Padding"
    says. What is not of this form stays as it is.
    """
    reads = Counter(index for operator in network.operators for index in operator.inputs)
    reads.update(network.outputs)
    writers = {index: operator for operator in network.operators for index in operator.outputs}
    replaced: dict[int, Operator] = {}
    removed: set[int] = set()
    for last in network.operators:
        if last.kind != "BATCH_TO_SPACE_ND":
            continue
        middle = writers.get(last.inputs[0])
        if middle is None or middle.kind not in _CONVOLUTIONS:
            continue
        first = writers.get(middle.inputs[0])
        if first is None or first.kind != "SPACE_TO_BATCH_ND":
            continue
        only_here = reads[first.outputs[0]] == reads[middle.outputs[0]] == 1
        folded = _folded(network, first, middle, last) if only_here else None
        if folded is not None:
            replaced[id(last)] = folded
            removed |= {id(first), id(middle)}
    operators = (replaced.get(id(o), o) for o in network.operators if id(o) not in removed)
    return replace(network, operators=tuple(operators))


def _folded(network: Network, first: Operator, middle: Operator, last: Operator) -> Operator | None:
    """The three as one; None if they are no dilated convolution."""
    tensors = network.tensors
    if not (_keeps_values(network, first) and _keeps_values(network, last)):
        return None
    numbers = [tensors[index].data for o in (first, last) for index in o.inputs[1:3]]
    if [None if array is None else array.shape for array in numbers] != [(2,), (2, 2)] * 2:
        return None  # not of rows and columns, or not constant
    blocks, pads, other_blocks, crops = (np.asarray(array, np.int64) for array in numbers)
    strides = [middle.option("StrideH"), middle.option("StrideW")]
    if strides != [1, 1] or (blocks != other_blocks).any() or (blocks < 1).any():
        return None
    dilations = [middle.option("DilationHFactor"), middle.option("DilationWFactor")]
    if middle.option("Padding") == "SAME":  # pads each of the small images
        total = (np.array(tensors[middle.inputs[1]].shape[1:3]) - 1) * dilations
        pads = pads + blocks[:, None] * np.stack([total // 2, total - total // 2], axis=1)
    pads = pads - crops
    if (pads < 0).any():
        return None
    options = dict(middle.options)
    rows, columns = (blocks * dilations).tolist()
    options["DilationHFactor"], options["DilationWFactor"] = rows, columns
    options["Pads"] = tuple(pads.T.ravel().tolist())
    return replace(
        middle,
        inputs=(first.inputs[0], *middle.inputs[1:]),
        outputs=last.outputs,
        options=options,
    )


def _keeps_values(network: Network, operator: Operator) -> bool:
    """Whether an operator's result stands for the same real values as its input."""
    source, result = (
        network.tensors[index].quantization for index in (operator.inputs[0], operator.outputs[0])
    )
    if source is None or result is None:
        return source is result
    return source.same_as(result)

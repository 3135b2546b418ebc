"""The operators that move elements, in a QDQ model."""

from __future__ import annotations

import numpy as np

from ..ir import DepthToSpace, Move, Resize, Slice
from .qdq_builder import QdqBuilder


def write_move(builder: QdqBuilder, node: Move) -> str:
    """Add what moves the real values of the node's input; returns the result's name."""
    name, source = node.output, builder.image(node.inputs[0])
    height, width, channels = builder.graph.tensors[name].shape
    match node:
        case Slice():
            ends = np.add(node.start, (height, width, channels))
            inputs = [source] + [
                builder.constant(f"{name}_{parameter}", np.array(values, np.int64))
                for parameter, values in (
                    ("starts", node.start),
                    ("ends", ends),
                    ("axes", [2, 3, 1]),
                )
            ]
            return builder.node("Slice", inputs, name)
        case Resize():
            scales = np.array([1, 1, *node.factor], np.float32)
            inputs = [source, "", builder.constant(f"{name}_scales", scales)]
            return builder.node(
                "Resize",
                inputs,
                name,
                coordinate_transformation_mode="asymmetric",
                mode="nearest",
                nearest_mode="floor",
            )
        case DepthToSpace():
            return builder.node("DepthToSpace", [source], name, blocksize=node.block, mode="DCR")
    # Reshape keeps the channels-last order: transpose there and back.
    last = builder.node("Transpose", [source], f"{name}_last", perm=[0, 2, 3, 1])
    shaped = builder.reshape(last, (height, width, channels), f"{name}_shaped")
    return builder.node("Transpose", [shaped], name, perm=[0, 3, 1, 2])

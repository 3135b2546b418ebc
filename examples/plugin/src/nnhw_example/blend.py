"""An operator that is a composite of existing ones: the weighted mean of two tensors."""

from __future__ import annotations

import numpy as np

from nnhw.frontend import Builder, NodeError, OnnxNode, Value, operator, same_shape
from nnhw.ir import Add


@operator(
    "org.example.Blend",
    since=1,
    attributes=("weight",),
    remark="the mean of two tensors, the first one with the given weight",
)
def blend(node: OnnxNode, build: Builder) -> Value:
    """weight * a + (1 - weight) * b, of two tensors that broadcast to one shape.

    Two scalings and an addition: passes fold the scalings into layers before where they can.
    """
    weight = node.attribute("weight")
    if weight is None or not 0 < weight < 1:
        raise NodeError(f"weight must be a number between 0 and 1, not {weight}")
    a, b = same_shape(node, build, node.value(0), node.value(1))
    a, b = (
        build.affine(node, value, np.array(share), np.zeros(()))
        for value, share in ((a, weight), (b, 1 - weight))
    )
    return a.with_tensor(build.add(Add, node, (a.tensor, b.tensor), a.shape))

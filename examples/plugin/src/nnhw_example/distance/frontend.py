"""From ONNX: the operator Distance of the domain org.example."""

from __future__ import annotations

from nnhw.frontend import Builder, OnnxNode, Value, operator, same_shape

from .contract import Distance


@operator("org.example.Distance", since=1, remark="|a - b| of two tensors, one may be broadcast")
def distance(node: OnnxNode, build: Builder) -> Value:
    """|a - b|."""
    a, b = same_shape(node, build, node.value(0), node.value(1))
    return a.with_tensor(build.add(Distance, node, (a.tensor, b.tensor), a.shape))

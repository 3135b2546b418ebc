"""CastLike, whose type is known when the types of all tensors are."""

from __future__ import annotations

import onnx


def replace_cast_like(model: onnx.ModelProto) -> None:
    """Turn CastLike into Cast, in place, where the type of its second input is known.

    Only the type of that tensor counts (CastLike-15 and
    later), so that its values need not be there.
    """
    nodes = [n for n in model.graph.node if n.op_type == "CastLike" and n.domain in ("", "ai.onnx")]
    if not nodes:
        return
    graph = onnx.shape_inference.infer_shapes(model).graph
    types = {
        value.name: value.type.tensor_type.elem_type
        for value in (*graph.input, *graph.value_info, *graph.output)
    } | {tensor.name: tensor.data_type for tensor in graph.initializer}
    for node in nodes:
        if to := types.get(node.input[1]):
            node.op_type = "Cast"
            del node.input[1]
            node.attribute.append(onnx.helper.make_attribute("to", to))

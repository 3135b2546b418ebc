"""Structural simplification by onnxslim: operators without effect."""

from __future__ import annotations

import onnx

from ..errors import ModelError, first_line

_SKIPPED = (
    # `fold_constants` has folded what is constant, and counted what that takes.
    "constant_folding",
    # These merge and rename nodes. nnhw's own passes do the same arithmetic in float64, and keep
    # the names by which the user knows the nodes.
    "graph_fusion",
    "subexpression_elimination",
    "weight_tying",
)


def slim(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without operators that have no effect.

    Parameters
    ----------
    model
        With the shapes of its tensors, as `fold_constants` leaves it.

    Raises
    ------
    ModelError
        If onnxslim fails on the model.
    """
    import onnxslim  # takes a fifth of a second, which other commands need not wait for

    skipped = list(_SKIPPED)
    if any(node.op_type == "Dropout" and len(node.input) > 2 for node in model.graph.node):
        # Would remove every Dropout; but one that may be active is to be refused by its name.
        skipped.append("dead_node_elimination")
    try:
        # Its own shape inference goes wrong for old opsets, and is not needed.
        return onnxslim.slim(model, skip_optimizations=skipped, no_shape_infer=True)
    except (Exception, SystemExit) as error:  # whatever it raises, the cause lies in the model
        raise ModelError(
            f"onnxslim could not simplify the model: {first_line(error)}; "
            "try to export it for another opset"
        ) from error

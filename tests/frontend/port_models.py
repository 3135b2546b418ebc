"""Small ONNX models with several inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx_models import Constants, node, normal

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, kw_only=True)
class PortCase:
    """A model.

    Parameters
    ----------
    nodes, constants
        What it is made of.
    inputs
        ONNX shapes, with the batch axis.
    outputs
        Names.
    """

    nodes: Sequence[onnx.NodeProto]
    inputs: Shapes
    outputs: Sequence[str]
    constants: Constants = field(default_factory=dict)

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(
            list(self.nodes),
            "test",
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in self.inputs.items()
            ],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in self.outputs],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()],
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        inferred = onnx.shape_inference.infer_shapes(made)
        del made.graph.output[:]
        made.graph.output.extend(inferred.graph.output)
        for output in made.graph.output:
            output.type.tensor_type.shape.SetInParent()  # which the checker wants
        return made

    def data(self, count: int) -> dict[str, np.ndarray]:
        """Samples for each input, of different ranges."""
        return {
            name: (index + 1) * normal(count, *shape[1:], seed=index)
            for index, (name, shape) in enumerate(self.inputs.items())
        }


IMAGE = (1, 3, 3, 4)
PADS = {"pads": [1, 1, 1, 1]}
KERNELS = {"w": normal(4, 3, 3, 3) / 4, "v": normal(2, 4, 1, 1, seed=1) / 2}
SHARED = node("Conv", "x w", "f", **PADS)
HEADS = [
    node("Conv", "f v", "b"),
    node("GlobalAveragePool", "f", "p"),
    node("Flatten", "p", "q"),
    node("Gemm", "q m", "c", transB=1),
]
HEAD_CONSTANTS = {**KERNELS, "m": normal(7, 4, seed=2)}

PORT_CASES = {
    "two_inputs_added": PortCase(
        nodes=[node("Add", "a b")], inputs={"a": IMAGE, "b": IMAGE}, outputs=["y"]
    ),
    "two_inputs_concatenated": PortCase(
        nodes=[node("Concat", "a b", "j", axis=1), node("Conv", "j w", **PADS)],
        inputs={"a": (1, 2, 3, 4), "b": (1, 1, 3, 4)},
        outputs=["y"],
        constants=KERNELS,
    ),
    "inputs_of_different_shapes": PortCase(
        nodes=[
            *(SHARED, node("GlobalAveragePool", "f", "p"), node("Flatten", "p", "q")),
            *(node("Concat", "n q", "j", axis=1), node("Gemm", "j m", transB=1)),
        ],
        inputs={"n": (1, 5), "x": IMAGE},
        outputs=["y"],
        constants={**KERNELS, "m": normal(3, 9, seed=2)},
    ),
    "one_input_read_by_two_layers": PortCase(
        nodes=[
            *(node("Conv", "a k", "c"), node("MaxPool", "a", "d", kernel_shape=[1, 1])),
            *(node("Mul", "c b", "e"), node("Add", "e d")),
        ],
        inputs={"b": IMAGE, "a": IMAGE},
        outputs=["y"],
        constants={"k": normal(3, 3, 1, 1, seed=3)},
    ),
    "two_heads": PortCase(
        nodes=[SHARED, *HEADS], inputs={"x": IMAGE}, outputs=["b", "c"], constants=HEAD_CONSTANTS
    ),
    "two_heads_the_other_way_round": PortCase(
        nodes=[SHARED, *HEADS], inputs={"x": IMAGE}, outputs=["c", "b"], constants=HEAD_CONSTANTS
    ),
    "an_intermediate_tensor": PortCase(
        nodes=[SHARED, node("Relu", "f", "r"), node("Conv", "r v")],
        inputs={"x": IMAGE},
        outputs=["y", "r"],
        constants=KERNELS,
    ),
    "both_outputs_from_one_tensor": PortCase(
        nodes=[SHARED, node("Identity", "f", "y"), node("Flatten", "f", "z")],
        inputs={"x": IMAGE},
        outputs=["y", "z"],
        constants=KERNELS,
    ),
    "an_input_passed_through": PortCase(
        nodes=[SHARED, node("Identity", "x", "y"), node("Identity", "n", "z")],
        inputs={"x": IMAGE, "n": (1, 5)},
        outputs=["z", "f", "y"],
        constants=KERNELS,
    ),
    "depthwise_and_put_together": PortCase(
        nodes=[
            *(node("Conv", "x d", "e", group=3, **PADS), node("Concat", "x e", "j", axis=1)),
            node("Relu", "e", "r"),
        ],
        inputs={"x": IMAGE},
        outputs=["j", "r"],
        constants={"d": normal(3, 1, 3, 3)},
    ),
}

"""QONNX models (Brevitas, FINN) keep their own numbers.

The reference is the definition of Quant written out in standard operators, run by onnxruntime.
"""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import save
from quantized_reference import integer_graph, output_steps

from nnhw.errors import UnsupportedError
from nnhw.frontend import read_summary
from nnhw.ir import QConv

DOMAIN = "qonnx.custom_op.general"


class Network:
    """A network with Quant nodes, and the same written out."""

    def __init__(self, *, opset=13, domain=DOMAIN, op_type="Quant"):
        self.opset, self.domain, self.op_type = opset, domain, op_type
        self.rng = np.random.default_rng(5)
        self.constants = {}
        self.nodes, self.written_out = [], []

    def constant(self, value):
        name = f"k{len(self.constants)}"
        self.constants[name] = np.asarray(value, np.float32)
        return name

    def node(self, op_type, inputs, output, **attributes):
        made = helper.make_node(op_type, inputs, [output], f"the_{output}", **attributes)
        self.nodes.append(made)
        self.written_out.append(made)
        return output

    def quant(self, x, output, scale, bits, *, zero=0, **attributes):
        inputs = [x, self.constant(scale), self.constant(zero), self.constant(bits)]
        self.nodes.append(
            helper.make_node(
                self.op_type, inputs, [output], f"the_{output}", domain=self.domain, **attributes
            )
        )
        narrow = attributes.get("narrow", 0)
        lo, hi = narrow - 2 ** (bits - 1), 2 ** (bits - 1) - 1
        if not attributes.get("signed", 1):
            lo, hi = 0, 2**bits - 1 - narrow
        steps = [
            ("Div", [x, inputs[1]]),
            ("Add", [f"{output}_0", inputs[2]]),
            ("Round", [f"{output}_1"]),
            ("Max", [f"{output}_2", self.constant(lo)]),
            ("Min", [f"{output}_3", self.constant(hi)]),
            ("Sub", [f"{output}_4", inputs[2]]),
        ]
        for i, (op_type, operands) in enumerate(steps):
            self.written_out.append(helper.make_node(op_type, operands, [f"{output}_{i}"]))
        self.written_out.append(helper.make_node("Mul", [f"{output}_5", inputs[1]], [output]))
        return output

    def weights(self, output, shape, bits, **attributes):
        scale = self.rng.uniform(0.02, 0.05, (shape[0], *[1] * (len(shape) - 1)))
        x = self.constant(self.rng.standard_normal(shape) * 0.03 * 2 ** (bits - 1))
        return self.quant(x, output, scale, bits, narrow=1, **attributes)

    def model(self, *, written_out=False):
        graph = helper.make_graph(
            self.written_out if written_out else self.nodes,
            "network",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()],
        )
        opset = max(self.opset, 11) if written_out else self.opset  # the first with Round
        imports = [helper.make_opsetid("", opset), helper.make_opsetid(self.domain, 1)]
        made = helper.make_model(graph, opset_imports=imports, ir_version=7)
        made.graph.output[0].type.tensor_type.shape.SetInParent()
        return made

    def samples(self, count=40):
        return self.rng.standard_normal((count, 3, 8, 8)).astype(np.float32)


def small(weight_bits=3, activation_bits=4, **options):
    b = Network(**options)
    x = b.quant("x", "xq", 0.0317, 8, narrow=0, rounding_mode="ROUND")
    b.node("Conv", [x, b.weights("w1", (8, 3, 3, 3), weight_bits)], "c1", pads=[1, 1, 1, 1])
    b.node("Relu", ["c1"], "r1")
    b.quant("r1", "h1", 0.171, activation_bits, signed=0)
    b.node("Conv", ["h1", b.weights("w2", (8, 1, 3, 3), weight_bits)], "c2", group=8)
    b.quant("c2", "h2", 0.253, activation_bits, narrow=1)
    b.node("Flatten", ["h2"], "f")
    b.node("MatMul", ["f", transposed(b, weight_bits)], "m")
    b.quant("m", "y", 0.613, 8)
    return b


def transposed(b, bits):
    b.weights("w3", (10, 288), bits)
    return b.node("Transpose", ["w3"], "w3t", perm=[1, 0])


def agrees(b, tmp_path, at_most=0.002):
    graph = integer_graph(save(b.model(), tmp_path))
    steps = output_steps(b.model(written_out=True), graph, b.samples())
    assert np.mean(steps != 0) <= at_most
    return graph


def refusal(b, tmp_path):
    with pytest.raises(UnsupportedError) as caught:
        integer_graph(save(b.model(), tmp_path))
    return str(caught.value)


@pytest.mark.parametrize("weight_bits", [2, 3, 4, 8])
@pytest.mark.parametrize("activation_bits", [2, 4, 7, 8])
def test_every_width(tmp_path, weight_bits, activation_bits):
    graph = agrees(small(weight_bits, activation_bits), tmp_path, 0.01)
    convs = [node for node in graph.nodes if isinstance(node, QConv)]
    assert {conv.weight_bits for conv in convs} == {weight_bits}
    assert [graph.tensors[conv.output].q.bits for conv in convs] == [
        *(activation_bits, activation_bits, 8)
    ]
    assert convs[1].requantize.lo == 1 - 2 ** (activation_bits - 1)  # narrow


@pytest.mark.parametrize("opset", [9, 11, 17])
@pytest.mark.parametrize(
    ("domain", "op_type"),
    [(DOMAIN, "IntQuant"), ("onnx.brevitas", "Quant"), ("finn.custom_op.general", "Quant")],
)
def test_names_and_opsets(tmp_path, opset, domain, op_type):
    agrees(small(opset=opset, domain=domain, op_type=op_type), tmp_path, 0.01)


def test_zero_points(tmp_path):
    b = Network()
    b.quant("x", "xq", 0.0317, 6, signed=0, zero=29)
    b.node("Conv", ["xq", b.weights("w", (4, 3, 1, 1), 4)], "c")
    b.quant("c", "y", 0.0713, 5, zero=-3)
    graph = agrees(b, tmp_path)
    assert graph.tensors["x"].q.bits == 6
    assert graph.tensors["x"].q.zero_point == 29 - 32
    assert graph.tensors[graph.outputs[0].tensor].q.zero_point == -3


def test_zero_point_of_weights(tmp_path):
    b = Network()
    b.quant("x", "xq", 0.0317, 8)
    b.quant(b.constant(b.rng.standard_normal((4, 3, 1, 1))), "w", 0.171, 4, zero=3, signed=0)
    b.node("Conv", ["xq", "w"], "c")
    b.quant("c", "y", 0.0713, 8)
    (node,) = agrees(b, tmp_path).nodes
    assert node.weight.min() == -3


def test_narrow_input(tmp_path):
    b = Network()
    b.quant("x", "xq", 0.217, 4, narrow=1)
    b.node("Conv", ["xq", b.weights("w", (4, 3, 1, 1), 4)], "c")
    b.quant("c", "y", 0.0713, 8)
    graph = agrees(b, tmp_path)
    assert graph.nodes[0].requantize.lo == -7


def test_wide_bias(tmp_path):
    b = Network()
    b.quant("x", "xq", 0.0317, 8)
    b.quant(b.constant([0.5, -1.25, 3.0, 0.0]), "bias", 0.0317 * 0.02, 24)
    b.quant(b.constant(b.rng.standard_normal((4, 3, 1, 1)) * 0.3), "w", 0.02, 5)
    b.node("Conv", ["xq", "w", "bias"], "c")
    b.quant("c", "y", 0.0713, 8)
    (node,) = agrees(b, tmp_path).nodes
    assert node.bias.tolist() == [789, -1972, 4732, 0]


def test_bipolar_weights(tmp_path):
    b = Network()
    b.quant("x", "xq", 0.0317, 8)
    weights = b.rng.standard_normal((4, 3, 3, 3))
    b.nodes.append(
        helper.make_node(
            "BipolarQuant", [b.constant(weights), b.constant(0.25)], ["w"], domain=DOMAIN
        )
    )
    b.written_out.append(
        helper.make_node("Identity", [b.constant(np.where(weights >= 0, 0.25, -0.25))], ["w"])
    )
    b.node("Conv", ["xq", "w"], "c")
    b.quant("c", "y", 0.0713, 8)
    (node,) = agrees(b, tmp_path).nodes
    assert node.weight_bits == 2
    assert set(node.weight.ravel().tolist()) == {-1, 1}


def test_output_without_quant_is_calibrated(tmp_path):
    """Brevitas leaves the last result as it is."""
    b = Network()
    b.quant("x", "xq", 0.0317, 8)
    b.node("Conv", ["xq", b.weights("w", (4, 3, 1, 1), 4)], "y")
    path = save(b.model(), tmp_path)
    with pytest.raises(UnsupportedError, match=r"'the_y'.*give data .--data. to calibrate"):
        integer_graph(path)
    x = b.samples(200)
    graph = integer_graph(path, x.transpose(0, 2, 3, 1))
    steps = output_steps(b.model(written_out=True), graph, x)
    assert np.mean(np.abs(steps) <= 1) > 0.99


def test_bipolar_activation(tmp_path):
    b = Network()
    b.nodes.append(
        helper.make_node("BipolarQuant", ["x", b.constant(1)], ["y"], "the_b", domain=DOMAIN)
    )
    assert "BipolarQuant 'the_b': activations of two values" in refusal(b, tmp_path)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"rounding_mode": "FLOOR"}, "Quant 'the_y': rounding_mode='FLOOR'"),
        ({"bits": 9}, "activations with 2 to 8 bits"),
        ({"bits": 1}, "activations with 2 to 8 bits"),
        ({"zero": 0.5}, "its zero point is not an integer"),
        ({"zero": 200}, "with zero point 200"),
        ({"scale": [[[0.1]], [[0.2]], [[0.3]]]}, "an activation by 3 scales"),
        ({"scale": 0.0}, "its scale is not a positive number"),
        ({"unheard_of": 1}, "attributes ['unheard_of'] are not known"),
    ],
)
def test_refusals(tmp_path, options, reason):
    b = Network()
    b.quant("x", "y", options.pop("scale", 0.1), options.pop("bits", 4), **options)
    assert reason in refusal(b, tmp_path)


def test_computed_scale(tmp_path):
    b = Network()
    b.quant("x", "y", 0.1, 8)
    b.node("ReduceMean", ["x"], "mean", keepdims=0)
    b.nodes.reverse()
    b.nodes[-1].input[1] = "mean"
    assert "the network computes its scale" in refusal(b, tmp_path)


def test_inspection(tmp_path):
    path = save(small().model(), tmp_path)
    onnx.checker.check_model(onnx.load(path))
    summary = read_summary(path)[0]
    assert summary.supported
    assert summary.macs == 8 * 27 * 64 + 8 * 9 * 36 + 10 * 288
    parameters = [node.parameters for node in summary.nodes if node.macs]
    assert parameters == [8 * 27, 8 * 9, 10 * 288]
    assert (summary.weight_bits, summary.activation_bits) == (3, 8)

"""Own numbers of a float graph become those of the integer graph."""

from dataclasses import replace

import numpy as np
import pytest

from nnhw.errors import UnsupportedError
from nnhw.ir import (
    Add,
    AveragePool,
    Clamp,
    Conv,
    FakeQuantize,
    Graph,
    MaxPool,
    Port,
    QAveragePool,
    QConv,
    QMaxPool,
    Quantization,
    Tensor,
    Window,
)
from nnhw.quantize import is_quantized, missing_numbers, quantize

SHAPE = (4, 4, 2)
IN, OUT = (
    Quantization(bits=8, scale=0.02, zero_point=3),
    Quantization(bits=8, scale=0.05, zero_point=-7),
)


def conv(source, output, *, name="conv", weight=((3, -128), (127, 5)), scale=(0.25, 0.5), **fields):
    scale = np.array(scale)
    integers = np.array(weight, float).reshape(2, 1, 1, 2)
    return Conv(
        name=name,
        inputs=(source,),
        output=output,
        window=Window(),
        weight=integers * scale[:, None, None, None],
        bias=fields.pop("bias", np.array([0.01, -0.02])),
        weight_scale=fields.pop("weight_scale", scale),
        **fields,
    )


def rounding(source, output, quantization):
    return FakeQuantize(name=output, inputs=(source,), output=output, quantization=quantization)


def graph(*nodes, output="y"):
    names = ["x", *(node.output for node in nodes)]
    return Graph(
        name="preset",
        nodes=nodes,
        tensors={name: Tensor(name=name, shape=SHAPE) for name in names},
        inputs=(Port(tensor="x", onnx_name="x", onnx_shape=(2, 4, 4)),),
        outputs=(Port(tensor=output, onnx_name=output, onnx_shape=(2, 4, 4)),),
    )


def one_conv(**fields):
    return graph(rounding("x", "xq", IN), conv("xq", "c", **fields), rounding("c", "y", OUT))


def test_operator_and_rounding_become_one():
    integer = quantize(one_conv(clamp=Clamp(lo=0.0)))
    (node,) = integer.nodes
    assert isinstance(node, QConv)
    assert (node.inputs, node.output) == (("x",), "y")
    assert integer.tensors["x"].q == IN
    assert integer.tensors["y"].q == OUT
    assert node.weight.reshape(2, 2).tolist() == [[3, -128], [127, 5]]
    assert node.weight_bits == 8
    assert node.bias.tolist() == [2, -2]
    np.testing.assert_allclose(
        node.requantize.multiplier * 0.5**node.requantize.shift,
        np.array([0.25, 0.5]) * IN.scale / OUT.scale,
        rtol=2.0**-20,
    )
    assert (node.requantize.lo, node.requantize.hi) == (OUT.zero_point, 127)


def test_is_quantized():
    assert is_quantized(one_conv())
    assert not is_quantized(graph(conv("x", "y", weight_scale=None)))


@pytest.mark.parametrize(
    ("weight", "bits"),
    [
        (((1, -1), (0, 1)), 2),
        (((1, -2), (0, 1)), 2),
        (((2, 0), (0, 1)), 3),
        (((0, -8), (7, 0)), 4),
        (((0, -128), (127, 0)), 8),
        (((0, -3), (128, 0)), 9),
        (((-255, 0), (255, 0)), 9),
    ],
)
def test_fewest_weight_bits(weight, bits):
    (node,) = quantize(one_conv(weight=weight)).nodes
    assert node.weight_bits == bits


def test_real_weights_of_one_magnitude_are_exact():
    float_conv = conv("xq", "c", weight=((1, -1), (0, 1)), scale=(0.3, 0.7), weight_scale=None)
    (node,) = quantize(graph(rounding("x", "xq", IN), float_conv, rounding("c", "y", OUT))).nodes
    np.testing.assert_allclose(
        node.weight[:, 0, 0] * node.weight_scale[:, None], [[0.3, -0.3], [0, 0.7]]
    )


def test_other_real_weights_are_refused():
    with pytest.raises(UnsupportedError, match="'conv': its activations are quantized, but its w"):
        quantize(one_conv(weight_scale=None))


def test_weights_beyond_nine_bits_are_refused():
    with pytest.raises(UnsupportedError, match=r"'conv': its weights .* take 10 bits, more than"):
        quantize(one_conv(weight=((3, -128), (256, 5))))


def test_bias_beyond_32_bits_is_refused():
    with pytest.raises(
        UnsupportedError, match=r"'conv': its bias would be .*, beyond 32-bit integers"
    ):
        quantize(one_conv(bias=np.array([1e9, 0.0])))


def test_channel_of_zero_weights_has_a_small_bias():
    (node,) = quantize(one_conv(weight=((0, 0), (1, 2)), scale=(1e-20, 0.5))).nodes
    real = node.bias[0] * node.weight_scale[0] * IN.scale
    assert real == pytest.approx(0.01, abs=OUT.scale / 1000)
    assert abs(node.bias[0]) < 1 << 20


def test_all_unrounded_results_are_named():
    float_graph = graph(
        conv("x", "a", name="first"),
        rounding("a", "aq", IN),
        conv("aq", "b", name="second"),
        conv("b", "y", name="third"),
    )
    with pytest.raises(UnsupportedError) as caught:
        quantize(float_graph)
    assert len(caught.value.problems) == 3
    assert caught.value.problems[0].startswith("Input 'x' of a quantized model is not quantized")
    assert "'second'" in caught.value.problems[1]
    assert "'third'" in caught.value.problems[2]
    assert "--data" in caught.value.problems[2]


def test_output_that_is_not_rounded_is_calibrated():
    float_graph = graph(rounding("x", "xq", IN), conv("xq", "y"))
    assert missing_numbers(float_graph)
    assert not missing_numbers(one_conv())
    x = np.random.default_rng(0).standard_normal((50, *SHAPE))
    integer = quantize(float_graph, x)
    assert integer.tensors["y"].q.bits == 8
    assert integer.tensors["x"].q == IN


def test_second_rounding_is_a_copy():
    float_graph = graph(
        rounding("x", "xq", IN), conv("xq", "c"), rounding("c", "cq", IN), rounding("cq", "y", OUT)
    )
    first, second = quantize(float_graph).nodes
    assert (first.output, second.output) == ("cq", "y")
    assert isinstance(second, QAveragePool)


def test_two_roundings_of_the_input_are_refused():
    float_graph = graph(
        rounding("x", "a", IN),
        rounding("x", "b", OUT),
        Add(name="add", inputs=("a", "b"), output="c"),
        rounding("c", "y", OUT),
    )
    with pytest.raises(UnsupportedError, match="Input 'x' of a quantized model"):
        quantize(float_graph)


def test_pool_has_the_rounding_of_its_input():
    pool = MaxPool(name="pool", inputs=("cq",), output="p", window=Window())
    float_graph = graph(
        rounding("x", "xq", IN), conv("xq", "c"), rounding("c", "cq", IN), pool, output="p"
    )
    integer = quantize(float_graph)
    assert isinstance(integer.nodes[1], QMaxPool)
    assert integer.tensors["p"].q == IN


def test_pool_of_unequal_roundings_is_followed_by_a_copy():
    pool = MaxPool(name="pool", inputs=("xq",), output="p", window=Window())
    integer = quantize(graph(rounding("x", "xq", IN), pool, rounding("p", "y", OUT)))
    assert [type(node) for node in integer.nodes] == [QMaxPool, QAveragePool]
    assert integer.tensors["p"].q == IN
    assert integer.tensors["y"].q == OUT


def test_copy_takes_the_rounding_behind_it():
    copy = AveragePool(
        name="copy",
        inputs=("xq",),
        output="c",
        window=Window(),
        divisor=np.ones(SHAPE[:2], np.int64),
        clamp=Clamp(lo=0.0),
    )
    (node,) = quantize(graph(rounding("x", "xq", IN), copy, rounding("c", "y", OUT))).nodes
    assert isinstance(node, QAveragePool)
    assert node.requantize.lo == OUT.zero_point


def test_tensors_that_others_read_unrounded_are_refused():
    float_graph = graph(
        rounding("x", "xq", IN),
        conv("xq", "c"),
        rounding("c", "cq", IN),
        replace(conv("c", "d"), name="reader"),
        Add(name="add", inputs=("cq", "d"), output="e"),
        rounding("e", "y", OUT),
    )
    with pytest.raises(UnsupportedError, match="Node 'conv' of a quantized model: its result"):
        quantize(float_graph)

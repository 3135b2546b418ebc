"""Small networks with residual connections of many kinds.

Each function builds one and returns it with the names of the tensors that are sums, by whether the
layer that computes an operand is expected to add."""

from __future__ import annotations

from integer_graphs import IntegerBuilder

from nnhw.ir import Graph

Network = tuple[IntegerBuilder, Graph, dict[str, bool]]

SAME = {"kernel": (3, 3), "pads": (1, 1, 1, 1)}


def basic_block() -> Network:
    """Identity shortcut around two convolutions (ResNet)."""
    builder = IntegerBuilder((2, 3, 3), seed=1)
    x = builder.conv("x", 5)
    total = builder.add(builder.conv(builder.conv(x, 5, **SAME), 5, **SAME), x)
    return builder, builder.graph(builder.dense(total, 3)), {total: True}


def projection_shortcut() -> Network:
    """A convolution in the shortcut, whose result nothing else reads."""
    builder = IntegerBuilder((4, 4, 3), seed=2)
    x = builder.conv("x", 4)
    shortcut = builder.conv(x, 6, stride=(2, 2))
    y = builder.conv(x, 6, kernel=(3, 3), stride=(2, 2), pads=(1, 1, 0, 0))
    total = builder.add(shortcut, builder.conv(y, 6, **SAME))
    return builder, builder.graph(builder.average_pool(total, kernel=(2, 2))), {total: True}


def inverted_residual() -> Network:
    """A depthwise convolution between two pointwise ones (MobileNetV2)."""
    builder = IntegerBuilder((4, 3, 3), seed=3)
    x = builder.conv("x", 3)
    y = builder.depthwise(builder.conv(x, 7), **SAME)
    total = builder.add(x, builder.conv(y, 3))
    return builder, builder.graph(builder.conv(total, 2)), {total: True}


def nested() -> Network:
    """A sum that is an operand of the next one, kept in the same place."""
    builder = IntegerBuilder((3, 3, 4), seed=4)
    x = builder.conv("x", 4)
    first = builder.add(x, builder.conv(x, 4, **SAME))
    second = builder.add(builder.conv(first, 4), first)
    return builder, builder.graph(builder.dense(second, 2)), {first: True, second: True}


def sum_of_three() -> Network:
    """The first sum is kept for the layer that computes the third operand."""
    builder = IntegerBuilder((2, 3, 4), seed=5)
    x = builder.conv("x", 4)
    y, z = builder.conv(x, 4), builder.conv(x, 4)
    first = builder.add(x, y)
    second = builder.add(first, z)
    return builder, builder.graph(builder.conv(second, 3)), {first: True, second: True}


def pooled_shortcut() -> Network:
    """A pool keeps its result for a convolution."""
    builder = IntegerBuilder((4, 4, 4), seed=6)
    x = builder.conv("x", 4)
    pooled = builder.max_pool(x, kernel=(2, 2), stride=(2, 2))
    total = builder.add(builder.conv(x, 4, kernel=(2, 2), stride=(2, 2)), pooled)
    return builder, builder.graph(builder.dense(total, 3)), {total: True}


def narrow_activations() -> Network:
    """Four bits a value, and factors that are powers of two."""
    builder = IntegerBuilder((3, 3, 4), seed=7, bits=4, powers_of_two=True)
    x = builder.conv("x", 4)
    total = builder.add(builder.conv(x, 4, **SAME), x)
    return builder, builder.graph(builder.conv(total, 5)), {total: True}


def streamed() -> Network:
    """The sum is the network's output."""
    builder = IntegerBuilder((3, 2, 4), seed=8)
    x = builder.conv("x", 6)
    total = builder.add(builder.conv(x, 6), builder.conv("x", 6))
    return builder, builder.graph(total), {total: True}


def added_twice() -> Network:
    """One tensor is added to two others."""
    builder = IntegerBuilder((3, 2, 4), seed=9)
    x = builder.conv("x", 4)
    first = builder.add(builder.conv(x, 4), x)
    second = builder.add(x, builder.conv(first, 4))
    return builder, builder.graph(builder.conv(second, 2)), {first: True, second: True}


def vectors() -> Network:
    """Less steps a layer than the addition takes cycles."""
    builder = IntegerBuilder((1, 1, 4), seed=10)
    x = builder.dense("x", 4)
    y = builder.dense("x", 4)
    first = builder.add(x, y)
    second = builder.add(builder.dense(first, 4), first)
    return builder, builder.graph(builder.dense(second, 3)), {first: True, second: True}


def gated_branch() -> Network:
    """A product of tensors and a function, each with an addition."""
    builder = IntegerBuilder((2, 2, 4), seed=11)
    x = builder.function("x")
    product = builder.multiply(x, builder.conv(x, 4))
    first = builder.add(product, x)
    table = builder.function(first)
    second = builder.add(table, first)
    return builder, builder.graph(builder.dense(second, 3)), {first: True, second: True}


def earlier_operand_adds() -> Network:
    """The operand that is computed later has another reader, so that the other layer adds."""
    builder = IntegerBuilder((3, 3, 4), seed=12)
    y = builder.conv("x", 4, **SAME)
    x = builder.conv("x", 4)
    total = builder.add(y, x)
    return builder, builder.graph(builder.conv(builder.multiply(total, x), 2)), {total: True}


def frame_is_added() -> Network:
    """The network's input is an operand."""
    builder = IntegerBuilder((3, 3, 4), seed=13)
    total = builder.add("x", builder.conv("x", 4))
    return builder, builder.graph(builder.conv(total, 2)), {total: False}


def same_tensor_twice() -> Network:
    builder = IntegerBuilder((3, 3, 4), seed=14)
    x = builder.conv("x", 4)
    total = builder.add(x, x)
    return builder, builder.graph(builder.conv(total, 2)), {total: False}


def rolled_and_dense() -> Network:
    """A depthwise convolution and a dense one write in different orders."""
    builder = IntegerBuilder((4, 3, 6), seed=15, bits=8)
    x = builder.conv("x", 6)
    total = builder.add(builder.depthwise(x, **SAME), builder.conv(x, 6))
    return builder, builder.graph(builder.conv(total, 2)), {total: False}


def one_layer_for_two_sums() -> Network:
    """A layer adds once."""
    builder = IntegerBuilder((2, 3, 4), seed=18)
    x = builder.conv("x", 4)
    first = builder.add(x, builder.conv(x, 4))
    second = builder.add(first, x)
    return builder, builder.graph(builder.conv(second, 3)), {first: True, second: False}


def both_have_other_readers() -> Network:
    builder = IntegerBuilder((2, 2, 4), seed=16)
    x, y = builder.conv("x", 4), builder.conv("x", 4)
    total = builder.add(x, y)
    z = builder.multiply(builder.multiply(total, x), y)
    return builder, builder.graph(builder.conv(z, 2)), {total: False}


def joined_operand() -> Network:
    """A concatenation is written by several layers."""
    builder = IntegerBuilder((2, 2, 4), seed=17)
    joined = builder.concat(builder.conv("x", 2), builder.conv("x", 3))
    total = builder.add(joined, builder.conv("x", 5))
    return builder, builder.graph(builder.conv(total, 2)), {total: False}


NETWORKS = (
    basic_block,
    projection_shortcut,
    inverted_residual,
    nested,
    sum_of_three,
    pooled_shortcut,
    narrow_activations,
    streamed,
    added_twice,
    vectors,
    gated_branch,
    earlier_operand_adds,
    frame_is_added,
    same_tensor_twice,
    rolled_and_dense,
    one_layer_for_two_sums,
    both_have_other_readers,
    joined_operand,
)

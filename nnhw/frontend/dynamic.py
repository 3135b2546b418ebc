"""Dynamic quantization, by ranges that are found anew for each sample, as the QDQ form.

ConvInteger and MatMulInteger of what DynamicQuantizeLinear makes, cast and multiplied by both
scales, become DequantizeLinear of that and of the weights, and Conv or MatMul of real values; so do
DynamicQuantizeMatMul and MatMulIntegerToFloat, which are all of that in one operator of
onnxruntime's extension "com.microsoft". Weights keep their numbers, activations are rounded as the
file rounds them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import onnx
from onnx import helper

from .qoperator import CONTRIB

_INTEGER_PRODUCTS = {"ConvInteger": ("Conv", 0), "MatMulInteger": ("MatMul", -1)}
"""By operator: that of real values, and the axis of the weights' output channels."""


def expand_dynamic_operators(model: onnx.ModelProto) -> None:
    """Replace the operators of dynamic quantization, in place; what has another form stays."""
    _Expansion(model.graph).run()


@dataclass(frozen=True)
class _Product:
    """An integer product, and what makes real values of it."""

    product: onnx.NodeProto
    cast: onnx.NodeProto
    scaled: onnx.NodeProto
    weight_scale: str

    @property
    def nodes(self) -> tuple[onnx.NodeProto, ...]:
        return self.product, self.cast, self.scaled


class _Expansion:
    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._writers = {name: node for node in graph.node for name in node.output}
        self._readers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in graph.node:
            for name in set(node.input):
                self._readers[name].append(node)
        self._outputs = {value.name for value in graph.output}
        self._ranks = {tensor.name: len(tensor.dims) for tensor in graph.initializer}
        self._dequantized: set[str] = set()

    def run(self) -> None:
        products = [found for node in self._graph.node if (found := self._product(node))]
        by_last = {id(found.scaled): found for found in products}
        replaced = {id(node) for found in products for node in found.nodes}
        nodes: list[onnx.NodeProto] = []
        for node in self._graph.node:
            if id(node) in by_last:
                nodes += self._real_product(by_last[id(node)])
            elif node.domain == CONTRIB and node.op_type == "DynamicQuantizeMatMul":
                nodes += self._fused(node, quantizes=True)
            elif node.domain == CONTRIB and node.op_type == "MatMulIntegerToFloat":
                nodes += self._fused(node, quantizes=False)
            elif id(node) not in replaced:
                nodes.append(node)
        if len(products) or len(nodes) != len(self._graph.node):
            nodes = _without_unread(nodes, self._outputs)
        del self._graph.node[:]
        self._graph.node.extend(nodes)

    def _product(self, node: onnx.NodeProto) -> _Product | None:
        """An integer product of quantized activations whose result is made real at once."""
        if node.domain or node.op_type not in _INTEGER_PRODUCTS or len(node.input) < 3:
            return None
        scale = self._activation_scale(node.input[0], node.input[2])
        cast = self._only_reader(node.output[0], "Cast")
        scaled = None if cast is None else self._only_reader(cast.output[0], "Mul")
        if scale is None or cast is None or scaled is None:
            return None
        factors = [name for name in scaled.input if name != cast.output[0]]
        both = self._writers.get(factors[0]) if len(factors) == 1 else None
        if both is None or both.op_type != "Mul" or scale not in both.input:
            return None
        (weight_scale,) = [name for name in both.input if name != scale] or [""]
        return _Product(node, cast, scaled, weight_scale) if weight_scale else None

    def _activation_scale(self, values: str, zero_point: str) -> str | None:
        """The scale of quantized activations; None if they are of another origin."""
        writer = self._writers.get(values)
        if writer is None:
            return None
        if writer.op_type == "DynamicQuantizeLinear" and zero_point == writer.output[2]:
            return writer.output[1]
        if writer.op_type == "QuantizeLinear" and [zero_point] == list(writer.input[2:3]):
            return writer.input[1]
        return None

    def _only_reader(self, name: str, op_type: str) -> onnx.NodeProto | None:
        readers = self._readers[name]
        if name in self._outputs or len(readers) != 1 or readers[0].op_type != op_type:
            return None
        return readers[0]

    def _real_product(self, found: _Product) -> Iterator[onnx.NodeProto]:
        node = found.product
        values, weight = node.input[0], node.input[1]
        scale = self._activation_scale(values, node.input[2])
        assert scale is not None, "it is what makes it a product"
        yield from self._dequantize(values, [values, scale, node.input[2]])
        operator, axis = _INTEGER_PRODUCTS[node.op_type]
        output = found.scaled.output[0]
        weight_scale = found.weight_scale
        if self._ranks.get(weight_scale, 0) > 1:  # as it broadcasts to a result
            flat = f"{output}_weight_scale"
            yield helper.make_node("Flatten", [weight_scale], [f"{flat}_row"], axis=0)
            yield helper.make_node("Constant", [], [f"{flat}_shape"], value_ints=[-1])
            yield helper.make_node("Reshape", [f"{flat}_row", f"{flat}_shape"], [flat])
            weight_scale = flat
        parameters = [weight, weight_scale, *node.input[3:]]
        yield from self._dequantize(weight, parameters, axis=axis)
        inputs = [_real_name(values), _real_name(weight)]
        real = helper.make_node(operator, inputs, [output], node.name)
        real.attribute.extend(node.attribute)
        yield real

    def _fused(self, node: onnx.NodeProto, *, quantizes: bool) -> Iterator[onnx.NodeProto]:
        """A whole product in one operator, with a bias or without."""
        inputs = [*node.input, *[""] * 7]
        output = node.output[0]
        if quantizes:
            values, weight, weight_scale, weight_zero, bias = inputs[:5]
            names = [f"{output}_{part}" for part in ("quantized", "scale", "zero_point")]
            yield helper.make_node("DynamicQuantizeLinear", [values], names, f"{node.name}_input")
            values, scale, zero_point = names
        else:
            values, weight, scale, weight_scale, zero_point, weight_zero, bias = inputs[:7]
        yield from self._dequantize(values, [values, scale, zero_point])
        yield from self._dequantize(weight, [weight, weight_scale, weight_zero], axis=-1)
        product = f"{output}_product" if bias else output
        inputs = [_real_name(values), _real_name(weight)]
        yield helper.make_node("MatMul", inputs, [product], node.name)
        if bias:
            yield helper.make_node("Add", [product, bias], [output], f"{node.name}_bias")

    def _dequantize(
        self, name: str, inputs: list[str], axis: int | None = None
    ) -> Iterator[onnx.NodeProto]:
        """Real values of integers, once for all of their readers."""
        if name in self._dequantized:
            return
        self._dequantized.add(name)
        given = inputs if inputs[-1] else inputs[:-1]
        real = _real_name(name)
        yield helper.make_node("DequantizeLinear", given, [real], f"{name}_dequantize", axis=axis)


def _real_name(name: str) -> str:
    return f"{name}_real"


def _without_unread(nodes: list[onnx.NodeProto], outputs: set[str]) -> list[onnx.NodeProto]:
    """The nodes of which anything is read: products of scales are not any more."""
    read, kept = set(outputs), []
    for node in reversed(nodes):
        if read.intersection(node.output):
            read.update(node.input)
            kept.append(node)
    return kept[::-1]

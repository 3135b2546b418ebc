"""Mutations after which a model mostly can be built and compared: shapes stay, numbers change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from .chains import Chain, activation, makers
from .draw import Draw
from .insertions import fresh, shapes_of

_QUANTIZERS = ("QuantizeLinear", "DequantizeLinear")


def _is_quantized(model: onnx.ModelProto) -> bool:
    return any("Quant" in n.op_type or "QLinear" in n.op_type for n in model.graph.node)


def _real_values(model: onnx.ModelProto) -> list[str]:
    """Tensors that nodes write and that operators of real numbers may follow.

    In a quantized model those that come of DequantizeLinear, but for weights.
    """
    written = [(node, name) for node in model.graph.node for name in node.output[:1]]
    if not _is_quantized(model):
        return [name for _, name in written]
    constants = {tensor.name for tensor in model.graph.initializer}
    return [
        name
        for node, name in written
        if node.op_type == "DequantizeLinear" and node.input[0] not in constants
    ]


def _put_behind(model: onnx.ModelProto, draw: Draw, name: str, chain: Chain, result: str) -> None:
    """Insert a chain behind a tensor, for all that read it, an output of the model among them."""
    nodes = model.graph.node
    place = 1 + next(i for i, node in enumerate(nodes) if name in node.output)
    if any(output.name == name for output in model.graph.output):
        inner = fresh(model, "inner")
        for node in (*nodes, *chain.nodes):
            for names in (node.input, node.output):
                for index, value in enumerate(names):
                    names[index] = {name: inner, result: name}.get(value, value)
    else:
        everyone = draw.chance(0.6)
        for node in nodes:
            for index, value in enumerate(node.input):
                if value == name and (everyone or draw.chance(0.5)):
                    node.input[index] = result
    for offset, node in enumerate(chain.nodes):
        nodes.insert(place + offset, node)


def insert_chain(model: onnx.ModelProto, draw: Draw) -> str:
    """One to three operators that keep the shape; in a quantized model each is rounded."""
    shapes = shapes_of(model)
    names = [name for name in _real_values(model) if shapes.get(name)]
    if not names:
        return "nothing to insert behind"
    name = draw.choice(names)
    shape, rounded = shapes[name], _is_quantized(model)
    chain = Chain(model, draw)
    result, told = name, []
    for _ in range(draw.choice([1, 1, 2, 3])):
        make = activation if rounded else draw.choice(makers(shape, chain.opset))
        result = make(chain, result, shape)
        told.append(chain.nodes[-1].op_type)
        if rounded:
            result = chain.rounded(result)
    _put_behind(model, draw, name, chain, result)
    return f"{', '.join(told)} behind {name}"


def add_residual(model: onnx.ModelProto, draw: Draw) -> str:
    """The sum, difference, product or concatenation's part of two tensors of one shape."""
    shapes, names = shapes_of(model), _real_values(model)
    pairs = [
        (a, b)
        for i, b in enumerate(names)
        for a in names[:i]
        if shapes.get(a) and shapes.get(a) == shapes.get(b)
    ]
    if not pairs:
        return insert_chain(model, draw)
    first, second = draw.choice(pairs)
    chain = Chain(model, draw)
    op_type = draw.choice(["Add", "Add", "Mul", "Sub"])
    result = chain.add(op_type, *draw.sample([first, second], 2))
    if _is_quantized(model):
        result = chain.rounded(result)
    outputs = [output.name for output in model.graph.output]
    if first in outputs and second in outputs:
        return insert_chain(model, draw)
    _put_behind(model, draw, second, chain, result)
    return f"{op_type} of {first} and {second}"


def exchange_operator(model: onnx.ModelProto, draw: Draw) -> str:
    """Another activation or another combination in an operator's place."""
    alike = {"Add": ["Sub", "Mul"], "Mul": ["Add", "Sub"], "Sub": ["Add", "Mul"]}
    simple = ("Relu", "Tanh", "Sigmoid", "LeakyRelu", "Elu", "Abs", "Neg", "Erf", "HardSwish")
    nodes = [n for n in model.graph.node if n.op_type in (*alike, *simple) and not n.domain]
    if not nodes:
        return insert_chain(model, draw)
    node = draw.choice(nodes)
    before = node.op_type
    if before in alike:
        node.op_type = draw.choice(alike[before])
    else:
        chain = Chain(model, draw)
        output = node.output[0]
        activation(chain, node.input[0], [])
        made = chain.nodes[0]
        made.output[0], made.name = output, node.name
        node.CopyFrom(made)
    return f"{node.name}: {before} becomes {node.op_type}"


def change_weights(model: onnx.ModelProto, draw: Draw) -> str:
    """Other values in a constant: of another size, of unequal channels, zeros, all the same."""
    tensors = [
        tensor
        for tensor in model.graph.initializer
        if tensor.data_type in (TensorProto.FLOAT, TensorProto.INT8, TensorProto.INT32)
        and np.prod(tensor.dims) > 1
        and not any(
            tensor.name in node.input[1:3]
            for node in model.graph.node
            if node.op_type in (*_QUANTIZERS, "Resize", "Upsample", "BatchNormalization")
        )
    ]
    if not tensors:
        return "no weights"
    tensor = draw.choice(tensors)
    array = numpy_helper.to_array(tensor).copy()
    what = draw.choice(["scale", "channels", "zeros", "channel", "same", "sign", "one"])
    if what == "scale":
        array = array * draw.choice([0.01, 0.3, 3.0, 30.0])
    elif what == "channels":
        factors = 2.0 ** draw.integers(-6, 6, (len(array),))
        array = array * factors.reshape(-1, *[1] * (array.ndim - 1))
    elif what == "zeros":
        array = array * draw.integers(0, 1, array.shape)
    elif what == "channel":
        array[draw.randrange(len(array))] = 0
    elif what == "same":
        array[...] = array.flat[0]
    elif what == "sign":
        array = -1.0 * array
    else:
        array.flat[draw.randrange(array.size)] *= 50.0 if array.dtype.kind == "f" else 1
    if tensor.data_type == TensorProto.INT8:
        array = np.clip(np.rint(array), -127, 127)
    dtype = numpy_helper.to_array(tensor).dtype
    tensor.CopyFrom(numpy_helper.from_array(np.asarray(array).astype(dtype), tensor.name))
    return f"{what} of {tensor.name}"


def change_rounding(model: onnx.ModelProto, draw: Draw) -> str:
    """Another scale or zero point, for all that share its constant."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    roundings = [
        node
        for node in model.graph.node
        if node.op_type in _QUANTIZERS and len(node.input) > 2 and node.input[0] not in constants
    ]
    places = [
        (constants[name], index)
        for node in roundings
        for index, name in enumerate(node.input)
        if index and name in constants
    ]
    if not places:
        return change_weights(model, draw)
    tensor, index = draw.choice(places)
    array = numpy_helper.to_array(tensor)
    if index == 1:
        changed = array * np.float32(
            draw.choice([0.25, 0.5, 1.0, 2.0, 4.0]) * draw.uniform(0.8, 1.25)
        )
    else:
        info = np.iinfo(array.dtype)
        near = np.clip(array.astype(int) + draw.randint(-40, 40), info.min, info.max)
        changed = (
            np.full(array.shape, draw.choice([info.min, info.max, 0])) if draw.chance(0.2) else near
        )
    tensor.CopyFrom(numpy_helper.from_array(changed.astype(array.dtype), tensor.name))
    return f"{'scale' if index == 1 else 'zero point'} {tensor.name} is {changed.flat[0]:.4g}"


def change_window(model: onnx.ModelProto, draw: Draw) -> str:
    """Another kernel, dilation and padding, so that the size of the result stays."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes = [n for n in model.graph.node if n.op_type == "Conv" and n.input[1] in constants]
    if not nodes:
        return insert_chain(model, draw)
    node = draw.choice(nodes)
    weight = numpy_helper.to_array(constants[node.input[1]])
    spatial = weight.ndim - 2
    settings = {a.name: list(a.ints) for a in node.attribute if a.ints}
    pads = settings.get("pads", [0] * 2 * spatial)
    dilations = settings.get("dilations", [1] * spatial)
    kernel, spread, padding = [], [], [0] * 2 * spatial
    for axis in range(spatial):
        reach = (weight.shape[2 + axis] - 1) * dilations[axis] - pads[axis] - pads[spatial + axis]
        kernel.append(draw.randint(1, 5))
        spread.append(draw.choice([1, 1, 2, 3]))
        total = (kernel[-1] - 1) * spread[-1] - reach
        if total < 0:
            return insert_chain(model, draw)
        padding[axis] = draw.choice([total // 2, draw.randint(0, total)])
        padding[spatial + axis] = total - padding[axis]
    kept = [
        a for a in node.attribute if a.name not in ("pads", "dilations", "kernel_shape", "auto_pad")
    ]
    del node.attribute[:]
    node.attribute.extend(kept)
    for name, value in (("pads", padding), ("dilations", spread)):
        node.attribute.append(onnx.helper.make_attribute(name, value))
    changed = np.resize(weight, (*weight.shape[:2], *kernel))
    renamed = fresh(model, "kernel")
    model.graph.initializer.append(numpy_helper.from_array(changed, renamed))
    node.input[1] = renamed
    return f"{node.name}: kernel {kernel}, dilations {spread}, pads {padding}"


def renumber(model: onnx.ModelProto, draw: Draw) -> str:
    """Other names for all inner values and nodes, in no order."""
    inner = [name for node in model.graph.node for name in node.output]
    kept = {value.name for value in (*model.graph.input, *model.graph.output)}
    names = [name for name in dict.fromkeys(inner) if name and name not in kept]
    stem = draw.choice(["", "v", "/layer/", "t", "x.", "модуль "])
    numbers = draw.sample(range(10, 10 + 2 * len(names)), len(names))
    new = {name: f"{stem}{number}" for name, number in zip(names, numbers, strict=True)}
    del model.graph.value_info[:]
    for node in model.graph.node:
        if any(a.HasField("g") for a in node.attribute):
            return "graphs inside"
    for node in model.graph.node:
        node.name = draw.choice(["", "", f"n{draw.randint(0, 10**6)}"])
        for values in (node.input, node.output):
            for index, value in enumerate(values):
                values[index] = new.get(value, value)
    return f"{len(new)} values"


def expose_value(model: onnx.ModelProto, draw: Draw) -> str:
    """A value from inside is an output, too."""
    shapes = shapes_of(model)
    taken = {output.name for output in model.graph.output}
    names = [name for name in _real_values(model) if shapes.get(name) and name not in taken]
    if not names:
        return "nothing inside"
    name = draw.choice(names)
    model.graph.output.append(
        onnx.helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name])
    )
    return name


def change_batch(model: onnx.ModelProto, draw: Draw) -> str:
    """A batch of one, or of any size."""
    for value in model.graph.input:
        dims = value.type.tensor_type.shape.dim
        if len(dims) and dims[0].dim_value in (0, 1):
            dims[0].Clear()
            if draw.chance(0.5):
                dims[0].dim_param = "batch"
            else:
                dims[0].dim_value = 1
    return ""


KEEPING: tuple[Callable[[onnx.ModelProto, Draw], str], ...] = (
    *(insert_chain,) * 5,
    *(add_residual,) * 3,
    *(exchange_operator,) * 2,
    *(change_weights,) * 3,
    *(change_rounding,) * 3,
    *(change_window,) * 2,
    renumber,
    expose_value,
    change_batch,
)
"""Each changes the model and returns what it did."""

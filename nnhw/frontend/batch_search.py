"""Whether the first axis of an input counts samples, or is an axis of the data.

ONNX does not say. It counts samples if the network treats what lies along it apart: then the
answer for one of them is that of the model for a batch of one. So the samples are followed through
the model, at the number of them that it declares, or at some where it leaves that open.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import numpy_helper

from ..errors import ModelError
from .batch import Batch, FixedNumberError, MixingError, Operands
from .batch_rules import OF_OPEN_SIZE, POINTWISE, rule_of
from .boundary import data_inputs, forget_shapes, set_first_axis
from .dynamic import expand_dynamic_operators
from .fold import fold_constants, static_shapes
from .fold_cost import FoldMeter
from .qonnx import expand_quant_nodes
from .qoperator import expand_quantized_operators
from .read import opset_of

_ANY_NUMBERS = (6, 4)
"""Of samples, where the model leaves it open; the second if the first contradicts the model."""

_WITH_NUMBERS = POINTWISE | {"Conv", "ConvTranspose", "Gemm", "MatMul", "Concat"}
"""Operators whose constants are numbers to compute with, not shapes."""


@dataclass(frozen=True, kw_only=True)
class FirstAxes:
    """What the first axes of a model's inputs are.

    Parameters
    ----------
    samples
        Inputs of which it counts samples.
    problems
        One line for each node that combines samples whose number is open.
    reasons
        One line for each node because of which a first axis of fixed size is one of the data.
    """

    samples: frozenset[str]
    problems: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def find_first_axes(model: onnx.ModelProto) -> FirstAxes:
    """Tell samples from data along the first axis of every input.

    Parameters
    ----------
    model
        Without functions of its own; all other sizes of its inputs are fixed.
    """
    declared = {
        value.name: _first_size(value)
        for value in data_inputs(model.graph)
        if len(value.type.tensor_type.shape.dim) > 1
    }
    alone = frozenset(name for name, size in declared.items() if size == 1)
    several = {name: size for name, size in declared.items() if size != 1}
    if not several:
        return FirstAxes(samples=alone)
    for number in _ANY_NUMBERS:
        sizes = {name: size or number for name, size in several.items()}
        probe = _folded(model, sizes)
        if probe is not None:
            break
    is_open = None in several.values()
    # Where another number contradicts the model, one sample is what is left to try; a model that
    # contradicts what it declares itself is refused later on.
    otherwise = FirstAxes(samples=alone | set(several) if is_open else alone)
    if probe is None:
        return otherwise
    single = None
    if any(node.op_type in ("Shape", "Size") for node in model.graph.node):
        single = _folded(model, dict.fromkeys(several, 1))
    try:
        mixing, elsewhere = _mixing_nodes(probe, single, sizes)
    except FixedNumberError:
        return otherwise
    if not mixing and (is_open or not elsewhere):
        return FirstAxes(samples=alone | set(several))
    reasons = tuple(
        f"{title}: it combines what lies along the first axis of {_named(several)}{moved}, which "
        "is therefore an axis of the data and no batch; if it was meant as a batch, export the "
        "model with a batch of 1"
        for title, moved in mixing
    ) + tuple(
        f"{title}: it moves what lies along the first axis of {_named(several)} to another axis of "
        f"output '{name}', so that this is an axis of the data and no batch; if it was meant as a "
        "batch, export the model with a batch of 1, or keep that axis in front"
        for name, title in elsewhere.items()
    )
    free = {name: sizes[name] for name, size in several.items() if size is None}
    if not free:
        return FirstAxes(samples=alone, reasons=reasons)
    if len(free) < len(several):
        try:
            mixing, _ = _mixing_nodes(probe, single, free)
        except FixedNumberError:
            mixing = []
    problems = tuple(
        f"{title}: it combines samples along the first axis of {_named(free)}{moved}, whose size "
        "is open, so that its result depends on how many there are; export the model with that "
        "axis of a fixed size, which makes it an axis of the data, or remove the node"
        for title, moved in mixing
    )
    return FirstAxes(samples=alone | set(free), problems=problems, reasons=reasons)


def _first_size(value: onnx.ValueInfoProto) -> int | None:
    dim = value.type.tensor_type.shape.dim[0]
    return dim.dim_value if dim.dim_value > 0 else None


def _named(names: Collection[str]) -> str:
    quoted = " and ".join(f"'{name}'" for name in names)
    return f"input {quoted}" if len(names) == 1 else f"inputs {quoted}"


def _folded(model: onnx.ModelProto, sizes: Mapping[str, int]) -> onnx.ModelProto | None:
    """The model at other sizes of first axes, constants folded; None if they contradict it."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    for value in data_inputs(probe.graph):
        if value.name in sizes:
            set_first_axis(value, sizes[value.name])
    forget_shapes(probe)
    expand_quantized_operators(probe)
    expand_dynamic_operators(probe)
    meter = FoldMeter()
    try:
        probe, _ = expand_quant_nodes(probe, meter)
        return fold_constants(probe, meter)
    except ModelError:
        return None


def _mixing_nodes(
    probe: onnx.ModelProto, single: onnx.ModelProto | None, sizes: Mapping[str, int]
) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Type and name of the nodes that do not keep samples apart, and outputs of other order.

    Parameters
    ----------
    probe
        The model at the sizes `sizes` of first axes that count samples.
    single
        The model for one sample, if constants may depend on how many there are.

    Returns
    -------
    tuple
        The nodes, each with what has moved the samples before, in words; and by name of the
        outputs whose samples do not lie along their first axis the nodes that have moved them away
        from there.
    """
    mixing = []
    movers: dict[str, str] = {}
    constants = _constants(probe)
    shapes = static_shapes(probe.graph) | {name: c.shape for name, c in constants.items()}
    single_constants = {} if single is None else _constants(single)
    batches: dict[str, Batch | None] = {
        name: Batch(outer=1, count=size) for name, size in sizes.items()
    }
    for value in data_inputs(probe.graph):
        batches.setdefault(value.name, None)
    batches |= dict.fromkeys(constants, None)
    opset = opset_of(probe)
    for node in probe.graph.node:
        names = [name for name in node.input if name]
        if not all(name in batches and name in shapes for name in names):
            continue
        try:
            if node.op_type in _WITH_NUMBERS:
                _check_constants(names, constants, single_constants)
            for output in filter(None, node.output):
                found = _follow(node, output, batches, shapes, constants, single_constants, opset)
                if found is not None:
                    batches[output] = found[0]
        except MixingError:
            moved = [movers[name] for name in names if name in movers]
            mixing.append((_title(node), f", moved by {moved[0]}," if moved else ""))
            continue
        moved = [movers[name] for name in names if name in movers]
        for output in node.output:
            if _is_inside(batches.get(output)):
                movers[output] = moved[0] if moved else _title(node)
    return mixing, {o.name: movers[o.name] for o in probe.graph.output if o.name in movers}


def _is_inside(batch: Batch | None) -> bool:
    """Whether samples lie along another axis than the first."""
    return batch is not None and batch.outer > 1


def _title(node: onnx.NodeProto) -> str:
    return f"{node.op_type} '{node.name or f'{node.op_type}_{node.output[0]}'}'"


def _constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def _follow(
    node: onnx.NodeProto,
    output: str,
    batches: Mapping[str, Batch | None],
    shapes: Mapping[str, tuple[int, ...]],
    constants: Mapping[str, np.ndarray],
    single: Mapping[str, np.ndarray],
    opset: int,
) -> tuple[Batch | None] | None:
    """Where the samples lie in an output; None if it is not known how the operator treats them."""
    rule = rule_of(node.op_type) if node.domain in ("", "ai.onnx") else None
    inputs = tuple(batches[name] if name else None for name in node.input)
    if not any(inputs):
        return (None,)
    if rule is None or not (output in shapes or node.op_type in OF_OPEN_SIZE):
        return None
    operands = Operands(
        node=node,
        shapes=tuple(shapes[name] if name else () for name in node.input),
        batches=inputs,
        constants=tuple(constants.get(name) for name in node.input),
        alone=tuple(
            single[name].shape if name in single else shapes[name] if name else ()
            for name in node.input
        ),
        constants_alone=tuple(single.get(name, constants.get(name)) for name in node.input),
        result=shapes.get(output, ()),
        opset=opset,
    )
    return (rule(operands),)


def _check_constants(
    names: list[str],
    constants: Mapping[str, np.ndarray],
    single: Mapping[str, np.ndarray],
) -> None:
    """Refuse numbers that depend on how many samples there are."""
    for name in names:
        if name not in constants or name not in single:
            continue
        several, one = constants[name], single[name]
        try:
            expected = np.broadcast_to(one, several.shape)
        except ValueError:
            raise MixingError from None
        if not np.array_equal(expected, several, equal_nan=several.dtype.kind == "f"):
            raise MixingError

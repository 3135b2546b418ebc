"""Replaces a Loop of constant trips by the nodes of all its trips."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .branches import add_constant, instance, unused_name
from .fold_cost import FoldMeter


def unroll_loop(
    node: onnx.NodeProto,
    constants: Mapping[str, np.ndarray],
    graph: onnx.GraphProto,
    taken: set[str],
    opset: int,
    meter: FoldMeter,
) -> list[onnx.NodeProto] | None:
    """The nodes of all trips of a Loop; None if it is not known how many there are.

    They are known if their number is constant and so is the condition to go on: in the body, it is
    a constant or what came in.

    Parameters
    ----------
    node
        The Loop, a node of `graph`.
    constants
        Known values of `graph`.
    graph, taken
        See `instance`.
    opset
        Version of the operator set.
    meter
        Is told how many nodes they are, as there may be loops in them.

    Raises
    ------
    BudgetError
        If there are too many trips.
    """
    body = next(attribute.g for attribute in node.attribute if attribute.name == "body")
    trips = _trips(node, body, constants)
    states, scans = len(node.input) - 2, len(node.output) - (len(node.input) - 2)
    if trips is None or (scans and not trips):
        return None
    what = f"Loop '{node.name or node.output[0]}' of {trips:,} trips of {len(body.node):,} nodes"
    meter.admit_trips(what, trips * len(body.node))
    values, nodes = list(node.input[2:]), []
    parts: list[list[str]] = [[] for _ in range(scans)]
    for trip in range(trips):
        given = [
            add_constant(graph, f"{node.output[0]}_{name}", value, taken)
            for name, value in (("trip", np.array(trip, np.int64)), ("goes_on", np.array(True)))
        ]
        inputs = dict(zip((value.name for value in body.input), [*given, *values], strict=True))
        made, results = instance(body, graph, taken, inputs)
        nodes += made
        values = results[1 : 1 + states]
        for part, result in zip(parts, results[1 + states :], strict=True):
            part.append(result)
    nodes += [
        helper.make_node("Identity", [value], [output])
        for value, output in zip(values, node.output, strict=False)
        if output
    ]
    for part, output in zip(parts, node.output[states:], strict=True):
        nodes += _stacked(part, output, graph, taken, opset)
    return nodes


def _trips(
    node: onnx.NodeProto, body: onnx.GraphProto, constants: Mapping[str, np.ndarray]
) -> int | None:
    count, condition = ([*node.input, "", ""])[:2]
    if count not in constants or (condition and condition not in constants):
        return None
    trips = max(0, int(constants[count].reshape(-1)[0]))
    if condition and not constants[condition].reshape(-1)[0]:
        return 0
    goes_on = _goes_on(body)
    return trips if goes_on else None if goes_on is None else min(trips, 1)


def _goes_on(body: onnx.GraphProto) -> bool | None:
    """Whether there is a trip after another one; None if that is not constant."""
    known = {tensor.name: numpy_helper.to_array(tensor) for tensor in body.initializer}
    known[body.input[1].name] = np.array(True)
    for node in body.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            known[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        elif node.op_type == "Identity" and node.input[0] in known:
            known[node.output[0]] = known[node.input[0]]
    value = known.get(body.output[0].name)
    return None if value is None else bool(value.reshape(-1)[0])


def _stacked(
    parts: list[str], output: str, graph: onnx.GraphProto, taken: set[str], opset: int
) -> list[onnx.NodeProto]:
    """What the trips give, along a new first axis."""
    if not output:
        return []
    nodes, rows = [], []
    for number, part in enumerate(parts):
        row = unused_name(f"{output}_{number}", taken)
        if opset < 13:
            nodes.append(helper.make_node("Unsqueeze", [part], [row], axes=[0]))
        else:
            axes = add_constant(graph, f"{row}_axes", np.array([0], np.int64), taken)
            nodes.append(helper.make_node("Unsqueeze", [part, axes], [row]))
        rows.append(row)
    return [*nodes, helper.make_node("Concat", rows, [output], axis=0)]

"""Replaces control flow that is constant by the nodes that are run.

An If becomes the branch that it takes, a Loop all of its trips; see `nnhw.frontend.loops`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper


def take_branch(
    node: onnx.NodeProto, condition: np.ndarray, graph: onnx.GraphProto, taken: set[str]
) -> list[onnx.NodeProto]:
    """The nodes of the branch that an If takes; the branch's constants go to the graph.

    Parameters
    ----------
    node
        The If, a node of `graph`.
    condition
        Of one element.
    graph, taken
        See `instance`.
    """
    name = "then_branch" if condition.reshape(-1)[0] else "else_branch"
    branch = next(attribute.g for attribute in node.attribute if attribute.name == name)
    nodes, results = instance(branch, graph, taken)
    nodes += [
        helper.make_node("Identity", [result], [output])
        for result, output in zip(results, node.output, strict=False)
        if output
    ]
    return nodes


def instance(
    inner: onnx.GraphProto,
    graph: onnx.GraphProto,
    taken: set[str],
    inputs: Mapping[str, str] | None = None,
) -> tuple[list[onnx.NodeProto], list[str]]:
    """The nodes of a graph within a node, as nodes of the graph around it, and its outputs' names.

    Parameters
    ----------
    inner
        Copied; it may be so several times.
    graph
        Takes its constants.
    taken
        Names that `graph` has already, to which those of the copy are added: they are replaced by
        others if need be.
    inputs
        What its inputs are called outside.
    """
    renamed = {own: unused_name(own, taken) for own in _defined(inner)} | dict(inputs or {})
    for tensor in inner.initializer:
        constant = graph.initializer.add()
        constant.CopyFrom(tensor)
        constant.name = renamed[tensor.name]
    nodes = [_renamed(node, renamed) for node in inner.node]
    return nodes, [renamed.get(result.name, result.name) for result in inner.output]


def add_constant(graph: onnx.GraphProto, name: str, value: np.ndarray, taken: set[str]) -> str:
    """Enter a constant of that name, or nearly so; returns its name."""
    name = unused_name(name, taken)
    graph.initializer.append(numpy_helper.from_array(value, name))
    return name


def unused_name(name: str, taken: set[str]) -> str:
    """A name that is not yet taken, and now is: `name`, perhaps with a number behind it."""
    fresh, number = name, 1
    while fresh in taken:
        number += 1
        fresh = f"{name}_{number}"
    taken.add(fresh)
    return fresh


def _defined(graph: onnx.GraphProto) -> list[str]:
    """What a graph gives a name, without the graphs in it."""
    constants = [tensor.name for tensor in graph.initializer]
    return constants + [name for node in graph.node for name in node.output if name]


def tensor_names(graph: onnx.GraphProto) -> set[str]:
    """All names of tensors in a graph, without those of the graphs in it."""
    found = {value.name for value in (*graph.input, *graph.output)} | set(_defined(graph))
    for node in graph.node:
        found.update(node.input)
    return found


def _renamed(node: onnx.NodeProto, names: dict[str, str]) -> onnx.NodeProto:
    """A copy of a node in which all tensors have their new names, in its graphs too."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.input[:] = [names.get(name, name) for name in node.input]
    copy.output[:] = [names.get(name, name) for name in node.output]
    for attribute in copy.attribute:
        for graph in [attribute.g] if attribute.HasField("g") else attribute.graphs:
            inner = [_renamed(part, names) for part in graph.node]
            del graph.node[:]
            graph.node.extend(inner)
            for value in graph.output:
                value.name = names.get(value.name, value.name)
    return copy

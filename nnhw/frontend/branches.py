"""Replaces an If whose condition is constant by the branch that is taken."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper


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
    graph
        Takes the branch's constants.
    taken
        Names that the graph has already, to which those of the branch are added: the branch's own
        are replaced by others if need be.
    """
    name = "then_branch" if condition.reshape(-1)[0] else "else_branch"
    branch = next(attribute.g for attribute in node.attribute if attribute.name == name)
    renamed = {}
    for own in _defined(branch):
        fresh, number = own, 1
        while fresh in taken:
            number += 1
            fresh = f"{own}_{number}"
        taken.add(fresh)
        renamed[own] = fresh
    nodes = [_renamed(inner, renamed) for inner in branch.node]
    for tensor in branch.initializer:
        constant = graph.initializer.add()
        constant.CopyFrom(tensor)
        constant.name = renamed[tensor.name]
    nodes += [
        helper.make_node("Identity", [renamed.get(result.name, result.name)], [output])
        for result, output in zip(branch.output, node.output, strict=False)
        if output
    ]
    return nodes


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

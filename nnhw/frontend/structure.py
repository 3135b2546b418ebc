"""Counts a model's parts before it is checked, copied or inlined: nodes, functions, constants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import onnx
from onnx import AttributeProto, TensorProto

from ..budget import need_memory
from ..errors import ModelError
from .external_data import element_count

NODES_PER_NODE = 10
"""Nodes of a model whose functions are inlined, for each node in the file ..."""

NODES_AT_LEAST = 1000
"""... and that any model may have. A thousand take about a second, ten thousand twelve."""

DEEPEST_NESTING = 16
"""Graphs within graphs, and functions that call functions."""

CONSTANT_BYTES = 40
"""Of an element of a constant while a model is read: copies of the file's form, and in float64."""

_Key = tuple[str, str, str]


def check_structure(model: onnx.ModelProto, path: Path) -> None:
    """Refuse a model that cannot be taken apart in reasonable time.

    Raises
    ------
    ModelError
        If it has too many nodes, nested too deeply, or functions that call themselves.
    BudgetError
        If its constants take more memory than the budget.
    """
    functions = {_key(function): function for function in model.functions}
    total = _Counter(functions, path).count(model.graph.node, 0)
    most = NODES_AT_LEAST + NODES_PER_NODE * _own_nodes(model)
    if total > most:
        raise ModelError(
            f"'{path}' has {total:,} nodes, with those of its functions wherever they are called; "
            f"at most {most:,} are allowed for its size: export a network without functions"
        )
    constants = tensors(model)
    for sparse in _sparse_tensors(model):
        dense = TensorProto(dims=sparse.dims)
        _check_constant(f"Sparse constant '{sparse.values.name}'", [dense], path)
    _check_constant("The constants", constants, path)


def _own_nodes(model: onnx.ModelProto) -> int:
    """Nodes as they are in the file."""
    nodes = sum(len(graph.node) for graph in _graphs(model))
    return nodes + sum(len(function.node) for function in model.functions)


def _check_constant(what: str, constants: Iterable[TensorProto], path: Path) -> None:
    elements = sum(map(element_count, constants))
    need_memory(f"{what} of '{path}', {elements:,} elements,", CONSTANT_BYTES * elements)


class _Counter:
    """Counts nodes as if all functions were inlined, each function's once."""

    def __init__(self, functions: dict[_Key, onnx.FunctionProto], path: Path):
        self._functions = functions
        self._path = path
        self._known: dict[_Key, int] = {}
        self._open: list[_Key] = []

    def count(self, nodes: Iterable[onnx.NodeProto], depth: int) -> int:
        """Nodes, with those of the graphs and functions in them."""
        if depth > DEEPEST_NESTING:
            raise ModelError(
                f"'{self._path}' has graphs or functions nested more than {DEEPEST_NESTING} deep; "
                "export a network without them"
            )
        total = 0
        for node in nodes:
            key = (node.domain, node.op_type, node.overload)
            total += self._of_function(key, depth) if key in self._functions else 1
            total += sum(self.count(graph.node, depth + 1) for graph in _subgraphs(node))
        return total

    def _of_function(self, key: _Key, depth: int) -> int:
        if key in self._open:
            raise ModelError(
                f"Function '{key[1]}' of '{self._path}' calls itself; export a network without it"
            )
        if key not in self._known:
            self._open.append(key)
            self._known[key] = max(1, self.count(self._functions[key].node, depth + 1))
            self._open.pop()
        return self._known[key]


def tensors(model: onnx.ModelProto) -> list[TensorProto]:
    """All constants: initializers and attributes, those of nested graphs and functions included."""
    found: list[TensorProto] = []
    for graph in _graphs(model):
        found += graph.initializer
    for attribute in _attributes(model):
        found += [attribute.t] if attribute.HasField("t") else []
        found += attribute.tensors
    for sparse in _sparse_tensors(model):
        found += [sparse.values, sparse.indices]
    return found


def _sparse_tensors(model: onnx.ModelProto) -> Iterator[onnx.SparseTensorProto]:
    for graph in _graphs(model):
        yield from graph.sparse_initializer
    for attribute in _attributes(model):
        if attribute.HasField("sparse_tensor"):
            yield attribute.sparse_tensor
        yield from attribute.sparse_tensors


def _key(function: onnx.FunctionProto) -> _Key:
    return (function.domain, function.name, function.overload)


def _subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _graphs(model: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
    """The model's graph, and all graphs in nodes of it or of functions."""
    left = [model.graph]
    for function in model.functions:
        left += (graph for node in function.node for graph in _subgraphs(node))
    while left:
        graph = left.pop()
        yield graph
        left += (inner for node in graph.node for inner in _subgraphs(node))


def _attributes(model: onnx.ModelProto) -> Iterator[AttributeProto]:
    for graph in _graphs(model):
        for node in graph.node:
            yield from node.attribute
    for function in model.functions:
        yield from function.attribute_proto
        for node in function.node:
            yield from node.attribute

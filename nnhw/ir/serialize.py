"""A graph as one file, so that an exported design carries its own golden model.

The file is a NumPy .npz archive that needs no pickling. Its array "graph" holds the graph as JSON
text, in which {"array": key} stands for the archive's array of that name and every other object
names its class under "class". The same graph gives the same bytes.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

import numpy as np

from ..errors import ExportError, NnhwError
from ..npz import open_arrays
from . import graph as graphs
from . import host_steps, nodes, tensor, window
from .field_types import wrong_field
from .graph import Graph
from .integer import INTEGER_OPERATORS, drafted_nodes, requantization

_CLASSES: dict[str, Callable[..., Any]] = {
    name: member
    for module in (graphs, host_steps, nodes, requantization, tensor, window)
    for name, member in vars(module).items()
    if isinstance(member, type) and dataclasses.is_dataclass(member)
}
"""All but the nodes of integer operators, and the float nodes of plug-ins."""


def save_graph(graph: Graph, path: str | PathLike[str]) -> None:
    """Write `graph`, float or integer, to the file `path`, replacing it if it exists."""
    arrays: dict[str, Any] = {}
    arrays["graph"] = np.array(json.dumps(_encode(graph, "graph", arrays)))
    with open(path, "wb") as file:
        np.savez_compressed(file, **arrays)


def load_graph(path: str | PathLike[str]) -> Graph:
    """Read a graph that `save_graph` wrote.

    Raises
    ------
    ExportError
        If the file is missing or does not hold a graph of this version of nnhw.
    BudgetError
        If an array takes more memory than the budget.
    """
    try:
        with open_arrays(path, f"graph file '{path}'", ExportError) as archive:
            arrays = {name: archive.read(name) for name in archive.names}
        operators = {kind.__name__: kind for kind in (*INTEGER_OPERATORS, *drafted_nodes())}
        graph = _decode(json.loads(str(arrays["graph"])), arrays, _CLASSES | operators)
    except NnhwError as error:
        raise type(error)(f"{error}; build the design again") from error
    except Exception as error:  # whatever a damaged archive, or what is in it, brings about
        raise ExportError(
            f"'{path}' does not hold a graph of this version of nnhw ({error!r}); "
            "build the design again"
        ) from error
    if not isinstance(graph, Graph):
        raise ExportError(f"'{path}' does not hold a graph; build the design again")
    return graph


def _encode(value: Any, key: str, arrays: dict[str, np.ndarray]) -> Any:
    """`value` as JSON; its arrays go to `arrays` under names that begin with `key`."""
    if isinstance(value, np.ndarray):
        arrays[key] = value
        return {"array": key}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple):
        return [_encode(item, f"{key}.{index}", arrays) for index, item in enumerate(value)]
    if dataclasses.is_dataclass(value):
        coded = {"class": type(value).__name__}
        for field in dataclasses.fields(value):
            item = getattr(value, field.name)
            if field.name == "tensors":  # each knows its own name
                item = tuple(item.values())
            coded[field.name] = _encode(item, f"{key}.{field.name}", arrays)
        return coded
    return value


def _decode(
    value: Any, arrays: dict[str, np.ndarray], classes: Mapping[str, Callable[..., Any]]
) -> Any:
    """The inverse of `_encode`."""
    if isinstance(value, list):
        return tuple(_decode(item, arrays, classes) for item in value)
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return arrays[value["array"]]
    fields = {
        name: _decode(item, arrays, classes) for name, item in value.items() if name != "class"
    }
    if "tensors" in fields:
        fields["tensors"] = {tensor.name: tensor for tensor in fields["tensors"]}
    decoded = classes[value["class"]](**fields)
    if (name := wrong_field(decoded)) is not None:
        raise ValueError(f"{value['class']}.{name} has a wrong type")
    return decoded

"""From the names of a graph's nodes and tensors to those of the ONNX nodes that they stand for.

A node of the graph has the name of its ONNX node, or that and a suffix where it takes several; a
node that prepares a tensor has the tensor's name and a suffix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import PathLike

from ..errors import NnhwError, UnsupportedError
from .input_shapes import Shape
from .prepare import prepare
from .translate import translate

_NAMED = re.compile(r"(Node|Tensor) '([^']+)'")


class Origins:
    """The names of a model file.

    Parameters
    ----------
    nodes
        ONNX nodes, by their names and those of their outputs.
    """

    def __init__(self, nodes: Mapping[str, str]) -> None:
        self._nodes = dict(nodes)

    @classmethod
    def of_file(
        cls, path: str | PathLike[str], input_shapes: Mapping[str, Shape] | None = None
    ) -> Origins:
        """The names of a file that can be translated; see `load_model`."""
        entries = translate(prepare(path, input_shapes)).translated
        outputs = {name: e.node.name for e in entries for name in e.node.proto.output}
        return cls(outputs | {entry.node.name: entry.node.name for entry in entries})

    def node(self, name: str) -> str:
        """The ONNX node that a node or tensor of the graph stands for, else `name` itself."""
        known = (n for n in self._nodes if name == n or name.startswith(f"{n}_"))
        longest = max(known, key=len, default=None)
        return name if longest is None else self._nodes[longest]

    def restate(self, error: NnhwError) -> NnhwError:
        """The error with the names of ONNX nodes in place of those of the graph's nodes."""
        if isinstance(error, UnsupportedError):
            return UnsupportedError([*dict.fromkeys(map(self._restated, error.problems))])
        return type(error)(self._restated(str(error)))

    def _restated(self, text: str) -> str:
        def replacement(found: re.Match[str]) -> str:
            kind, name = found.groups()
            if kind == "Tensor" and name in self._nodes:
                return found[0]
            origin = self.node(name)
            return found[0] if origin == name else f"Node '{origin}'"

        return _NAMED.sub(replacement, text)

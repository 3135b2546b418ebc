"""Reads a TFLite file, a FlatBuffer by the schema in the package `tflite`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...budget import need_memory
from ...errors import ModelError, ToolError
from .network import Network, Operator, Quantization, Tensor

IDENTIFIER = b"TFL3"
"""Bytes 4 to 7 of every TFLite file."""

_DTYPES = {
    "FLOAT32": "<f4",
    "FLOAT16": "<f2",
    "INT4": "int8",
    "INT8": "int8",
    "UINT8": "uint8",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "BOOL": "bool",
}
"""NumPy types of the constants that are read."""

_PART_BYTES = 20_000
"""Of memory that a tensor or an operator takes until it is ONNX."""

_ELEMENT_BYTES = 16
"""Likewise an element of a list, or a byte of a name or of a constant."""


def is_tflite(path: Path) -> bool:
    """Whether a file is to be read as TFLite: by its name or by its first bytes."""
    if path.suffix in (".tflite", ".lite"):
        return True
    with open(path, "rb") as file:
        return file.read(8)[4:] == IDENTIFIER


def read_network(path: Path) -> Network:
    """Read the main subgraph of a file.

    Raises
    ------
    ToolError
        If the package `tflite` is not installed.
    ModelError
        If it is no TFLite file, or contradicts itself.
    BudgetError
        If it takes more memory than the budget.

    Other exceptions, of NumPy and struct, come of files that are damaged.
    """
    content = path.read_bytes()
    if content[4:8] != IDENTIFIER:
        raise ModelError(f"'{path}' is not a TFLite model, or is damaged: it does not begin as one")
    return _Reader(content, path).network()


@cache
def _schema() -> Any:
    """The package that holds the schema's classes; an extra."""
    try:
        import tflite
    except ImportError:
        raise ToolError(
            "TFLite files need the package tflite; install it with: pip install 'nnhw[tflite]'"
        ) from None
    return tflite


@cache
def _names(enumeration: str) -> dict[int, str]:
    """Names of the values of one of the schema's enumerations."""
    members = vars(getattr(_schema(), enumeration)).items()
    return {value: name for name, value in members if isinstance(value, int)}


_ENUMERATIONS = {
    "FusedActivationFunction": "ActivationFunctionType",
    "Mode": "MirrorPadMode",
    "Padding": "Padding",
}
"""Options whose values have names."""


class _Reader:
    """One file, and what of its memory is spent."""

    def __init__(self, content: bytes, path: Path):
        self._content = content
        self._path = path
        self._spent = 0

    def network(self) -> Network:
        model = _schema().Model.GetRootAs(self._content, 0)
        if not model.SubgraphsLength():
            raise ModelError(f"'{self._path}' is not a TFLite model: it holds no subgraph")
        graph = model.Subgraphs(0)
        tensors = self._tensors(model, graph)
        return Network(
            tensors=tensors,
            operators=self._operators(model, graph, tensors),
            inputs=self._indices(graph, "Inputs", len(tensors)),
            outputs=self._indices(graph, "Outputs", len(tensors)),
        )

    def _spend(self, size: int) -> None:
        self._spent += size
        need_memory(f"Model file '{self._path}'", self._spent)

    def _parts(self, table: Any, name: str) -> Iterator[Any]:
        """The tables in a list of tables, in order."""
        count = getattr(table, f"{name}Length")()
        self._spend(_PART_BYTES * count)
        return map(getattr(table, name), range(count))

    def _list(self, table: Any, name: str) -> np.ndarray:
        """A list of numbers."""
        length = getattr(table, f"{name}Length")()
        self._spend(_ELEMENT_BYTES * length)
        return getattr(table, f"{name}AsNumpy")() if length else np.zeros(0, np.int64)

    def _numbers(self, table: Any, name: str) -> tuple[int, ...]:
        return tuple(self._list(table, name).tolist())

    def _indices(self, table: Any, name: str, count: int) -> tuple[int, ...]:
        """A list of tensors."""
        indices = self._numbers(table, name)
        if not all(-1 <= index < count for index in indices):
            raise ModelError(
                f"'{self._path}' is damaged: it names tensor {max(indices, key=abs)} of {count}"
            )
        return indices

    def _text(self, read: Callable[[], bytes | None]) -> str:
        text = read() or b""
        self._spend(_ELEMENT_BYTES * len(text))
        return text.decode("utf-8", "replace").replace("\0", "")

    def _tensors(self, model: Any, graph: Any) -> tuple[Tensor, ...]:
        tensors: list[Tensor] = []
        names: set[str] = set()
        for index, table in enumerate(self._parts(graph, "Tensors")):
            name = self._text(table.Name)
            if not name or name in names:
                name = f"{name or 'tensor'}_{index}"
            names.add(name)
            tensors.append(self._tensor(model, table, name))
        return tuple(tensors)

    def _tensor(self, model: Any, table: Any, name: str) -> Tensor:
        shape = self._numbers(table, "Shape")
        dtype = _names("TensorType").get(table.Type(), str(table.Type()))
        refusal = "is sparse; convert the model without pruning" if table.Sparsity() else ""
        if table.IsVariable():
            refusal = (
                "is a variable that keeps its value from one inference to the next; make it an "
                "input and an output"
            )
        data = (
            None if refusal else self._constant(model.Buffers(table.Buffer()), name, dtype, shape)
        )
        return Tensor(
            name=name,
            dtype=dtype,
            shape=shape,
            signature=self._numbers(table, "ShapeSignature") or shape,
            quantization=self._quantization(table.Quantization(), name),
            data=data,
            refusal=refusal,
        )

    def _quantization(self, table: Any, name: str) -> Quantization | None:
        scales = self._list(table, "Scale") if table else np.zeros(0)
        if not len(scales):
            return None
        zero_points = self._list(table, "ZeroPoint")
        if not len(zero_points):
            zero_points = np.zeros(1, np.int64)
        if (
            len(zero_points) not in (1, len(scales))
            or not (np.isfinite(scales) & (scales > 0)).all()
        ):
            raise ModelError(
                f"Tensor '{name}' of '{self._path}' is damaged: it has {len(scales)} scales, which "
                f"have to be positive numbers, and {len(zero_points)} zero points"
            )
        if (scales == scales[0]).all() and (zero_points == zero_points[0]).all():
            scales, zero_points = scales[:1], zero_points[:1]
        return Quantization(
            scales=scales,
            zero_points=np.broadcast_to(zero_points, len(scales)),
            axis=table.QuantizedDimension(),
        )

    def _constant(
        self, table: Any, name: str, dtype: str, shape: tuple[int, ...]
    ) -> np.ndarray | None:
        """The elements of a constant; None if it is none."""
        data = self._list(table, "Data") if table else np.zeros(0, np.uint8)
        if table and table.Offset() > 1:  # beside the FlatBuffer, in files of more than 2 GB
            self._spend(_ELEMENT_BYTES * table.Size())
            data = np.frombuffer(self._content, np.uint8, table.Size(), table.Offset())
        if not len(data) and (0 not in shape or dtype not in _DTYPES):
            return None
        kind = np.dtype(_DTYPES[dtype]) if dtype in _DTYPES else None
        if kind is None:
            raise ModelError(
                f"Tensor '{name}' of '{self._path}' is a constant of type {dtype}, which nnhw does "
                "not know; convert the model with float or int8 weights"
            )
        if dtype == "INT4":  # two in a byte, the lower four bits first
            nibbles = np.stack([data << 4, data], axis=-1).view(np.int8).ravel() >> 4
            data = nibbles[: math.prod(shape)].view(np.uint8)
        if min(shape, default=1) < 0 or len(data) != math.prod(shape) * kind.itemsize:
            raise ModelError(
                f"Tensor '{name}' of '{self._path}' is damaged: {len(data)} bytes are no {dtype} "
                f"of shape {list(shape)}"
            )
        return data.view(kind).reshape(shape)

    def _operators(
        self, model: Any, graph: Any, tensors: tuple[Tensor, ...]
    ) -> tuple[Operator, ...]:
        kinds = [self._kind(table) for table in self._parts(model, "OperatorCodes")]
        operators: list[Operator] = []
        names: set[str] = set()
        for table in self._parts(graph, "Operators"):
            outputs = self._indices(table, "Outputs", len(tensors))
            if not outputs or min(outputs) < 0 or table.OpcodeIndex() >= len(kinds):
                raise ModelError(f"'{self._path}' is damaged: an operator has no kind or no result")
            full = tensors[outputs[0]].name
            name = full.split(";")[0]
            if not name or name in names:
                name = full
            names.add(name)
            operators.append(
                Operator(
                    kind=kinds[table.OpcodeIndex()],
                    name=name,
                    inputs=self._indices(table, "Inputs", len(tensors)),
                    outputs=outputs,
                    options=self._options(table),
                )
            )
        return tuple(operators)

    def _kind(self, table: Any) -> str:
        # Codes above 127 are in a newer field.
        code = max(table.DeprecatedBuiltinCode(), table.BuiltinCode())
        name = _names("BuiltinOperator").get(code, str(code))
        return f"{name} {self._text(table.CustomCode)}" if name == "CUSTOM" else name

    def _options(self, operator: Any) -> dict[str, Any]:
        """All options of an operator: what its table's class has accessors for."""
        kind, table = operator.BuiltinOptionsType(), operator.BuiltinOptions()
        if not kind or table is None:
            return {}
        options = getattr(_schema(), _names("BuiltinOptions")[kind])()
        options.Init(table.Bytes, table.Pos)
        found: dict[str, Any] = {}
        for name in _accessors(_names("BuiltinOptions")[kind]):
            vector = name.removesuffix("AsNumpy")
            if vector != name:
                found[vector] = self._numbers(options, vector)
                continue
            value = getattr(options, name)()
            names = _names(_ENUMERATIONS[name]) if name in _ENUMERATIONS else {}
            found[name] = names.get(value, value)
        return found


@cache
def _accessors(table: str) -> tuple[str, ...]:
    """Names of the methods of a table's class that read a number or a list of numbers."""
    return tuple(
        name
        for name, member in vars(getattr(_schema(), table)).items()
        if callable(member)
        and not name.startswith("_")
        and not name.endswith(("Length", "IsNone"))
        and member.__code__.co_argcount == 1
    )

"""Small TFLite files, built on the spot with the schema's own classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
import tflite

_TYPES = {
    "float32": tflite.TensorType.FLOAT32,
    "float16": tflite.TensorType.FLOAT16,
    "int8": tflite.TensorType.INT8,
    "int16": tflite.TensorType.INT16,
    "uint8": tflite.TensorType.UINT8,
    "int32": tflite.TensorType.INT32,
    "int64": tflite.TensorType.INT64,
    "int4": tflite.TensorType.INT4,
}


class Tflite:
    """A file in the making: one subgraph."""

    def __init__(self) -> None:
        self._b = flatbuffers.Builder(1024)
        self._tensors: list[int] = []
        self._buffers: list[int] = [self._buffer(b"")]
        self._codes: list[tuple[int, str]] = []
        self._operators: list[int] = []
        self.names: list[str] = []

    def tensor(
        self,
        shape: Sequence[int],
        dtype: str = "float32",
        *,
        scale: float | Sequence[float] | None = None,
        zero: int | Sequence[int] = 0,
        axis: int = 0,
        data: np.ndarray | Sequence | None = None,
        name: str | None = None,
        signature: Sequence[int] | None = None,
        variable: bool = False,
    ) -> int:
        """Add a tensor, a constant if it has data; returns its index."""
        b, index = self._b, len(self._tensors)
        self.names.append(f"t{index}" if name is None else name)
        buffer = 0
        if data is not None:
            raw = np.asarray(data, np.int8 if dtype == "int4" else dtype)
            if dtype == "int4":
                flat = np.append(raw.ravel(), np.zeros(raw.size % 2, np.int8)).view(np.uint8) & 15
                raw = flat[::2] | flat[1::2] << 4
            self._buffers.append(self._buffer(raw.tobytes()))
            buffer = len(self._buffers) - 1
        quantization = None
        if scale is not None:
            scales = b.CreateNumpyVector(np.atleast_1d(np.float32(scale)))
            zeros = np.broadcast_to(np.int64(zero), np.atleast_1d(scale).shape)
            zeros = b.CreateNumpyVector(np.ascontiguousarray(zeros))
            tflite.QuantizationParametersStart(b)
            tflite.QuantizationParametersAddScale(b, scales)
            tflite.QuantizationParametersAddZeroPoint(b, zeros)
            tflite.QuantizationParametersAddQuantizedDimension(b, axis)
            quantization = tflite.QuantizationParametersEnd(b)
        label = b.CreateString(self.names[-1])
        sizes = b.CreateNumpyVector(np.array(shape, np.int32))
        open_sizes = None if signature is None else b.CreateNumpyVector(np.int32(signature))
        tflite.TensorStart(b)
        tflite.TensorAddName(b, label)
        tflite.TensorAddShape(b, sizes)
        tflite.TensorAddType(b, _TYPES[dtype])
        tflite.TensorAddBuffer(b, buffer)
        tflite.TensorAddHasRank(b, True)
        tflite.TensorAddIsVariable(b, variable)
        if quantization is not None:
            tflite.TensorAddQuantization(b, quantization)
        if open_sizes is not None:
            tflite.TensorAddShapeSignature(b, open_sizes)
        self._tensors.append(tflite.TensorEnd(b))
        return index

    def operator(
        self,
        kind: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        table: str = "",
        **options: Any,
    ) -> None:
        """Add an operator; its options are those of the named table of the schema."""
        b = self._b
        made = 0
        if table:
            lists = {k: b.CreateNumpyVector(np.int32(v)) for k, v in options.items() if _is_list(v)}
            getattr(tflite, f"{table}Start")(b)
            for name, value in (options | lists).items():
                getattr(tflite, f"{table}Add{name}")(b, value)
            made = getattr(tflite, f"{table}End")(b)
        ins, outs = (b.CreateNumpyVector(np.array(i, np.int32)) for i in (inputs, outputs))
        code = getattr(tflite.BuiltinOperator, kind, tflite.BuiltinOperator.CUSTOM)
        key = (code, kind if code == tflite.BuiltinOperator.CUSTOM else "")
        if key not in self._codes:
            self._codes.append(key)
        tflite.OperatorStart(b)
        tflite.OperatorAddOpcodeIndex(b, self._codes.index(key))
        tflite.OperatorAddInputs(b, ins)
        tflite.OperatorAddOutputs(b, outs)
        if table:
            tflite.OperatorAddBuiltinOptionsType(b, getattr(tflite.BuiltinOptions, table))
            tflite.OperatorAddBuiltinOptions(b, made)
        self._operators.append(tflite.OperatorEnd(b))

    def file(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """The whole file."""
        b = self._b
        codes = []
        for code, custom in self._codes:
            name = b.CreateString(custom) if custom else None
            tflite.OperatorCodeStart(b)
            tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(code, 127))
            tflite.OperatorCodeAddBuiltinCode(b, code)
            tflite.OperatorCodeAddVersion(b, 1)
            if name is not None:
                tflite.OperatorCodeAddCustomCode(b, name)
            codes.append(tflite.OperatorCodeEnd(b))
        tensors, operators = self._list(self._tensors), self._list(self._operators)
        ins, outs = (b.CreateNumpyVector(np.array(i, np.int32)) for i in (inputs, outputs))
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, tensors)
        tflite.SubGraphAddInputs(b, ins)
        tflite.SubGraphAddOutputs(b, outs)
        tflite.SubGraphAddOperators(b, operators)
        graphs = self._list([tflite.SubGraphEnd(b)])
        buffers, kinds = self._list(self._buffers), self._list(codes)
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, kinds)
        tflite.ModelAddSubgraphs(b, graphs)
        tflite.ModelAddBuffers(b, buffers)
        b.Finish(tflite.ModelEnd(b), b"TFL3")
        return bytes(b.Output())

    def _buffer(self, content: bytes) -> int:
        b = self._b
        data = None
        if content:
            b.StartVector(1, len(content), 16)
            b.head -= len(content)
            b.Bytes[b.head : b.head + len(content)] = content
            data = b.EndVector()
        tflite.BufferStart(b)
        if data is not None:
            tflite.BufferAddData(b, data)
        return tflite.BufferEnd(b)

    def _list(self, tables: Sequence[int]) -> int:
        self._b.StartVector(4, len(tables), 4)
        for table in reversed(tables):
            self._b.PrependUOffsetTRelative(table)
        return self._b.EndVector()


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)

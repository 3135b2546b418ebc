"""Small TFLite files, and mutations of them that know the schema.

A FlatBuffer is tables, whose fields are found by offsets, and vectors, whose elements follow their
number. A mutation overwrites one of these in place.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tflite

from .draw import Draw

sys.path.append(str(Path(__file__).parents[1] / "frontend"))
import tflite_cases

_ODD = (0, 1, 2, 3, 7, 8, 255, -1, -2, 1000, 10**6, 2**30, 2**31 - 1, -(2**31))
_ODD_SCALES = (0.0, -0.1, 1e-45, 1e-30, 1e30, float("inf"), float("nan"), 0.053, 1.0)

# Places of fields in their tables, by the schema.
_SHAPE, _TYPE, _BUFFER, _NAME = 4, 6, 8, 10
_SCALE, _ZERO_POINT, _AXIS = 8, 10, 16
_OPCODE, _INPUTS, _OUTPUTS, _OPTIONS = 4, 6, 8, 12


def tflite_file(draw: Draw) -> tuple[str, bytes]:
    """A file of one operator, or of the few that make one, and what it is."""
    name = draw.choice([*tflite_cases.CASES, *tflite_cases.ON_HOST])
    build = tflite_cases.CASES.get(name) or tflite_cases.ON_HOST[name]
    dtype = draw.choice(["int8", "int8", "uint8", "float32"])
    return f"{name}, {dtype}", build(tflite_cases.Case(dtype))


def mutate_tflite(content: bytes, draw: Draw) -> tuple[bytes, str]:
    """Another file, and what was done to it."""
    data = bytearray(content)
    mutate = draw.choice(MUTATIONS)
    detail = mutate(data, draw)
    return bytes(data), f"{mutate.__name__}: {detail}"


def _graph(data: bytearray) -> tflite.SubGraph:
    return tflite.Model.GetRootAs(data, 0).Subgraphs(0)


def _tensor(data: bytearray, draw: Draw) -> tuple[int, tflite.Tensor]:
    graph = _graph(data)
    index = draw.randrange(graph.TensorsLength())
    return index, graph.Tensors(index)


def _operator(data: bytearray, draw: Draw) -> tflite.Operator:
    graph = _graph(data)
    return graph.Operators(draw.randrange(graph.OperatorsLength()))


def _field(table: Any, offset: int) -> int | None:
    """Where a field of a table is; None if it has its default."""
    tab = table._tab
    found = tab.Offset(offset)
    return tab.Pos + found if found else None


def _elements(table: Any, offset: int) -> tuple[int, int]:
    """Where the elements of a vector begin, and how many there are."""
    tab = table._tab
    found = tab.Offset(offset)
    return (tab.Vector(found), tab.VectorLen(found)) if found else (0, 0)


def _write(data: bytearray, place: int, form: str, value: float) -> float:
    """Overwrite a number."""
    struct.pack_into(f"<{form}", data, place, value)
    return value


def change_size(data: bytearray, draw: Draw) -> str:
    """Another size along an axis of a tensor."""
    index, tensor = _tensor(data, draw)
    start, count = _elements(tensor, _SHAPE)
    if not count:
        return f"tensor {index} has none"
    axis = draw.randrange(count)
    return f"{axis} of {index}: {_write(data, start + 4 * axis, 'i', draw.choice(_ODD))}"


def change_type(data: bytearray, draw: Draw) -> str:
    """Another type of a tensor."""
    index, tensor = _tensor(data, draw)
    place = _field(tensor, _TYPE)
    return (
        "default" if place is None else f"{index}: {_write(data, place, 'b', draw.randint(-1, 20))}"
    )


def change_buffer(data: bytearray, draw: Draw) -> str:
    """A tensor whose data are others, none, or outside of the file."""
    index, tensor = _tensor(data, draw)
    place = _field(tensor, _BUFFER)
    value = draw.choice([0, 1, 2, 3, 99, 2**32 - 1])
    return "default" if place is None else f"{index}: {_write(data, place, 'I', value)}"


def change_quantization(data: bytearray, draw: Draw) -> str:
    """Another scale, zero point or axis."""
    index, tensor = _tensor(data, draw)
    table = tensor.Quantization()
    if table is None:
        return f"tensor {index} has none"
    what = draw.choice([_SCALE, _SCALE, _ZERO_POINT, _AXIS])
    if what == _AXIS:
        place = _field(table, what)
        return "default" if place is None else f"axis {_write(data, place, 'i', draw.choice(_ODD))}"
    start, count = _elements(table, what)
    if not count:
        return f"tensor {index} has none"
    if what == _SCALE:
        place = start + 4 * draw.randrange(count)
        return f"scale of {index}: {_write(data, place, 'f', draw.choice(_ODD_SCALES))}"
    place = start + 8 * draw.randrange(count)
    return f"zero point of {index}: {_write(data, place, 'q', draw.choice((*_ODD, 2**62)))}"


def change_wire(data: bytearray, draw: Draw) -> str:
    """An operator that reads or writes another tensor."""
    start, count = _elements(_operator(data, draw), draw.choice([_INPUTS, _INPUTS, _OUTPUTS]))
    if not count:
        return "none"
    value = draw.choice([0, 1, 2, 3, 4, -1, -2, 99, 2**31 - 1])
    return f"{_write(data, start + 4 * draw.randrange(count), 'i', value)}"


def change_option(data: bytearray, draw: Draw) -> str:
    """Another number in the options of an operator."""
    operator = _operator(data, draw)
    table = operator.BuiltinOptions()
    if table is None:
        return "none"
    (back,) = struct.unpack_from("<i", data, table.Pos)
    (length,) = struct.unpack_from("<H", data, table.Pos - back)
    present = [offset for offset in range(4, length, 2) if table.Offset(offset)]
    if not present:
        return "defaults"
    offset = draw.choice(present)
    place = table.Pos + table.Offset(offset)
    if draw.chance(0.5):
        return f"{offset}: {_write(data, place, 'b', draw.randint(-1, 6))}"
    return f"{offset}: {_write(data, place, 'i', draw.choice(_ODD))}"


def change_kind(data: bytearray, draw: Draw) -> str:
    """Another operator with the same inputs and options."""
    model = tflite.Model.GetRootAs(data, 0)
    code = model.OperatorCodes(draw.randrange(model.OperatorCodesLength()))
    value = draw.choice([draw.randint(0, 127), draw.randint(0, 208), 126, 127])
    for offset, form, most in ((4, "b", 127), (10, "i", 2**31 - 1)):
        place = _field(code, offset)
        if place is not None:
            _write(data, place, form, min(value, most))
    return str(value)


def change_opcode(data: bytearray, draw: Draw) -> str:
    """An operator of a code that is not there."""
    place = _field(_operator(data, draw), _OPCODE)
    return (
        "default" if place is None else str(_write(data, place, "I", draw.choice([1, 99, 2**31])))
    )


def change_length(data: bytearray, draw: Draw) -> str:
    """A vector that says it has more elements, or fewer, than there are."""
    model = tflite.Model.GetRootAs(data, 0)
    _, tensor = _tensor(data, draw)
    table, offset = draw.choice(
        [
            *((tensor, offset) for offset in (_SHAPE, _NAME)),
            *((_operator(data, draw), offset) for offset in (_INPUTS, _OUTPUTS)),
            *((_graph(data), offset) for offset in (4, 6, 8, 10)),
            *((model, offset) for offset in (6, 8, 12)),
            *((model.Buffers(i), 4) for i in range(model.BuffersLength())),
        ]
    )
    start, _ = _elements(table, offset)
    value = draw.choice([0, 1, 2, 5, 100, 10**6, 2**31 - 1])
    return f"{value}" if start and _write(data, start - 4, "I", value) is not None else "none"


def change_bytes(data: bytearray, draw: Draw) -> str:
    """Flipped, missing and added bytes anywhere."""
    what = draw.choice(["flip", "flip", "word", "cut", "insert", "empty"])
    place = draw.randrange(len(data))
    if what == "flip":
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
    elif what == "word":
        _write(data, place & ~3 if place + 4 < len(data) else 0, "i", draw.choice(_ODD))
    elif what == "cut":
        del data[place:]
    elif what == "insert":
        data[place:place] = bytes([draw.randrange(256)])
    else:
        del data[draw.choice([4, 8, 12]) :]
    return what


MUTATIONS: tuple[Callable[[bytearray, Draw], str], ...] = (
    change_size,
    change_size,
    change_type,
    change_buffer,
    change_quantization,
    change_quantization,
    change_wire,
    change_option,
    change_option,
    change_kind,
    change_opcode,
    change_length,
    change_bytes,
    change_bytes,
)

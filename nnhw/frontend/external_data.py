"""Reads the data that a model keeps in files beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from onnx import TensorProto

from ..budget import need_memory
from ..errors import ModelError


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where the data of a tensor are: `length` bytes of a file from `offset` on."""

    file: Path
    offset: int
    length: int


def load_external_data(tensors: list[TensorProto], path: Path) -> None:
    """Bring the data of all tensors that keep them in other files into the model, in place.

    Parameters
    ----------
    tensors
        All of the model's.
    path
        The model's file.

    Raises
    ------
    ModelError
        If a file lies outside of the model's folder or is missing, or a place in it does not exist.
    BudgetError
        If all of them together take more memory than the budget.
    """
    places = [
        (tensor, _place(tensor, path))
        for tensor in tensors
        if tensor.data_location == TensorProto.EXTERNAL
    ]
    total = sum(place.length for _, place in places)
    need_memory(f"The external data of '{path}', {total:,} bytes,", 3 * total)
    for tensor, place in places:
        try:
            with open(place.file, "rb") as file:
                file.seek(place.offset)
                tensor.raw_data = file.read(place.length)
        except OSError as error:
            raise ModelError(
                f"{_what(tensor, path)} in '{place.file.name}', which cannot be read: "
                f"{error.strerror}"
            ) from error
        # Marks the data as being in the tensor itself, as onnx.load does.
        tensor.data_location = TensorProto.DEFAULT
        del tensor.external_data[:]


def _what(tensor: TensorProto, path: Path) -> str:
    return f"Tensor '{tensor.name}' of '{path}' keeps its data"


def _place(tensor: TensorProto, path: Path) -> _Place:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    what = f"{_what(tensor, path)} in {location!r}"
    if not location or "\0" in location:
        raise ModelError(f"{what}, which is no name of a file; save the model again")
    folder = path.parent.resolve()
    file = (folder / location).resolve()
    if not file.is_relative_to(folder):
        raise ModelError(
            f"{what}, outside of the model's folder, which is not allowed: "
            "save the model with its data beside it"
        )
    if not file.is_file():
        raise ModelError(f"{what}, which does not exist; put the file beside the model")
    size = file.stat().st_size
    offset = _number(entries, "offset", 0, what)
    length = _number(entries, "length", max(size - offset, 0), what)
    if offset + length > size:
        raise ModelError(
            f"{what}, which cannot be read: they are to be {length} bytes from byte {offset} on, "
            f"but the file has {size}; save the model with its data again"
        )
    return _Place(file=file, offset=offset, length=length)


def _number(entries: dict[str, str], key: str, default: int, what: str) -> int:
    """A number of bytes."""
    if key not in entries:
        return default
    text = entries[key]
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ModelError(
            f"{what}, but their {key}, {text[:40]!r}, is no number of bytes; save the model again"
        )
    return int(text)


def element_count(tensor: TensorProto) -> int:
    """Number of elements that a tensor declares; 0 if a size is negative."""
    return max(0, math.prod(tensor.dims)) if all(size >= 0 for size in tensor.dims) else 0

"""What data may come as: files, arrays in memory, or arrays that stay in files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..errors import DataError, reading
from ..npz import Header, open_arrays

Array = np.ndarray | str | PathLike[str]
"""An array, or the .npy file that holds it."""

Inputs = Array | Mapping[str, Array]
"""Samples of an only input, or for each input by its name."""

Data = Inputs | tuple[Inputs, Array]
"""Everything that data may come as; see `data_source`."""

LABELS = "y"
"""Name of the array of labels, where it has no place of its own."""

_ROWS = 1 << 12
"""Rows of an array whose digest is taken at a time."""


class Arrays(Protocol):
    """Named arrays that can be asked for their shape before they are read."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all arrays, sorted."""

    def header(self, name: str) -> Header:
        """Shape and type of an array."""

    def read(self, name: str) -> np.ndarray:
        """An array, or a view of the file that it stays in."""


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """Data for a network, not read yet.

    Parameters
    ----------
    what
        For messages, to stand within a sentence: "data file x.npz".
    file
        The .npz file; None for arrays.
    arrays
        Arrays and paths of .npy files, by name; None for an .npz file.
    labels
        Labels that came apart from the inputs.
    """

    what: str
    file: Path | None = None
    arrays: Mapping[str, np.ndarray | Path] | None = None
    labels: np.ndarray | Path | None = None

    @property
    def begin(self) -> str:
        """`what`, to begin a sentence."""
        return f"{self.what[0].upper()}{self.what[1:]}"

    @property
    def name(self) -> str:
        """For the report: a file's or folder's name without its folder, or "arrays"."""
        paths = [self.file] if self.file else [*(self.arrays or {}).values()]
        if len(paths) == 1 and self.labels is None and isinstance(paths[0], Path):
            return os.fsencode(paths[0].name).decode("utf-8", "replace")
        return "arrays"

    @cached_property
    def sha256(self) -> str:
        """Check sum in hexadecimal digits: of the file's bytes, or of names, types and values."""
        with reading(self.begin, DataError):
            if self.file is not None:
                with open(self.file, "rb") as file:
                    return hashlib.file_digest(file, "sha256").hexdigest()
            digest = hashlib.sha256()
            held = MappedArrays({**(self.arrays or {}), **self._apart}, self.what)
            for name in held.names:
                array = held.read(name)
                digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
                rows = array if array.ndim else array[None]
                for start in range(0, len(rows), _ROWS):
                    digest.update(np.ascontiguousarray(rows[start : start + _ROWS]).tobytes())
            return digest.hexdigest()

    @contextmanager
    def opened(self) -> Iterator[Arrays]:
        """The arrays, without labels that came apart.

        Raises
        ------
        DataError
            If a file is missing, damaged, or no file of arrays.
        """
        with reading(self.begin, DataError):
            if self.file is None:
                yield MappedArrays(self.arrays or {}, self.what)
                return
            with open_arrays(self.file, self.what, DataError) as archive:
                yield archive

    def read_labels(self) -> np.ndarray | None:
        """Labels that came apart from the inputs; None if there are none."""
        return MappedArrays(self._apart, self.what).read(LABELS) if self._apart else None

    @property
    def _apart(self) -> dict[str, np.ndarray | Path]:
        return {} if self.labels is None else {LABELS: self.labels}


class MappedArrays:
    """Arrays in memory, and arrays in .npy files, of which only what is used is read.

    Parameters
    ----------
    arrays
        Arrays, or their files, by name.
    what
        Name of all of them, for messages.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray | Path], what: str):
        self._arrays = arrays
        self._what = what

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all arrays, sorted."""
        return tuple(sorted(self._arrays))

    def header(self, name: str) -> Header:
        """Shape and type of an array; none of its data count as read."""
        array = self.read(name)
        return Header(shape=array.shape, dtype=array.dtype, fortran_order=False)

    def read(self, name: str) -> np.ndarray:
        """An array, or a view of the file that it stays in.

        Raises
        ------
        DataError
            If its file is missing, damaged, or no .npy file of numbers.
        """
        array = self._arrays[name]
        if isinstance(array, np.ndarray):
            return array
        with reading(f"Array '{name}' in {self._what}, file {array},", DataError):
            if not array.is_file():
                raise DataError(f"Array '{name}' in {self._what}: {array} is no file")
            # A plain array: what is computed from a part of it is no part of the file.
            return np.asarray(np.lib.format.open_memmap(array, mode="r"))


def data_source(data: Any) -> DataSource:
    """What is given as data, whichever form it has.

    Parameters
    ----------
    data
        - the path of an .npz file, which is read as a whole; of an .npy file with the samples of
          an only input; or of a folder of .npy files, NAME.npy for each input (x.npy for an only
          one) and perhaps y.npy. What is in .npy files stays there and may be larger than memory.
        - an array: the samples of an only input.
        - a dictionary of arrays, or of paths of .npy files, by the names of the inputs (or "x" for
          an only one), and perhaps "y".
        - a tuple (inputs, labels): an array, the path of an .npy file or a dictionary, and an array
          or the path of an .npy file.

        Whatever NumPy takes for an array by itself, such as a tensor of PyTorch, is one.

    Raises
    ------
    DataError
        If it is something else.
    """
    if isinstance(data, DataSource):
        return data
    if isinstance(data, str | PathLike):
        return _of_path(Path(data))
    if isinstance(data, tuple):
        if len(data) != 2:
            raise DataError(
                f"Data as a tuple must be (inputs, labels), not of {len(data)} elements; give "
                "several inputs as a dictionary by their names"
            )
        inputs, labels = data
        if isinstance(inputs, Mapping):
            arrays = _by_name(inputs)
        else:
            arrays = {"x": _array(inputs, "The inputs")}
        return DataSource(what="the data given", arrays=arrays, labels=_array(labels, "Labels"))
    if isinstance(data, Mapping):
        return DataSource(what="the data given", arrays=_by_name(data))
    return DataSource(what="the data given", arrays={"x": _array(data, "Data")})


def _of_path(path: Path) -> DataSource:
    if path.suffix == ".npy":
        return DataSource(what=f"data file {path}", arrays={"x": path})
    if not path.is_dir():
        return DataSource(what=f"data file {path}", file=path)
    files = {file.stem: file for file in sorted(path.glob("*.npy"))}
    if not files:
        raise DataError(
            f"Data folder {path} holds no .npy files; give a folder with NAME.npy for each input "
            "of the model, or an .npz file"
        )
    return DataSource(what=f"data folder {path}", arrays=files)


def _by_name(arrays: Mapping[Any, Any]) -> dict[str, np.ndarray | Path]:
    for name in arrays:
        if not isinstance(name, str):
            raise DataError(f"Data must name inputs by text, not by {name!r}")
    return {name: _array(array, f"Array '{name}' of the data") for name, array in arrays.items()}


def _array(value: Any, what: str) -> np.ndarray | Path:
    if isinstance(value, str | PathLike):
        path = Path(value)
        if path.suffix != ".npy":
            raise DataError(f"{what} must be an array or an .npy file, not the path '{path}'")
        return path
    if not hasattr(value, "__array__"):
        raise DataError(
            f"{what} must be an array, or a path, a tuple (inputs, labels) or a dictionary of "
            f"arrays by input where these are asked for, not {type(value).__name__}"
        )
    with reading(what, DataError, "give a NumPy array"):
        return np.asarray(value)

"""Reads NumPy .npz archives that may be damaged or hostile.

An archive tells three times how large an array is: in its own directory, in the array's header, and
by the data. They are compared before anything is allocated, so that an archive can ask for no more
memory than the budget allows, and an array is what its header says. Nothing is unpickled.
"""

from __future__ import annotations

import math
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import IO

import numpy as np

from .budget import need_memory
from .errors import NnhwError, first_line

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What NumPy writes. Other methods make a gigabyte of a few hundred bytes."""

_LONGEST_HEADER = 10_000
_ENCRYPTED = 1


@dataclass(frozen=True, kw_only=True)
class Header:
    """What an archive says about one of its arrays.

    Parameters
    ----------
    shape
        Sizes, each at least 0.
    dtype
        Never one of Python objects.
    fortran_order
        Whether the first axis is the innermost one in the file.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    fortran_order: bool

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.size * self.dtype.itemsize


class ArrayArchive:
    """An open .npz archive, whose arrays are read one by one.

    Parameters
    ----------
    archive
        The zip file.
    what
        Name of the file for messages, to stand within a sentence: "data file x.npz".
    kind
        What is raised.
    """

    def __init__(self, archive: zipfile.ZipFile, what: str, kind: type[NnhwError]):
        self._archive = archive
        self._what = what
        self._kind = kind
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if name in self._members:
                raise kind(f"{what[0].upper()}{what[1:]} holds two arrays '{name}'")
            self._members[name] = info

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all members, sorted."""
        return tuple(sorted(self._members))

    def header(self, name: str) -> Header:
        """Shape and type of an array.

        Raises
        ------
        NnhwError
            Of the archive's kind, if the member is no array, or is not as long as it says.
        """
        with self._open(name) as stream:
            return self._header(name, stream)

    def read(self, name: str) -> np.ndarray:
        """An array.

        Raises
        ------
        NnhwError
            Of the archive's kind, as `header`, or if the data are damaged.
        BudgetError
            If it takes more memory than the budget.
        """
        with self._open(name) as stream:
            header = self._header(name, stream)
            need_memory(f"Array '{name}' of shape {header.shape} in {self._what}", header.nbytes)
            flat = np.empty(header.size, header.dtype)
            left = flat.view(np.uint8).data if header.nbytes else memoryview(b"")
            while len(left):
                count = stream.readinto(left[: 1 << 20])  # type: ignore[attr-defined]
                if not count:
                    raise self._error(name, "its data end too early")
                left = left[count:]
            stream.read()  # compares the checksum
            if header.fortran_order:
                return flat.reshape(header.shape[::-1]).transpose()
            return flat.reshape(header.shape)

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        info = self._members[name]
        if info.flag_bits & _ENCRYPTED:
            raise self._error(name, "it is encrypted: write it without a password")
        if info.compress_type not in _METHODS:
            raise self._error(
                name, "it is compressed in a way that NumPy does not use: write it with numpy.savez"
            )
        try:
            with self._archive.open(info) as stream:
                yield stream
        except (NnhwError, MemoryError):
            raise
        except Exception as error:
            raise self._error(name, first_line(error)) from error

    def _header(self, name: str, stream: IO[bytes]) -> Header:
        try:
            header = _read_header(stream)
        except Exception as error:
            reason = first_line(error) if isinstance(error, ValueError) else "its header is damaged"
            raise self._error(name, f"it is no NumPy array ({reason})") from error
        info = self._members[name]
        if header.dtype.hasobject:
            raise self._error(
                name, "it holds Python objects, which is not allowed: give it a type of numbers"
            )
        length = info.file_size - stream.tell()
        if header.nbytes != length or (header.size and not header.dtype.itemsize):
            raise self._error(
                name,
                f"its header says shape {header.shape} of {header.dtype}, which are "
                f"{header.nbytes} bytes, but {length} bytes follow",
            )
        return header

    def _error(self, name: str, reason: str) -> NnhwError:
        return self._kind(f"Array '{name}' in {self._what} cannot be read: {reason}")


@contextmanager
def open_arrays(
    path: str | PathLike[str], what: str, kind: type[NnhwError]
) -> Iterator[ArrayArchive]:
    """Open an .npz archive.

    Parameters
    ----------
    path
        The file.
    what, kind
        See `ArrayArchive`.

    Raises
    ------
    NnhwError
        Of `kind`: if the file is missing or is no archive.
    """
    begin = f"{what[0].upper()}{what[1:]}"
    if Path(path).is_dir():
        raise kind(f"{begin} is a folder; give the .npz file in it")
    if not Path(path).is_file():
        raise kind(f"{begin} does not exist")
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise kind(f"{begin} is not an .npz archive: write it with numpy.savez") from error
    except OSError as error:
        raise kind(f"{begin} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # a damaged directory
        raise kind(f"{begin} cannot be read: {first_line(error)}") from error
    with archive:
        yield ArrayArchive(archive, what, kind)


def _read_header(stream: IO[bytes]) -> Header:
    """The header in front of an array's data; raises ValueError and others if it is none."""
    version = np.lib.format.read_magic(stream)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"version {version} of the format is unknown")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that Python 2 wrote
        try:
            shape, fortran_order, dtype = read(stream, max_header_size=_LONGEST_HEADER)
        except (MemoryError, RecursionError) as error:  # of the parser, not of the machine
            raise ValueError("its header is nested too deeply") from error
    if not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(f"its shape {shape} is not one of whole numbers")
    return Header(shape=shape, dtype=dtype, fortran_order=bool(fortran_order))

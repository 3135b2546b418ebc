"""SHA256SUMS: checksums of a design's data files, in the format of the program sha256sum.

A design is its files together: the golden model, the vectors and the Verilog agree because one
build made them. A file that has changed since gives answers that nothing stands behind. Only the
Verilog is there to be edited: whoever does so wants to simulate and to synthesize the result.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import ExportError
from .files import file_inside
from .schema import SchemaError, file_path

CHECKSUM_FILE = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
_LEFT_OUT = frozenset({CHECKSUM_FILE, "report.json", "report.html", "datasheet.html"})
"""Synthesis writes its results into the report."""
_MOST_BYTES = 16 << 20


def write_checksums(folder: Path) -> None:
    """Write SHA256SUMS over all files of a new design, except its report."""
    names = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    lines = [f"{sha256_of(folder / name)}  {name}\n" for name in names if name not in _LEFT_OUT]
    (folder / CHECKSUM_FILE).write_text("".join(lines), encoding="utf-8")


def verify_checksums(folder: Path, needed: Iterable[str] = ()) -> tuple[str, ...]:
    """Compare a design's files with SHA256SUMS; returns the Verilog files that were edited.

    Parameters
    ----------
    needed
        Files, as the manifest names them, that have to be listed.

    Raises
    ------
    ExportError
        If another file than Verilog in rtl/ has changed, one is missing or not listed, or there is
        no SHA256SUMS; names the file.
    """
    sums = _read(folder)
    for name in needed:
        if name not in sums:
            raise ExportError(
                f"'{folder / CHECKSUM_FILE}' does not list '{name}'; build the design again"
            )
    edited = []
    for name, digest in sums.items():
        path = file_inside(folder, name, named_in=CHECKSUM_FILE)
        try:
            changed = sha256_of(path) != digest
        except OSError as error:
            raise ExportError(f"'{path}' cannot be read: {error.strerror}") from None
        if changed and not (name.startswith("rtl/") and name.endswith(".v")):
            raise ExportError(
                f"'{path}' has changed since the design was built: its checksum is not that in "
                f"{CHECKSUM_FILE}; build the design again"
            )
        if changed:
            edited.append(name)
    return tuple(edited)


def _read(folder: Path) -> dict[str, str]:
    """Digests by file."""
    path = folder / CHECKSUM_FILE
    try:
        if not path.is_file():
            raise ExportError(
                f"'{path}' is missing, so that nobody can tell whether the design is whole; "
                "build the design again"
            )
        if path.stat().st_size > _MOST_BYTES:
            raise SchemaError(f"it has more than {_MOST_BYTES >> 20} MiB")
        lines = path.read_text(encoding="utf-8").splitlines()
        sums = {}
        for number, line in enumerate(lines, 1):
            if not (found := _LINE.fullmatch(line)):
                raise SchemaError(f"line {number} is no checksum and file")
            file_path(found[2], f"line {number}")
            sums[found[2]] = found[1]
    except OSError as error:
        raise ExportError(f"'{path}' cannot be read: {error.strerror}") from None
    except (SchemaError, ValueError) as error:
        raise ExportError(f"'{path}' is damaged ({error}); build the design again") from None
    return sums


def sha256_of(path: Path) -> str:
    """Checksum of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

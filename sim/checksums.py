"""Compares the design's files with SHA256SUMS, as `sha256sum -c SHA256SUMS` in its folder does.

The vectors, the testbench and the manifest go with the Verilog that one build made. If one of them
has changed, a comparison says nothing. The Verilog itself may be edited: then it is said.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

CHECKSUM_FILE = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


class ChecksumError(Exception):
    """A file has changed, or is missing; the message names it."""


def edited_files(folder: Path) -> list[str]:
    """Verilog files in rtl/ that have changed since the design was built.

    Raises
    ------
    ChecksumError
        If another file has changed or is missing, or there is no SHA256SUMS.
    """
    sums = folder / CHECKSUM_FILE
    try:
        lines = sums.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ChecksumError(f"'{sums}' cannot be read ({error}); build the design again") from None
    edited = []
    for number, line in enumerate(lines, 1):
        if not (found := _LINE.fullmatch(line)):
            raise ChecksumError(
                f"Line {number} of '{sums}' is no checksum and file; build the design again"
            )
        digest, name = found.groups()
        path = folder / name
        try:
            with path.open("rb") as file:
                changed = hashlib.file_digest(file, "sha256").hexdigest() != digest
        except (OSError, ValueError) as error:
            raise ChecksumError(f"'{path}' cannot be read ({error})") from None
        if not changed:
            continue
        if not name.startswith("rtl/") or not name.endswith(".v"):
            raise ChecksumError(
                f"'{path}' has changed since the design was built: its checksum is not that in "
                f"{CHECKSUM_FILE}; build the design again"
            )
        edited.append(name)
    return edited

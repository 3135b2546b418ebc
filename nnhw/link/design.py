"""What both ends of the link have to know of an exported design."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from ..errors import ExportError
from .protocol import DIGEST_BYTES


@dataclass(frozen=True, kw_only=True)
class LinkedDesign:
    """An exported design as seen from its streams.

    Parameters
    ----------
    name
    sources
        Verilog files of the accelerator; its top module has the design's name.
    digest
        `DIGEST_BYTES` of the SHA-256 of all sources and the files that they read: two designs that
        differ in anything have different digests.
    input_beat_bytes, output_beat_bytes
        Bytes of a beat.
    input_bytes, output_bytes
        Bytes of a frame in whole beats.
    """

    name: str
    sources: tuple[Path, ...]
    digest: bytes
    input_beat_bytes: int
    input_bytes: int
    output_beat_bytes: int
    output_bytes: int


def load_linked_design(folder: str | PathLike[str]) -> LinkedDesign:
    """Read the manifest and the sources of an exported design.

    Raises
    ------
    ExportError
        If the folder holds no design.
    """
    folder = Path(folder)
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text())
        sources = tuple(folder / source for source in manifest["sources"])
        digest = hashlib.sha256()
        for file in (*sources, *(folder / name for name in manifest["memory_files"])):
            digest.update(file.read_bytes())
        return LinkedDesign(
            name=manifest["top"],
            sources=sources,
            digest=digest.digest()[:DIGEST_BYTES],
            input_beat_bytes=manifest["input"]["stream_bytes"],
            input_bytes=_in_beats(manifest["input"]),
            output_beat_bytes=manifest["output"]["stream_bytes"],
            output_bytes=_in_beats(manifest["output"]),
        )
    except OSError as error:
        raise ExportError(
            f"'{error.filename}' cannot be read ({error.strerror}): '{folder}' is not a complete"
            " design; build it with 'nnhw build'"
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise ExportError(
            f"'{path}' is not the manifest of a design of this version: {error!r}; build it again"
        ) from error


def _in_beats(stream: Mapping[str, int]) -> int:
    """Bytes of a frame with all lanes of its last beat."""
    return -(-stream["frame_bytes"] // stream["stream_bytes"]) * stream["stream_bytes"]

"""An exported folder as all commands see it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import ExportError
from ..plugins import load_required
from .checksums import verify_checksums
from .exchange import restore_folder
from .files import check_links, file_inside
from .manifest import MANIFEST_FILE, read_manifest

GOLDEN_FILE = "golden.npz"
"""The integer graph in an exported design."""
VECTORS_FILE = "sim/vectors.npz"


@dataclass(frozen=True, kw_only=True)
class ExportedDesign:
    """An exported folder that has been checked.

    Parameters
    ----------
    folder
        The folder that manifest.json is in.
    manifest
        All of manifest.json.
    edited
        Verilog files that have changed since the build, relative to the folder.
    """

    folder: Path
    manifest: Mapping[str, Any]
    edited: tuple[str, ...] = ()

    @property
    def top(self) -> str:
        """Name of the top module."""
        return self.manifest["top"]

    @property
    def clock(self) -> str:
        """The top module's clock input."""
        return self.manifest["clock"]

    @property
    def clocks(self) -> tuple[str, ...]:
        """All clock inputs: the streams may have one of their own."""
        return tuple(dict.fromkeys((self.clock, self.manifest.get("stream_clock", self.clock))))

    @property
    def sources(self) -> tuple[Path, ...]:
        """Verilog files."""
        return self._files("sources")

    @property
    def memory_files(self) -> tuple[Path, ...]:
        """Files that the Verilog reads with $readmemh."""
        return self._files("memory_files")

    @property
    def networks(self) -> tuple[str, ...]:
        """Folders, in this one, of the other networks of a programmable design."""
        return tuple(self.manifest.get("networks", ()))

    @property
    def technology(self) -> str:
        """Whose cells the Verilog instantiates; "portable" if it instantiates none."""
        return self.manifest.get("target", "portable")

    @property
    def device(self) -> str | None:
        """Name of the device that it was built for; None if it is for none in particular."""
        device = self.manifest.get("device")
        return device["target"] if device else None

    @property
    def latency_cycles(self) -> int:
        """Clock cycles from a frame's first input beat to its last output beat."""
        return self.manifest["latency_cycles"]

    @property
    def interval_cycles(self) -> int:
        """Clock cycles from frame to frame."""
        return self.manifest["interval_cycles"]

    @property
    def golden(self) -> Path:
        """The golden model's graph.

        Raises
        ------
        ExportError
            If there is none.
        """
        return file_inside(self.folder, GOLDEN_FILE, named_in=MANIFEST_FILE)

    @property
    def vectors(self) -> Path:
        """The test vectors.

        Raises
        ------
        ExportError
            If there are none.
        """
        path = self.folder / VECTORS_FILE
        if not path.is_file():
            raise ExportError(f"'{path}' is missing; build the design again")
        return file_inside(self.folder, VECTORS_FILE, named_in=MANIFEST_FILE)

    @property
    def digest(self) -> bytes:
        """SHA-256 of all sources and the files that they read: two designs that differ in any of
        them have different ones.

        Raises
        ------
        ExportError
            If one of them cannot be read.
        """
        digest = hashlib.sha256()
        for path in (*self.sources, *self.memory_files):
            try:
                digest.update(path.read_bytes())
            except OSError as error:
                raise ExportError(f"'{path}' cannot be read: {error.strerror}") from None
        return digest.digest()

    def _files(self, key: str) -> tuple[Path, ...]:
        return tuple(self.folder / name for name in self.manifest.get(key, ()))


def read_design(folder: str | PathLike[str]) -> ExportedDesign:
    """Read an exported folder, and check that it is whole.

    A build that was killed while it replaced this folder is undone first (`restore_folder`).

    Raises
    ------
    ExportError
        If the folder holds no design, a file of it is missing or leads out of it, an entry of
        manifest.json has a wrong type or value, a data file has changed since the build, or a
        plug-in that it needs is not installed. Names the file, and the key.
    PluginError
        If such a plug-in is broken.
    """
    folder = Path(folder)
    try:
        restore_folder(folder, is_design)
        folder = folder.resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise ExportError(f"'{folder}' cannot be read: {error}") from None
    manifest = read_manifest(folder)
    check_links(folder)
    names = [MANIFEST_FILE, *_named_files(manifest)]
    for name in names:
        file_inside(folder, name, named_in=MANIFEST_FILE)
    data = [name for name in (GOLDEN_FILE, VECTORS_FILE) if (folder / name).exists()]
    load_required(manifest.get("plugins", ()), f"'{folder}'")
    edited = verify_checksums(folder, [*names, *data])
    return ExportedDesign(folder=folder, manifest=manifest, edited=edited)


def is_design(folder: Path) -> bool:
    """Whether a folder is a design that nnhw made: its manifest is one, and its files are there."""
    try:
        manifest = read_manifest(folder)
        for name in (GOLDEN_FILE, *_named_files(manifest)):
            file_inside(folder, name, named_in=MANIFEST_FILE)
    except ExportError:
        return False
    return True


def _named_files(manifest: Mapping[str, Any]) -> list[str]:
    lists = [manifest.get(key, ()) for key in ("sources", "memory_files", "cell_models")]
    load = manifest.get("load") or {}
    return [*chain(*lists), *(load[key] for key in ("image", "machine") if key in load)]

"""The exported design, as synthesis sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import ExportError


@dataclass(frozen=True, kw_only=True)
class ExportedDesign:
    """An exported folder.

    Parameters
    ----------
    folder
        The folder that manifest.json is in.
    manifest
        All of manifest.json.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def top(self) -> str:
        """Name of the top module."""
        return self.manifest["top"]

    @property
    def clock(self) -> str:
        """The top module's clock input."""
        return self.manifest["clock"]

    @property
    def sources(self) -> tuple[Path, ...]:
        """Verilog files."""
        return tuple(self.folder / source for source in self.manifest["sources"])

    @property
    def memory_files(self) -> tuple[Path, ...]:
        """Files that the Verilog reads with $readmemh."""
        return tuple(self.folder / file for file in self.manifest.get("memory_files", ()))

    @property
    def technology(self) -> str:
        """Whose cells the Verilog instantiates; "portable" if it instantiates none."""
        return self.manifest.get("target", "portable")

    @property
    def latency_cycles(self) -> int:
        """Clock cycles from a frame's first input beat to its last output beat."""
        return self.manifest["latency_cycles"]

    @property
    def interval_cycles(self) -> int:
        """Clock cycles from frame to frame."""
        return self.manifest["interval_cycles"]


def read_design(folder: str | PathLike[str]) -> ExportedDesign:
    """Read an exported folder.

    Raises
    ------
    ExportError
        If its manifest or a source is missing or damaged.
    """
    folder = Path(folder).resolve()
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text())
    except FileNotFoundError:
        raise ExportError(f"'{path}' is missing: '{folder}' is not an exported design") from None
    except ValueError as error:
        raise ExportError(f"'{path}' is damaged ({error}); export the design again") from None
    wanted = ("top", "clock", "sources", "latency_cycles", "interval_cycles")
    if not isinstance(manifest, dict) or not all(name in manifest for name in wanted):
        raise ExportError(f"'{path}' lacks one of {', '.join(wanted)}; export the design again")
    design = ExportedDesign(folder=folder, manifest=manifest)
    for source in (*design.sources, *design.memory_files):
        if not source.is_file():
            raise ExportError(f"'{source}' is named in '{path}' but missing")
    return design

"""Small folders of the kind that `nnhw build` writes, for tests that need no network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nnhw.design import write_checksums

MANIFEST: dict[str, Any] = {
    "name": "net",
    "top": "net",
    "clock": "clk",
    "nnhw_version": "0",
    "sources": ["rtl/net.v"],
    "memory_files": [],
    "input": {"shape": [1, 1, 13], "stream_bytes": 4, "frame_bytes": 13},
    "output": {"shape": [1, 1, 3], "stream_bytes": 2, "frame_bytes": 3},
    "inputs": [{"name": "x", "shape": [1, 1, 13], "offset": 0}],
    "outputs": [{"name": "y", "shape": [1, 1, 3], "offset": 0}],
    "mac_units": 2,
    "latency_cycles": 300,
    "interval_cycles": 200,
    "layers": [],
    "trace": {"valid": "1'b0", "layer": "16'd0", "count": "16'd0", "data": "1'b0", "lanes": 1},
}


def write_folder(
    folder: Path, files: dict[str, str] | None = None, *, sums: bool = True, **changes: Any
) -> Path:
    """Write a design into `folder`, which is returned.

    Parameters
    ----------
    files
        Texts by path, beside a golden model that is none; by default a module without contents.
    sums
        Whether to write SHA256SUMS.
    changes
        Entries of manifest.json other than those of `MANIFEST`.
    """
    texts = {"golden.npz": "", "rtl/net.v": "module net; endmodule\n"} | (files or {})
    texts["manifest.json"] = json.dumps(MANIFEST | changes)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if sums:
        write_checksums(folder)
    return folder


def change_manifest(folder: Path, **entries: Any) -> None:
    """Change entries of manifest.json, as somebody would who brings SHA256SUMS up to date."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))
    write_checksums(folder)

"""Reads manifest.json, of whomever's making, and checks all of it that anybody uses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import ExportError
from ..options import (
    BUSES,
    CLOCKS,
    IOS,
    MEMORY_ADDRESS_BITS,
    MEMORY_DATA_BITS,
    MOST_TAG_BITS,
    RESETS,
)
from .schema import (
    SchemaError,
    boolean,
    choice,
    file_path,
    identifier,
    integer,
    items,
    mapping,
    optional,
    positive_number,
    record,
    signal,
    text,
)

MANIFEST_FILE = "manifest.json"
_MOST_BYTES = 64 << 20

_size = integer(1, 1 << 40)
_offset = integer(0, 1 << 40)
_stream_bytes = integer(1, 4096)
_cycles = integer(1, 1 << 60)
_shape = items(integer(1, 1 << 31), fewest=3, most=3)
_number = {
    "onnx_shape": items(integer(0, 1 << 40), most=32),
    "layout": text,
    "dtype": text,
    "bits": integer(1, 32),
    "scale": optional(positive_number),
    "zero_point": integer(-(1 << 31), 1 << 31),
}
_stream = record({"shape": _shape, "stream_bytes": _stream_bytes, "frame_bytes": _size}, _number)
_port = record({"name": text, "shape": _shape, "offset": _offset}, _number)
_block = record(
    {
        "offset": _offset,
        "rows": _size,
        "columns": _size,
        "run": _size,
        "pixel_gap": _offset,
        "row_gap": _offset,
    }
)
_layer = record(
    {"name": text, "shape": _shape}, {"strips": items(_size), "block": optional(_block)}
)
_trace = record(
    {
        "valid": signal,
        "layer": signal,
        "count": signal,
        "data": signal,
        "lanes": integer(1, 1 << 16),
    },
    dict.fromkeys(
        ("input", "output"),
        record(dict.fromkeys(("valid", "ready", "data", "last"), signal)),
    ),
)
_load = record(
    {
        "image": file_path,
        "machine": file_path,
        "machine_sha256": text,
        "address_bits": integer(1, 40),
        "control": integer(0, 1 << 40),
    },
    {
        "banks": integer(1, 2),
        "registers": optional(
            record(dict.fromkeys(("control", "address", "data"), integer(0, 1 << 32)))
        ),
    },
)
_memory = record(
    {
        "instance": signal,
        "module": identifier,
        "kind": choice("rom", "ram"),
        "depth": _size,
        "width": _size,
        "latency": integer(1, 1 << 16),
        "ports": items(identifier, fewest=2),
        "contents": optional(file_path),
        "init": choice("initial", "logic", "none"),
    }
)
_top_port = record(
    {
        "name": identifier,
        "direction": choice("input", "output"),
        "width": _size,
        "interface": optional(identifier),
        "role": text,
    }
)
_plugin = record({"group": text, "name": text, "package": text, "version": text, "needed": boolean})
_check_manifest = record(
    {
        "name": identifier,
        "top": identifier,
        "clock": identifier,
        "nnhw_version": text,
        "sources": items(file_path, fewest=1),
        "input": _stream,
        "output": _stream,
        "inputs": items(_port, fewest=1),
        "outputs": items(_port, fewest=1),
        "mac_units": _size,
        "latency_cycles": _cycles,
        "interval_cycles": _cycles,
        "layers": items(_layer),
        "trace": _trace,
    },
    {
        "reset": identifier,
        "stream_clock": identifier,
        "frame_error": optional(identifier),
        "load": optional(_load),
        "networks": items(file_path, most=100),
        "memory_files": items(file_path),
        "memories": items(_memory),
        "packaging": items(file_path),
        "ports": items(_top_port),
        "constraint_files": items(file_path),
        "cell_models": items(file_path),
        "target": identifier,
        "device": optional(record({"target": text})),
        "model_sha256": text,
        "plugins": items(_plugin),
        "host_postprocess": items(text),
        "macs": _offset,
        "rows": _size,
        "cols": _size,
        "engine": mapping,
        "shell": record(
            {"reset": choice(*RESETS)},
            {
                "keep": optional(
                    record({side: optional(items(_size)) for side in ("inputs", "outputs")})
                ),
                "tag_bits": integer(0, MOST_TAG_BITS),
                "idle": boolean,
                "clocks": choice(*CLOCKS),
                "bus": optional(choice(*BUSES)),
                "bus_errors": boolean,
                "io": choice(*IOS),
                "memory_data_bits": integer(MEMORY_DATA_BITS[0], MEMORY_DATA_BITS[-1]),
                "memory_address_bits": integer(MEMORY_ADDRESS_BITS[0], MEMORY_ADDRESS_BITS[-1]),
                "memory_cache": integer(0, 15),
                "memory_prot": integer(0, 7),
                "address_bits": integer(2, 32),
                "descriptor_entries": integer(2, 255),
            },
        ),
    },
)


def read_manifest(folder: Path) -> dict[str, Any]:
    """manifest.json of an exported folder; the types and ranges of its entries are as they must be.

    Names are Verilog identifiers, paths are relative and stay in the folder: there is nothing in
    them that a tool or a shell could take for anything else.

    Raises
    ------
    ExportError
        If it is missing, damaged or of another form; names file and key.
    """
    path = folder / MANIFEST_FILE
    try:
        if not path.is_file():
            raise ExportError(f"'{path}' is missing: '{folder}' is not an exported design")
        if path.stat().st_size > _MOST_BYTES:
            raise SchemaError(f"it has more than {_MOST_BYTES >> 20} MiB")
        manifest = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except OSError as error:
        raise ExportError(f"'{path}' cannot be read: {error.strerror}") from None
    except (SchemaError, ValueError, RecursionError) as error:
        raise ExportError(f"'{path}' is damaged ({error}); build the design again") from None
    try:
        _check_manifest(manifest, "")
    except SchemaError as problem:
        raise ExportError(
            f"'{path}' is not the manifest of a design of this version: {problem}; "
            "build the design again"
        ) from None
    return manifest


def _refuse_constant(name: str) -> None:
    raise SchemaError(f"{name} is no number of JSON")

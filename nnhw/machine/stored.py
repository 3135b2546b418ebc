"""Machines in files, and what tells one from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import ExportError, MappingError
from ..isa import (
    DrainInstruction,
    FetchInstruction,
    FieldLayout,
    InstructionLayout,
    Operation,
    ParameterMode,
    ResidualInstruction,
    WriteBackInstruction,
    field_docs,
)
from .config import EngineConfig
from .limits import Datapath, Limits, Widths
from .machine import Machine

MACHINE_FILE = "machine.json"
"""The machine of an exported programmable design."""

_MOST_BYTES = 1 << 20
_MOST = 1 << 30
_KINDS = {
    "fetch": FetchInstruction,
    "drain": DrainInstruction,
    "write-back": WriteBackInstruction,
    "residual": ResidualInstruction,
}


def machine_to_dict(machine: Machine) -> dict[str, Any]:
    """A machine as plain values for JSON."""
    limits = {f.name: getattr(machine.limits, f.name) for f in fields(Limits)}
    limits["layouts"] = {
        kind: {
            name: {"width": place.width, "constant": place.constant}
            for name, place in layout.fields.items()
        }
        for kind, layout in machine.limits.layouts.items()
    }
    datapath = {f.name: getattr(machine.datapath, f.name) for f in fields(Datapath)}
    datapath["widths"] = vars(machine.datapath.widths)
    return {
        "config": machine.config.to_dict(),
        "limits": {name: _plain(value) for name, value in limits.items()},
        "datapath": {name: _plain(value) for name, value in datapath.items()},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(int(item) for item in value)
    return list(value) if isinstance(value, tuple) else value


def machine_sha256(machine: Machine, *, has_registers: bool = False) -> str:
    """SHA-256 of all that a machine is, in hexadecimal digits: images are for just one.

    `has_registers`: whether registers are loaded with it, which images have to have words for.
    """
    stored = machine_to_dict(machine) | ({"registers": 1} if has_registers else {})
    text = json.dumps(stored, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def write_machine(machine: Machine, path: str | PathLike[str]) -> None:
    """Write a machine to a file."""
    text = json.dumps(machine_to_dict(machine), indent=2)
    Path(path).write_text(text + "\n", encoding="utf-8")


def read_machine(path: str | PathLike[str]) -> Machine:
    """Read a machine from a file.

    Raises
    ------
    ExportError
        If it is missing, damaged or of another version of nnhw; names the entry.
    """
    path = Path(path)
    if not path.exists():
        raise ExportError(
            f"'{path}' is missing: '{path.parent}' is not the folder of a programmable design"
        )
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES >> 10} KiB")
        return _machine(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ExportError(f"'{path}' cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, MappingError, RecursionError) as error:
        raise ExportError(
            f"'{path}' is not the machine of a design of this version ({error}); build the design "
            "again"
        ) from None


def _machine(stored: Any) -> Machine:
    limits, datapath = dict(_table(stored, "limits")), dict(_table(stored, "datapath"))
    layouts = _table(limits, "layouts")
    if not {"fetch", "drain", "write-back"} <= set(layouts) <= set(_KINDS):
        raise ValueError(f"'layouts' has {', '.join(layouts)}")
    config = EngineConfig(**_table(stored, "config"))
    widths = dict(_table(datapath, "widths"))
    return Machine.fit(
        config,
        _made(
            Limits,
            limits,
            layouts={kind: _layout(_KINDS[kind], layouts[kind]) for kind in layouts},
            operations=lambda value: frozenset(Operation(item) for item in value),
            parameter_modes=lambda value: frozenset(ParameterMode(item) for item in value),
            output_counts=lambda value: frozenset(_numbers(value)),
            residual_shifts=lambda value: tuple(_numbers(value)),
            combinations=lambda value: tuple(_text(item) for item in value),
        ),
        _made(
            Datapath,
            datapath,
            widths=_made(Widths, widths),
            shifts=lambda value: tuple(_numbers(value)),
        ),
    )


def _table(stored: Any, name: str) -> Mapping[str, Any]:
    found = stored[name]
    if not isinstance(found, dict):
        raise ValueError(f"'{name}' is no object")
    return found


def _made(kind: type, stored: Mapping[str, Any], **known: Any) -> Any:
    """A dataclass from its fields: numbers and truth values, or as `known` says."""
    values = {}
    for f in fields(kind):
        if f.name not in stored and f.default is MISSING:
            raise ValueError(f"'{f.name}' is missing")
        how = known.get(f.name)
        if callable(how):
            values[f.name] = how(stored[f.name])
        elif how is not None:
            values[f.name] = how
        elif f.type == "bool":
            values[f.name] = _truth(stored[f.name], f.name)
        else:
            values[f.name] = _number(stored[f.name], f.name)
    return kind(**values)


def _layout(kind: type, stored: Mapping[str, Any]) -> InstructionLayout:
    places: dict[str, FieldLayout] = {}
    offset = 0
    for name, (_, signed) in field_docs(kind).items():
        entry = stored[name]
        width, constant = _number(entry["width"], name), entry["constant"]
        if not 1 <= width <= 64 or not (constant is None or type(constant) is int):
            raise ValueError(f"'{name}' is {width} bits, constant {constant}")
        places[name] = FieldLayout(
            name=name,
            signed=signed,
            width=width,
            offset=offset if constant is None else None,
            constant=constant,
        )
        offset += width if constant is None else 0
    return InstructionLayout(kind, places)


def _number(value: Any, name: str) -> int:
    if type(value) is not int or not 0 <= value <= _MOST:
        raise ValueError(f"'{name}' must be a whole number, not {value!r}")
    return value


def _numbers(values: Any) -> list[int]:
    return [_number(value, "an entry") for value in values]


def _truth(value: Any, name: str) -> bool:
    if type(value) is not bool:
        raise ValueError(f"'{name}' must be true or false, not {value!r}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no name")
    return value

"""All that the costs of a program depend on, so that they need to be found out only once."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ...mapping import Program

_PACKAGE = Path(__file__).parents[2]


def cost_facts(program: Program) -> list[object]:
    """The program, every source file of nnhw, and the versions of the tools behind it.

    Equal facts have an equal `repr`, different ones do not.
    """
    sources = hashlib.sha256()
    for file in sorted(_PACKAGE.rglob("*")):
        if file.suffix in (".py", ".v"):
            sources.update(file.read_bytes())
    machine, image = _distinct(program.machine), _distinct(program.image)
    return [sources.hexdigest(), version("amaranth"), version("pyosys"), machine, image]


def _distinct(value: object) -> object:
    """A value whose `repr` is all of it, and always the same."""
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, hashlib.sha256(value.tobytes()).hexdigest())
    if isinstance(value, type):
        return value.__name__
    if is_dataclass(value):
        return [_distinct(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, tuple):
        return [_distinct(element) for element in value]
    if isinstance(value, dict):
        return {name: _distinct(element) for name, element in value.items()}
    return sorted(value) if isinstance(value, frozenset) else value

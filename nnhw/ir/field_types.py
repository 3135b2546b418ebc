"""Whether a value is what a field of a dataclass says: for values that come from files."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np


def wrong_field(instance: Any) -> str | None:
    """Name of the first field whose value is not of the field's type; None if there is none."""
    kind: Any = type(instance)
    hints = _hints(kind)
    for field in dataclasses.fields(instance):
        if not _fits(getattr(instance, field.name), hints[field.name]):
            return field.name
    return None


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, argument) for argument in arguments)
    if origin is Literal:
        return value in arguments
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if arguments[1:] == (...,):
            return all(_fits(item, arguments[0]) for item in value)
        return len(value) == len(arguments) and all(map(_fits, value, arguments))
    if origin is not None and issubclass(origin, Mapping):
        return isinstance(value, dict) and all(
            _fits(key, arguments[0]) and _fits(item, arguments[1]) for key, item in value.items()
        )
    if hint is Any:
        return True
    if hint is int:
        return type(value) is int
    if hint is float:
        return type(value) in (int, float)
    if hint is np.ndarray:
        return isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
    return isinstance(value, hint)

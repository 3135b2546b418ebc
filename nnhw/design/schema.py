"""Checks of values that come from JSON: each says where a value is, and what it has to be."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

Check = Callable[[Any, str], None]
"""Told a value and the key that it stands under; raises `SchemaError` if it is wrong."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")
_FILE_PART = re.compile(r"[A-Za-z0-9_.+-]{1,255}")
_SIGNAL = re.compile(r"[A-Za-z0-9_.'{}\[\]:, ]{1,100000}")
_SHOWN = 60


class SchemaError(Exception):
    """A value is not what it has to be; the message says which, and what it should be."""


def refuse(value: Any, key: str, wanted: str) -> SchemaError:
    """The problem that `value` under `key` is not `wanted`."""
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
    return SchemaError(f"'{key}' must be {wanted}, not {shown}")


def text(value: Any, key: str) -> None:
    """Any text."""
    if not isinstance(value, str):
        raise refuse(value, key, "text")


def identifier(value: Any, key: str) -> None:
    """A name that is one in Verilog without an escape."""
    if not isinstance(value, str) or not _IDENTIFIER.fullmatch(value):
        raise refuse(value, key, "a Verilog identifier")


def signal(value: Any, key: str) -> None:
    """A Verilog expression of names, selections, concatenations and constants: no calls."""
    if not isinstance(value, str) or not _SIGNAL.fullmatch(value):
        raise refuse(value, key, "a Verilog expression of signals")


def file_path(value: Any, key: str) -> None:
    """A relative path that stays in its folder, of letters, digits and ._+- between slashes."""
    wanted = "a relative path inside the design's folder, of letters, digits and any of '._+-'"
    if not isinstance(value, str) or value != PurePosixPath(value or "/").as_posix():
        raise refuse(value, key, wanted)
    for part in value.split("/"):
        if not _FILE_PART.fullmatch(part) or part in (".", "..") or part.startswith("-"):
            raise refuse(value, key, wanted)


def integer(low: int, high: int) -> Check:
    """A whole number from `low` to `high`."""

    def check(value: Any, key: str) -> None:
        if type(value) is not int or not low <= value <= high:
            raise refuse(value, key, f"a whole number from {low} to {high}")

    return check


def positive_number(value: Any, key: str) -> None:
    """A finite number above zero."""
    if type(value) not in (int, float) or not math.isfinite(value) or value <= 0:
        raise refuse(value, key, "a number above zero")


def number(value: Any, key: str) -> None:
    """A finite number."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise refuse(value, key, "a number")


def boolean(value: Any, key: str) -> None:
    """true or false."""
    if type(value) is not bool:
        raise refuse(value, key, "true or false")


def choice(*values: str) -> Check:
    """One of some texts."""

    def check(value: Any, key: str) -> None:
        if value not in values:
            raise refuse(value, key, " or ".join(map(repr, values)))

    return check


def mapping(value: Any, key: str) -> None:
    """Any object."""
    if not isinstance(value, dict):
        raise refuse(value, key, "an object")


def optional(check: Check) -> Check:
    """null, or what `check` wants."""

    def check_optional(value: Any, key: str) -> None:
        if value is not None:
            check(value, key)

    return check_optional


def items(check: Check, *, fewest: int = 0, most: int = 100_000) -> Check:
    """A list of what `check` wants."""

    def check_items(value: Any, key: str) -> None:
        if not isinstance(value, list) or not fewest <= len(value) <= most:
            raise refuse(value, key, f"a list of {fewest} to {most} entries")
        for index, item in enumerate(value):
            check(item, f"{key}[{index}]")

    return check_items


def table(check: Check) -> Check:
    """An object whose values are what `check` wants."""

    def check_table(value: Any, key: str) -> None:
        mapping(value, key)
        for name, entry in value.items():
            check(entry, _below(key, name))

    return check_table


def record(required: Mapping[str, Check], extra: Mapping[str, Check] | None = None) -> Check:
    """An object with the keys of `required`, and perhaps those of `extra`; others are free."""

    def check_record(value: Any, key: str) -> None:
        mapping(value, key)
        for name, check in required.items():
            if name not in value:
                raise SchemaError(f"'{_below(key, name)}' is missing")
            check(value[name], _below(key, name))
        for name, check in (extra or {}).items():
            if name in value:
                check(value[name], _below(key, name))

    return check_record


def _below(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name

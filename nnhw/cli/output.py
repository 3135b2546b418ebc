"""What commands print for programs: one form for all."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any


def print_json(values: Any) -> None:
    """Print an object in JSON: keys in snake_case, units in their names, in ASCII.

    Parameters
    ----------
    values
        A mapping, or a dataclass whose fields are its keys. What is not known is null, paths are
        texts.
    """
    values = asdict(values) if is_dataclass(values) and not isinstance(values, type) else values
    print(json.dumps(values, indent=2, default=_plain))


def _plain(value: Any) -> str:
    assert isinstance(value, Path), type(value)
    return str(value)

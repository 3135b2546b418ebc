"""Options as arguments of the command line."""

from __future__ import annotations

import re
from typing import Any

from .build import BuildOptions
from .definition import definitions
from .kinds import Flag, InputShapes, LayerBits, Names, StreamBytes


def flag_of(name: str) -> str:
    """An option's name on the command line."""
    return f"--{name.replace('_', '-')}"


def as_flags(text: str) -> str:
    """A text that names options in backquotes, with their names on the command line."""
    return re.sub(r"`(\w+)`", lambda name: flag_of(name[1]), text)


def command_arguments(options: BuildOptions) -> list[str]:
    """What stands on the command line for options that are not the defaults."""
    arguments: list[str] = []
    for name, item in definitions(BuildOptions).items():
        value = getattr(options, name)
        if value != item.default:
            arguments += _arguments(name, item.kind, value)
    return arguments


def _arguments(name: str, kind: Any, value: Any) -> list[str]:
    flag = flag_of(name)
    match kind:
        case Flag():
            return [flag if value else flag_of(f"no_{name}")]
        case Names():
            return [part for each in value for part in (flag, each)]
        case LayerBits():
            return [part for layer, bits in value.items() for part in (flag, f"{layer}={bits}")]
        case InputShapes():
            sizes = {port: "x".join(map(str, shape)) for port, shape in value.items()}
            texts = [f"{port}={size}" if port else size for port, size in sizes.items()]
            return [part for text in texts for part in (flag, text)]
        case StreamBytes():
            return [flag, ",".join(map(str, value))]
        case _:
            return [flag, f"{value:.15g}" if isinstance(value, float) else str(value)]

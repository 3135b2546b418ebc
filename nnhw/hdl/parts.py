# amaranth: UnusedElaboratable=no
"""Single components of an engine, to be looked at on their own.

The comment above tells Amaranth that an `Engine` of this module is not to be elaborated as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from amaranth.hdl import Fragment
from amaranth.lib import wiring

from ..mapping import Program
from .engine import Engine

_Component = TypeVar("_Component", bound=wiring.Component)


def engine_part(program: Program, name: str) -> wiring.Component | None:
    """One component of the engine for `program`, with the parameters that it has there.

    Parameters
    ----------
    name
        One of `PARTS`.

    Returns
    -------
    The component; None if the engine has none of this kind.
    """
    return PARTS[name](Engine(program))


def part_count(program: Program, name: str) -> int:
    """How many components of this kind the engine for `program` has, all alike."""
    if name == "scaler":
        return program.config.lanes
    return program.config.cols if name == "column" else 1


def _asked(component: _Component) -> _Component:
    """A component whose attributes others need. Amaranth warns of those that are never
    elaborated."""
    Fragment.get(component, None)
    return component


def _column(engine: Engine) -> wiring.Component | None:
    array = _asked(engine._array())
    return array._columns[0] if array.has_columns else None


PARTS: dict[str, Callable[[Engine], wiring.Component | None]] = {
    "column": _column,
    "drain": lambda engine: engine._drain(_asked(engine._array())),
    "fetch": Engine._fetch_sequencer,
    "frame_buffer": Engine._frame_buffer,
    "lane_unit": lambda engine: _asked(engine._array())._lane_unit,
    "output_stream": Engine._output_stream,
    "parameters": Engine._parameters,
    "read_aligner": lambda engine: engine._read_aligner(_asked(engine._fetch_sequencer())),
    "scaler": Engine._scaler,
    "weight_register": Engine._weight_register,
    "weights": Engine._weights,
    "write_aligner": lambda engine: engine._write_aligner() if engine.program.depth else None,
    "write_back": lambda engine: engine._write_back(_asked(engine._scaler())),
}
"""Components by name: as the engine's own instances are called, or one of many."""

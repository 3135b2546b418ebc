"""Timing constraints of what goes from one clock to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..shell import ShellConfig

_QUEUES = ("streams/input_crossing", "streams/output_crossing")
_LOAD_QUEUE = "load_crossing"
"""Of a programmable design whose registers have the streams' clock."""
_COUNTS = (("written_gray", "written_seen_unstable"), ("taken_gray", "taken_seen_unstable"))
_PARITY = ("parity_crossing/told_unstable", "parity_crossing/heard_unstable")
"""Of a programmable design with parity whose registers have the streams' clock."""
_RESETS = ("request_unstable", "asks_unstable", "answer_unstable")


@dataclass(frozen=True)
class Crossing:
    """Registers of one clock that registers of another one take.

    Parameters
    ----------
    source
        Path of the register, or memory, below the instance of the top module.
    target
        Path of the register that takes it.
    """

    source: str
    target: str


def crossings(shell: ShellConfig, *, loaded: bool = False) -> tuple[Crossing, ...]:
    """Buses that go from one clock to another: their bits must not be apart by a cycle or more.

    `loaded`: whether the engine is.
    """
    if shell.clocks == "one":
        return ()
    queues = (*_QUEUES, *([_LOAD_QUEUE] if loaded and shell.has_registers_apart else []))
    pairs = (*_COUNTS, ("memory", "memory_data"))
    return tuple(
        Crossing(f"{queue}/{source}", f"{queue}/{target}")
        for queue in queues
        for source, target in pairs
    )


def synchronizers(shell: ShellConfig, *, parity: bool = False) -> tuple[str, ...]:
    """Registers that take single bits of another clock, whenever these change.

    `parity`: whether the engine has it.
    """
    if shell.clocks == "one":
        return ()
    resets = (f"streams/reset_crossing/{name}" for name in _RESETS)
    return (*resets, *(_PARITY if parity and shell.has_registers_apart else ()))


def constraint_files(
    name: str, shell: ShellConfig, *, loaded: bool = False, parity: bool = False
) -> dict[str, str]:
    """Texts of the constraints of a design, by path in its folder; none if it has one clock."""
    if shell.clocks == "one":
        return {}
    found, bits = crossings(shell, loaded=loaded), synchronizers(shell, parity=parity)
    return {
        f"constraints/{name}_crossings.{kind}": "".join(f"{line}\n" for line in lines)
        for kind, lines in (("xdc", _xdc(name, bits, found)), ("sdc", _sdc(name, bits, found)))
    }


def _head(name: str) -> Iterator[str]:
    yield f"# Paths between clk and axis_clk of {name}. Both clocks are defined elsewhere."
    yield "# Gray codes: all bits arrive within a period. Synchronizers of resets: any time."
    yield "# A word of a queue's memory has been there for two cycles when it is taken."


def _xdc(name: str, bits: tuple[str, ...], found: tuple[Crossing, ...]) -> Iterator[str]:
    """For Vivado."""
    yield from _head(name)
    yield "set crossing_period 10.0 ;# ns: the period of the faster clock"
    for crossing in found:
        yield (
            f"set_max_delay -datapath_only -from {_vivado_cells(crossing.source)} "
            f"-to {_vivado_cells(crossing.target)} $crossing_period"
        )
    for target in bits:
        yield f"set_false_path -to {_vivado_cells(target)}"


def _vivado_cells(path: str) -> str:
    return f"[get_cells -hier -filter {{NAME =~ *{path}_reg*}}]"


def _sdc(name: str, bits: tuple[str, ...], found: tuple[Crossing, ...]) -> Iterator[str]:
    """For tools that read Synopsys Design Constraints."""
    yield from _head(name)
    yield "set crossing_period 10.0 ;# ns: the period of the faster clock"
    for crossing in found:
        source, target = (f"[get_cells {{*{p}*}}]" for p in (crossing.source, crossing.target))
        between = f"-from {source} -to {target}"
        yield f"set_max_delay $crossing_period {between}"
        yield f"set_false_path -hold {between}"
    for target in bits:
        yield f"set_false_path -to [get_cells {{*{target}*}}]"

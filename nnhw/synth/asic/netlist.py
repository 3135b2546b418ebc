"""The netlist of cells, as timing and energy look at it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import ToolError
from .liberty import Library

MACRO_PREFIXES = ("nnhw_sram_", "nnhw_rom_")


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A cell or macro of the netlist: its type, and the net of each pin (bit).

    Pins that are open or constant are left out.
    """

    type: str
    nets: Mapping[str, str]

    @property
    def is_macro(self) -> bool:
        """Whether it is a memory macro."""
        return self.type.startswith(MACRO_PREFIXES)


@dataclass(frozen=True, kw_only=True)
class Netlist:
    """Cells and nets of a flat netlist.

    Parameters
    ----------
    instances
        By name.
    ports
        Nets that are ports (bits) of the design: True for outputs.
    """

    instances: Mapping[str, Instance]
    ports: Mapping[str, bool]


def read_netlist(path: Path, top: str) -> Netlist:
    """Read what Yosys's `write_json` wrote of a mapped design.

    Raises
    ------
    ToolError
        If the file has no such module.
    """
    try:
        module: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))["modules"][top]
    except (OSError, ValueError, KeyError) as error:
        raise ToolError(f"'{path}' is not a netlist of {top} ({error!r}); run it again") from None
    names: dict[int, str] = {}
    ports: dict[str, bool] = {}
    for name, port in module["ports"].items():
        for net, bit in _bits(name, port["bits"]):
            if isinstance(bit, int):
                names.setdefault(bit, net)
                ports[names[bit]] = port["direction"] == "output"
    for name, wire in module["netnames"].items():
        for net, bit in _bits(name, wire["bits"]):
            if isinstance(bit, int):
                names.setdefault(bit, net)
    instances = {
        name: Instance(
            type=cell["type"],
            nets={
                pin: names[bit]
                for port, bits in cell["connections"].items()
                for pin, bit in _bits(port, bits, is_bus=_is_bus(cell["type"], port))
                if isinstance(bit, int)
            },
        )
        for name, cell in module["cells"].items()
        if cell["type"] != "$scopeinfo"
    }
    return Netlist(instances=instances, ports=ports)


def is_output(pin: str, instance: Instance, library: Library) -> bool:
    """Whether a pin (bit) drives its net.

    Raises
    ------
    ToolError
        If the library lacks the cell.
    """
    if instance.is_macro:
        return pin.startswith("rd_data")
    if instance.type not in library.cells:
        raise ToolError(f"The library of cells has no {instance.type}, which the netlist has")
    return library.cells[instance.type].pins[pin].is_output


def _is_bus(cell: str, port: str) -> bool:
    return cell.startswith(MACRO_PREFIXES) and port.endswith(("_addr", "_data"))


def _bits(
    name: str, bits: list[int | str], *, is_bus: bool = False
) -> Iterator[tuple[str, int | str]]:
    if len(bits) == 1 and not is_bus:
        yield name, bits[0]
        return
    for index, bit in enumerate(bits):
        yield f"{name}[{index}]", bit

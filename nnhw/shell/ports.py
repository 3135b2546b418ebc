"""The ports of the top module: names, directions, widths, and what each is to other tools.

This is the one description that the component's signature, the attributes in the Verilog, the
IP-XACT component, the instantiation template, the constraints and the datasheet are made from. A
port belongs to the interface whose name it begins with (`_INTERFACES`), in which the rest of its
name is its role; one of no interface is a plain signal. What is meant by a role stands in
`_MEANINGS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib.wiring import In, Member, Out

from ..machine import LOAD_BITS, LoadMap, Machine
from ..options import RESETS
from ..registers import (
    BURST_BEATS,
    BUSES,
    MEMORY_PREFIX,
    MEMORY_TITLE,
    RegisterMap,
    control_ports,
    memory_ports,
    result_user_bits,
)
from .config import ShellConfig


@dataclass(frozen=True, kw_only=True)
class InterfaceKind:
    """A kind of interface, as tools that connect interfaces know it.

    Parameters
    ----------
    vendor, library, name, version
        Of the bus definition. AMD's are those that tools know without being taught.
    """

    vendor: str
    library: str
    name: str
    version: str = "1.0"

    @property
    def vlnv(self) -> str:
        """All four, joined by colons."""
        return f"{self.vendor}:{self.library}:{self.name}:{self.version}"


CLOCK = InterfaceKind(vendor="xilinx.com", library="signal", name="clock")
RESET = InterfaceKind(vendor="xilinx.com", library="signal", name="reset")
AXI_STREAM = InterfaceKind(vendor="xilinx.com", library="interface", name="axis")
INTERRUPT = InterfaceKind(vendor="xilinx.com", library="signal", name="interrupt")
CONTROL = {
    "axi-lite": InterfaceKind(vendor="xilinx.com", library="interface", name="aximm"),
    "wishbone": InterfaceKind(vendor="opencores.org", library="bus", name="wishbone", version="B4"),
    "apb": InterfaceKind(vendor="xilinx.com", library="interface", name="apb"),
}
"""Control buses, by the names of the option `bus`."""

MEMORY = InterfaceKind(vendor="xilinx.com", library="interface", name="aximm")
"""The bus to memory."""

_INTERFACES: Mapping[str, tuple[InterfaceKind, str]] = {
    **dict.fromkeys(("clk", "axis_clk"), (CLOCK, "slave")),
    **dict.fromkeys(RESETS.values(), (RESET, "slave")),
    "s_axis": (AXI_STREAM, "slave"),
    "m_axis": (AXI_STREAM, "master"),
    **{bus.prefix: (CONTROL[name], "slave") for name, bus in BUSES.items()},
    MEMORY_PREFIX: (MEMORY, "master"),
    "irq": (INTERRUPT, "master"),
}
"""Interfaces by their names: kind and side. Those of one port are called like it."""

_ONLY_ROLES = {CLOCK: "CLK", RESET: "RST", INTERRUPT: "INTERRUPT"}
"""Role of the only port of interfaces that have one."""

_MEANINGS = {
    "clk": "registers change with its rising edge",
    "axis_clk": "the clock of both streams, of the control bus and of the reset",
    "rst": "synchronous reset, active high; one cycle is enough",
    "aresetn": "synchronous reset, active low; one cycle is enough",
    "s_axis_tdata": "values of an input frame, one a byte, the lowest byte first",
    "s_axis_tvalid": "the source offers a beat",
    "s_axis_tready": "the accelerator takes a beat",
    "s_axis_tlast": "last beat of a frame; not looked at without the frame check",
    "s_axis_tkeep": "lanes that hold values: all, from the lowest on in a tensor's last beat",
    "s_axis_tuser": "tag of a frame, in its first beat",
    "m_axis_tdata": "values of an output frame, one a byte, the lowest byte first",
    "m_axis_tvalid": "the accelerator offers a beat; stays until it is taken",
    "m_axis_tready": "the sink takes a beat",
    "m_axis_tlast": "last beat of a frame",
    "m_axis_tkeep": "lanes that hold values",
    "m_axis_tuser": "tag of the input frame; with a control bus, bit 0 is high if it was aborted",
    "frame_error": "high for a cycle for each input frame that is dropped",
    "idle": "high while no frame is under way and no beat is offered",
    "irq": "interrupt, active high, as long as a cause that is enabled is set",
    **{
        f"{bus.prefix}_{port.name}": f"{port.name} of the control bus, {bus.title}"
        for bus in BUSES.values()
        for port in bus.ports
    },
    **{
        name: f"{name.removeprefix(f'{MEMORY_PREFIX}_')} of the bus to memory, {MEMORY_TITLE}"
        for name in memory_ports({"io": "dma", "memory_address_bits": 32, "memory_data_bits": 32})
    },
    "load_valid": "a word of what the accelerator is loaded with is written",
    "load_address": "where to, as the image has it",
    "load_data": "the word",
}


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port of the top module.

    Parameters
    ----------
    name
        In Verilog.
    direction
        "input" or "output".
    width
        Bits.
    interface
        Name of the interface that it belongs to; None: a signal by itself.
    role
        What it is called in the definition of that interface, such as "TDATA"; "" without one.
    meaning
        A few words for people.
    """

    name: str
    direction: str
    width: int
    interface: str | None
    role: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Interface:
    """Ports that are connected together.

    Parameters
    ----------
    name
        Of the interface.
    kind
        What it is.
    mode
        "slave" or "master".
    ports
        In the order of the top module.
    parameters
        What tools want to know beyond the ports, by the names of AMD's X_INTERFACE_PARAMETER.
    """

    name: str
    kind: InterfaceKind
    mode: str
    ports: tuple[Port, ...]
    parameters: Mapping[str, str]


def port_members(
    machine: Machine, shell: ShellConfig, registers: RegisterMap | None = None
) -> dict[str, Member]:
    """The members of the top module's signature; `registers` are what a control bus reaches."""
    control: dict[str, tuple[str, int]] = {}
    if registers is not None:
        control = control_ports({"bus": shell.bus, "address_bits": registers.address_bits})
    return {
        "clk": In(1),
        **({"axis_clk": In(1)} if shell.clocks == "two" else {}),
        shell.reset_port: In(1),
        **(_stream_members(machine, shell) if shell.has_stream_ports else {}),
        **({"frame_error": Out(1)} if machine.config.frame_check else {}),
        **({"idle": Out(1)} if shell.idle else {}),
        **{
            name: {"input": In, "output": Out}[direction](width)
            for name, (direction, width) in (control | memory_ports(shell.to_dict())).items()
        },
        **(_load_members(machine) if machine.config.programmable and not shell.bus else {}),
    }


def _stream_members(machine: Machine, shell: ShellConfig) -> dict[str, Member]:
    """Those of both streams."""
    received, sent = machine.config.input_bytes, machine.config.output_bytes
    result = result_user_bits(shell.to_dict())
    return {
        "s_axis_tdata": In(8 * received),
        "s_axis_tvalid": In(1),
        "s_axis_tready": Out(1),
        "s_axis_tlast": In(1),
        **({"s_axis_tkeep": In(received)} if shell.keep else {}),
        **({"s_axis_tuser": In(shell.tag_bits)} if shell.tag_bits else {}),
        "m_axis_tdata": Out(8 * sent),
        "m_axis_tvalid": Out(1),
        "m_axis_tready": In(1),
        "m_axis_tlast": Out(1),
        **({"m_axis_tkeep": Out(sent)} if shell.keep else {}),
        **({"m_axis_tuser": Out(result)} if result else {}),
    }


def _load_members(machine: Machine) -> dict[str, Member]:
    """Those that a programmable accelerator is loaded through if it has no control bus."""
    return {
        "load_valid": In(1),
        "load_address": In(LoadMap.of(machine).address_bits),
        "load_data": In(LOAD_BITS),
    }


class TopPorts:
    """The ports of a top module, and the interfaces that they form.

    Parameters
    ----------
    members : mapping of str to Member
        Of its signature; see `port_members`.

    Attributes
    ----------
    ports : tuple of Port
        In order.
    interfaces : tuple of Interface
        Likewise.
    """

    def __init__(self, members: Mapping[str, Member]):
        self.ports = tuple(_port(name, member) for name, member in members.items())
        names = dict.fromkeys(port.interface for port in self.ports if port.interface)
        self.interfaces = tuple(self._interface(name) for name in names)

    def of_kind(self, kind: InterfaceKind) -> tuple[Interface, ...]:
        """The interfaces of one kind."""
        return tuple(interface for interface in self.interfaces if interface.kind == kind)

    def to_list(self) -> list[dict[str, Any]]:
        """The ports as plain values, for manifests."""
        return [
            {
                "name": port.name,
                "direction": port.direction,
                "width": port.width,
                "interface": port.interface,
                "role": port.role,
            }
            for port in self.ports
        ]

    def stream_clock(self) -> Interface:
        """The clock of the streams and of the reset."""
        return self.of_kind(CLOCK)[-1]

    def _interface(self, name: str) -> Interface:
        kind, mode = _INTERFACES[name]
        ports = tuple(port for port in self.ports if port.interface == name)
        return Interface(
            name=name, kind=kind, mode=mode, ports=ports, parameters=self._parameters(name, ports)
        )

    def _parameters(self, name: str, ports: tuple[Port, ...]) -> dict[str, str]:
        kind, _ = _INTERFACES[name]
        if kind == RESET:
            is_low = ports[0].name == RESETS["active-low"]
            return {"POLARITY": "ACTIVE_LOW" if is_low else "ACTIVE_HIGH"}
        if kind == AXI_STREAM:
            widths = {port.role: port.width for port in ports}
            return {
                "TDATA_NUM_BYTES": str(widths["TDATA"] // 8),
                "HAS_TREADY": "1",
                "HAS_TLAST": "1",
                **({"HAS_TKEEP": "1"} if "TKEEP" in widths else {}),
                **({"TUSER_WIDTH": str(widths["TUSER"])} if "TUSER" in widths else {}),
            }
        if kind == INTERRUPT:
            return {"SENSITIVITY": "LEVEL_HIGH"}
        if name == MEMORY_PREFIX:
            return {"PROTOCOL": "AXI4", "MAX_BURST_LENGTH": str(BURST_BEATS)}
        if kind == CONTROL["axi-lite"]:
            return {"PROTOCOL": "AXI4LITE"}
        if kind != CLOCK:
            return {}
        others = dict.fromkeys(port.interface for port in self.ports if port.interface)
        if name != [other for other in others if _INTERFACES[other][0] == CLOCK][-1]:
            return {}
        buses = [name for name in others if _INTERFACES[name][0] not in (CLOCK, RESET, INTERRUPT)]
        resets = [name for name in others if _INTERFACES[name][0] == RESET]
        return {"ASSOCIATED_BUSIF": ":".join(buses), "ASSOCIATED_RESET": ":".join(resets)}


def _port(name: str, member: Member) -> Port:
    interface = next(
        (known for known in _INTERFACES if name == known or name.startswith(f"{known}_")), None
    )
    role = ""
    if interface is not None:
        kind, _ = _INTERFACES[interface]
        role = _ONLY_ROLES.get(kind) or name.removeprefix(f"{interface}_").upper()
    return Port(
        name=name,
        direction="input" if member.flow is In else "output",
        width=Shape.cast(member.shape).width,
        interface=interface,
        role=role,
        meaning=_MEANINGS[name],
    )

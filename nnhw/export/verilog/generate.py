"""Plain Verilog of an accelerator.

Amaranth elaborates the components and writes RTLIL, a netlist. It is read back, and rewritten until
it says what the components' authors said, no more and no less: `hierarchy` and `rtlil` read,
`ports` gives modules their ports, `structs` takes structs apart, `simplify`, `fold` and `liveness`
shorten, `design` writes. Every rewrite keeps the behaviour at every clock edge; the tests simulate
the result side by side with the Verilog that Yosys makes of the same netlist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from amaranth.lib import wiring

from ... import __version__
from ...garbage import without_collection
from ...mapping import Program
from ...registers import BUSES, RegisterMap
from ...shell import Accelerator, Interface, Port, ShellConfig, TopPorts, port_members
from .comments import comment_lines
from .contents import ExportedMemories
from .design import design_lines
from .fold import fold_constants
from .hierarchy import Hierarchy, elaborate
from .layout import wrapped
from .liveness import Place, drop_dead
from .netlist import Value
from .ports import restore_ports
from .simplify import inline_copies, narrow_operators, share_operators
from .structs import split_structs
from .widths import fit_widths

#: Outputs of the write-back stage that the testbench watches: nothing else has to read them.
TRACE = tuple(("engine.write_back", name) for name in ("valid", "layer", "count", "data"))


def generate_verilog(
    program: Program,
    memories: ExportedMemories | None = None,
    *,
    shell: ShellConfig | None = None,
    registers: RegisterMap | None = None,
    netlist: Hierarchy | None = None,
) -> str:
    """Verilog-2005 text of the accelerator for `program`; the top module has the program's name.

    The text depends on nothing but the program, the shell and the versions of nnhw and Amaranth.

    Parameters
    ----------
    memories
        How memories are written; all of them are added to it. None: their contents are initial
        ones, which stand in the Verilog.
    shell
        What surrounds the engine; None: nothing but wires.
    registers
        What its control bus reaches, if it has one.
    netlist
        What `design_netlist` has made of the same; None: it is made.
    """
    shell = shell or ShellConfig()
    hierarchy = netlist or design_netlist(program, shell=shell, registers=registers)
    top = hierarchy.modules[hierarchy.top]
    for interface in TopPorts(port_members(program.machine, shell, registers)).interfaces:
        for port in interface.ports:
            top.wires[port.name].attributes |= _attributes(interface, port)
    memories = memories or ExportedMemories(program.name)
    cells = hierarchy.foreign_modules()
    return _header(program, shell, memories, cells) + _text(hierarchy, memories)


def design_netlist(
    program: Program,
    *,
    shell: ShellConfig | None = None,
    registers: RegisterMap | None = None,
) -> Hierarchy:
    """What `generate_verilog` writes, before it is text; with the same parameters."""
    accelerator = Accelerator(program.machine, program.image, shell, registers)
    return component_netlist(accelerator, program.name, keep=TRACE)


def component_verilog(
    component: wiring.Component, name: str, *, keep: Iterable[tuple[str, str]] = ()
) -> str:
    """Verilog-2005 text of a component and of all that it contains.

    Modules keep the ports that their components declare, as far as they are used, and instances
    their names. Modules that are alike are written once.

    Parameters
    ----------
    name
        Of the top module. The names of the others begin with it.
    keep
        Outputs that stay although nothing reads them: the path of an instance, and a name.

    Raises
    ------
    NotImplementedError
        If the component uses something of Amaranth that this has no Verilog for: asynchronous
        resets, falling edges, transparent memory ports, division, print and assert statements.
    """
    return _text(component_netlist(component, name, keep=keep), ExportedMemories(name))


def _text(hierarchy: Hierarchy, memories: ExportedMemories) -> str:
    return "".join(f"{line}\n" for line in wrapped(design_lines(hierarchy, memories)))


@without_collection()
def component_netlist(
    component: wiring.Component, name: str, *, keep: Iterable[tuple[str, str]] = ()
) -> Hierarchy:
    """The netlist of a component, rewritten for people: what `component_verilog` writes."""
    hierarchy = elaborate(component, name)
    restore_ports(hierarchy)
    split_structs(hierarchy)
    for module in hierarchy.modules.values():
        owns = hierarchy.origins[module.name].owns
        narrow_operators(module, owns)  # so that what a name has the low bits of is called so
        inline_copies(module, owns)
        while fold_constants(module):
            inline_copies(module, owns)
    drop_dead(hierarchy, [_place(hierarchy, f"{name}.{path}", port) for path, port in keep])
    for module in hierarchy.modules.values():
        owns = hierarchy.origins[module.name].owns
        share_operators(module, owns)
        narrow_operators(module, owns)
        fit_widths(module)
    return hierarchy


def _place(hierarchy: Hierarchy, path: str, port: str) -> Place:
    """The wire that stands for an output of a component."""
    for member in hierarchy.origins[path].members:
        if member.name == port:
            return path, member.wire
    raise KeyError(f"{path} has no port {port}")


def _attributes(interface: Interface, port: Port) -> dict[str, Value]:
    """Attributes by which Vivado finds the interfaces of a module; nothing to other tools."""
    parameters = ", ".join(f"{name} {value}" for name, value in interface.parameters.items())
    found: dict[str, Value] = {
        "X_INTERFACE_INFO": f"{interface.kind.vlnv} {interface.name} {port.role}"
    }
    return found | ({"X_INTERFACE_PARAMETER": parameters} if port is interface.ports[0] else {})


_INITIAL = (
    "Read-only memories and registers have initial contents, as FPGAs load them with their "
    "configuration."
)
_NO_INITIAL = (
    "Nothing has initial contents: read-only memories are logic, registers have no values before "
    "the reset. Each memory is a module of its own, listed in manifest.json; macros with the same "
    "ports may take their place."
)


def _header(
    program: Program, shell: ShellConfig, memories: ExportedMemories, cells: Mapping[str, int]
) -> str:
    config = program.config
    primitives = ", ".join(f"{count} {cell}" for cell, count in sorted(cells.items()))
    clocks = "One clock" if shell.clocks == "one" else "Two clocks, clk and axis_clk"
    way = {"stream": "AXI4-Stream", "mapped": "windows on the control bus", "dma": "AXI4"}[shell.io]
    layers, frame_in = str(len(program.layers)), f"{program.input_size} bytes a frame"
    frame_out, of = f"{program.output_size} bytes a frame", f"of the neural network {program.name}"
    if config.programmable:  # nothing of it depends on the network that is loaded
        limits = program.machine.limits
        layers, of = f"up to {limits.layers}", f"{program.name}, programmable"
        frame_in, frame_out = f"up to {limits.frame_bytes} bytes a frame", "frames as loaded"
    lines = (
        f"Accelerator {of}, generated by nnhw {__version__}.",
        "",
        f"Array of {config.rows} x {config.cols} multipliers, {config.lanes} requantizer lanes, "
        f"{layers} layers.",
        f"Input: {way}, {config.input_bytes} bytes a beat, {frame_in}.",
        f"Output: {way}, {config.output_bytes} bytes a beat, {frame_out}.",
        *([f"Control: {BUSES[shell.bus].title}."] if shell.bus else []),
        f"{clocks}; synchronous reset, {shell.reset.replace('-', ' ')}. "
        + (f"Cells of {config.technology}: {primitives}." if cells else "No vendor primitives."),
        _INITIAL if memories.initial else _NO_INITIAL,
        "Do not edit: change the model or the options and generate again.",
    )
    return "".join(f"{text}\n" for line in lines for text in comment_lines(line) or ["//"]) + "\n"

"""The design as Amaranth sees it: netlist modules, and the component that each one comes from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from amaranth.back import rtlil
from amaranth.hdl import Elaboratable, Fragment, Signal, Value
from amaranth.hdl._ir import Design
from amaranth.lib import wiring
from amaranth.lib.memory import Memory

from ...hdl import MemoryModule
from .netlist import Module
from .rtlil import read_rtlil


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a component's signature: a port as its author meant it.

    `wire` is the wire of the module that stands for it.
    """

    name: str
    direction: str
    wire: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a module comes from.

    Parameters
    ----------
    kind
        Class of the component; any other elaboratable class if it is none.
    members
        Those of its signature that the module has wires for, in order.
    foreign
        Wires that stand for members of other components, such as the ports of instances.
    memory
        The component, if it is a memory.
    """

    kind: type
    members: tuple[Member, ...] = ()
    foreign: frozenset[str] = frozenset()
    memory: MemoryModule | None = None

    def owns(self, wire: str) -> bool:
        """Whether the wire stands for a signal that the component's author gave its name."""
        signal, _, _ = wire.partition(".")  # what follows is a field
        is_named = re.fullmatch(r"\w+(\$\d+)?(\.\w+)*", wire) is not None
        return is_named and signal not in self.foreign


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """All modules by name, parents before children, and where they come from.

    A module's name is the path of instance names from the top, joined by dots.
    """

    top: str
    modules: dict[str, Module]
    origins: dict[str, Origin]

    def foreign_modules(self) -> Counter[str]:
        """How many instances there are of modules that are not part of the design."""
        return Counter(
            instance.module
            for module in self.modules.values()
            for instance in module.instances.values()
            if instance.module not in self.modules
        )

    def parent(self, module: str) -> tuple[str, str]:
        """Name of the module that holds the only instance of `module`, and the instance's name."""
        parent, _, instance = module.rpartition(".")
        return parent, instance


def elaborate(component: wiring.Component, name: str) -> Hierarchy:
    """Elaborate a component with Amaranth; `name` becomes the name of the top module."""
    ports = [Value.cast(value) for _, _, value in component.signature.flatten(component)]
    design = Fragment.get(component, None).prepare(ports=ports, hierarchy=(name,))
    contents: dict[tuple[str, ...], list[int]] = {}
    with _taken_contents(design, contents):
        text, _ = rtlil.convert_fragment(design, name=name, emit_src=False)
    modules = read_rtlil(text)
    for (*module, memory), words in contents.items():
        modules[".".join(module)].memories[memory].words = words

    members = {id(part): _members(part) for part in design.elaboratables}
    owners = {id(s): owner for owner, found in members.items() for _, _, s in found}
    origins: dict[str, Origin] = {}
    parts = design.elaboratables.items()
    # a component comes before what it elaborates to, and before what a transformer makes of it
    for part, fragment in sorted(parts, key=lambda item: not isinstance(item[0], wiring.Component)):
        info = design.fragments[fragment]
        path = ".".join(info.name)
        if path not in modules or path in origins:
            continue
        names = info.signal_names
        origins[path] = Origin(
            kind=type(part),
            members=tuple(
                Member(title, direction, names[signal])
                for title, direction, signal in members[id(part)]
                if signal in names
            ),
            foreign=frozenset(
                wire
                for signal, wire in names.items()
                if owners.get(id(signal), id(part)) != id(part)
            ),
            memory=part if isinstance(part, MemoryModule) else None,
        )
    return Hierarchy(name, modules, origins)


@contextmanager
def _taken_contents(design: Design, contents: dict[tuple[str, ...], list[int]]) -> Iterator[None]:
    """Let memories be without initial words for a while, which go to `contents` by their paths.

    Amaranth makes an object of each of their bits for RTLIL: more than a gigabyte for a million
    weights.
    """
    inits = {
        design.fragments[fragment].name: part.data.init
        for part, fragment in design.elaboratables.items()
        if isinstance(part, Memory)
    }
    contents |= {path: init._raw for path, init in inits.items()}
    for init in inits.values():
        init._raw = []
    try:
        yield
    finally:
        for path, init in inits.items():
            init._raw = contents[path]


def _members(part: Elaboratable) -> list[tuple[str, str, Signal]]:
    """Name, direction and signal of every member of the signature, if there is one."""
    if not isinstance(part, wiring.Component):
        return []
    found = []
    for path, member, value in part.signature.flatten(part):
        signal = Value.cast(value)
        if isinstance(signal, Signal):
            direction = "input" if member.flow is wiring.In else "output"
            found.append(("_".join(map(str, path)), direction, signal))
    return found

"""Registers as CMSIS-SVD (Arm, System View Description 1.3), which debuggers read."""

from __future__ import annotations

from itertools import groupby
from xml.etree import ElementTree

from .description import WORD_BITS, Access, Field
from .register_map import PlacedRegister, RegisterMap

_ACCESS = {
    Access.STORED: "read-write",
    Access.COMMAND: "write-only",
    Access.FLAG: "read-write",
    Access.POINTER: "read-write",
    Access.PORT: "write-only",
}
"""All others are read-only."""


def svd(registers: RegisterMap) -> str:
    """A device that has nothing but the accelerator, at address zero."""
    device = ElementTree.Element("device", {"schemaVersion": "1.3"})
    _add(
        device,
        name=registers.name,
        version="1.0",
        description="Accelerator made by nnhw",
        addressUnitBits=8,
        width=WORD_BITS,
    )
    peripheral = ElementTree.SubElement(ElementTree.SubElement(device, "peripherals"), "peripheral")
    _add(peripheral, name=registers.name, baseAddress="0x0")
    block = ElementTree.SubElement(peripheral, "addressBlock")
    _add(block, offset="0x0", size=f"{registers.window:#x}", usage="registers")
    found = ElementTree.SubElement(peripheral, "registers")
    words = registers.words
    for (name, first), placed in groupby(registers, lambda each: (each.block_name, each.block)):
        members = list(placed)
        start = members[0].address - members[0].register.offset
        cluster = ElementTree.SubElement(found, "cluster")
        _add(cluster, name=name, description=f"{first.help}.", addressOffset=f"{start:#x}")
        for member in members:
            _register(cluster, member, words.get(member.address, 0))
    ElementTree.indent(device)
    return ElementTree.tostring(device, encoding="unicode", xml_declaration=True) + "\n"


def _add(parent: ElementTree.Element, **values: str | int) -> None:
    """Elements that hold a text each, in the schema's order."""
    for name, value in values.items():
        ElementTree.SubElement(parent, name).text = str(value)


def _register(cluster: ElementTree.Element, placed: PlacedRegister, word: int) -> None:
    register = placed.register
    element = ElementTree.SubElement(cluster, "register")
    reset = word | sum(field.reset << field.low for field in register.fields)
    _add(
        element,
        name=register.name,
        description=f"{register.help}.",
        addressOffset=f"{register.offset:#x}",
        size=WORD_BITS,
        resetValue=f"{reset:#x}",
    )
    fields = ElementTree.SubElement(element, "fields")
    for field in register.fields:
        _field(ElementTree.SubElement(fields, "field"), field)


def _field(element: ElementTree.Element, field: Field) -> None:
    _add(
        element,
        name=field.name,
        description=f"{field.help}.",
        bitOffset=field.low,
        bitWidth=field.width,
        access=_ACCESS.get(field.access, "read-only"),
    )
    if field.access is Access.FLAG:
        _add(element, modifiedWriteValues="oneToClear")
    if field.access is Access.NEXT:
        _add(element, readAction="modify")

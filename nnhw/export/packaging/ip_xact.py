"""An IP-XACT component, which says of a block what its ports and interfaces are."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from ...shell import Interface, InterfaceKind, Port
from .block import LIBRARY, VENDOR, IpBlock

NAMESPACE = "http://www.accellera.org/XMLSchema/IPXACT/1685-2014"
_FILE_TYPES = {".v": "verilogSource-2005", ".sdc": "SDC"}


def ip_xact_component(block: IpBlock) -> str:
    """component.xml: IEEE Std 1685-2014, clause 6; elements in the order of its schema."""
    ElementTree.register_namespace("ipxact", NAMESPACE)
    root = Element(_tag("component"))
    _identify(root, VENDOR, LIBRARY, block.name, block.version)
    interfaces = _add(root, "busInterfaces")
    for interface in block.ports.interfaces:
        _bus_interface(interfaces, interface)
    _model(_add(root, "model"), block)
    file_set = _add(_add(root, "fileSets"), "fileSet")
    _add(file_set, "name", "sources")
    for name in (*block.sources, *block.memory_files, f"constraints/{block.name}.sdc"):
        file = _add(file_set, "file")
        _add(file, "name", name)
        end = name[name.rindex(".") :]
        kind = _add(file, "fileType", _FILE_TYPES.get(end, "user"))
        if end not in _FILE_TYPES:
            kind.set("user", "memoryContents")
    _add(root, "description", block.summary)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _add(parent: Element, name: str, text: str | None = None) -> Element:
    child = SubElement(parent, _tag(name))
    child.text = text
    return child


def _identify(parent: Element, *vlnv: str) -> None:
    for name, text in zip(("vendor", "library", "name", "version"), vlnv, strict=True):
        _add(parent, name, text)


def _refer(parent: Element, name: str, kind: InterfaceKind, *, abstraction: bool) -> None:
    definition = f"{kind.name}_rtl" if abstraction else kind.name
    reference = _add(parent, name)
    reference.attrib |= {
        "vendor": kind.vendor,
        "library": kind.library,
        "name": definition,
        "version": kind.version,
    }


def _bus_interface(parent: Element, interface: Interface) -> None:
    bus = _add(parent, "busInterface")
    _add(bus, "name", interface.name)
    _refer(bus, "busType", interface.kind, abstraction=False)
    abstraction = _add(_add(bus, "abstractionTypes"), "abstractionType")
    _refer(abstraction, "abstractionRef", interface.kind, abstraction=True)
    maps = _add(abstraction, "portMaps")
    for port in interface.ports:
        entry = _add(maps, "portMap")
        _add(_add(entry, "logicalPort"), "name", port.role)
        _add(_add(entry, "physicalPort"), "name", port.name)
    _add(bus, interface.mode)
    parameters = _add(bus, "parameters")
    for name, value in interface.parameters.items():
        parameter = _add(parameters, "parameter")
        parameter.attrib |= {"parameterId": f"{interface.name}_{name}", "type": "string"}
        _add(parameter, "name", name)
        _add(parameter, "value", value)


def _model(model: Element, block: IpBlock) -> None:
    view = _add(_add(model, "views"), "view")
    _add(view, "name", "rtl")
    _add(view, "envIdentifier", "::")
    _add(view, "componentInstantiationRef", "verilog")
    instantiation = _add(_add(model, "instantiations"), "componentInstantiation")
    _add(instantiation, "name", "verilog")
    _add(instantiation, "language", "verilog")
    _add(instantiation, "moduleName", block.name)
    _add(_add(instantiation, "fileSetRef"), "localName", "sources")
    ports = _add(model, "ports")
    for port in block.ports.ports:
        _port(ports, port)


def _port(parent: Element, port: Port) -> None:
    element = _add(parent, "port")
    _add(element, "name", port.name)
    _add(element, "description", port.meaning)
    wire = _add(element, "wire")
    _add(wire, "direction", {"input": "in", "output": "out"}[port.direction])
    if port.width > 1:
        vector = _add(_add(wire, "vectors"), "vector")
        _add(vector, "left", str(port.width - 1))
        _add(vector, "right", "0")

"""SystemRDL, C header, IP-XACT, SVD and the Python module: all read back, all say the same."""

from __future__ import annotations

import re
import subprocess
from xml.etree import ElementTree

import pytest
from register_maps import INPUT, OUTPUT, dma_map, loaded_map, mapped_map, small_map

from nnhw.export import register_files
from nnhw.registers import Access, RegisterMap
from nnhw.registers.python_module import python_module

pytest.importorskip("systemrdl")

MAPS = {
    "fixed": small_map((INPUT, OUTPUT, OUTPUT)),
    "loaded": loaded_map(),
    "mapped": mapped_map(),
    "dma": dma_map(),
}
READ_ONLY = "read-only"
ACCESS = {
    Access.STORED: "read-write",
    Access.FLAG: "read-write",
    Access.POINTER: "read-write",
    Access.COMMAND: "write-only",
    Access.PORT: "write-only",
}

Place = tuple[int, int, int, str, int | None]
"""Address, lowest bit, width, access, value after reset."""


def expected(registers: RegisterMap) -> dict[str, Place]:
    """Every field by its path."""
    found = {}
    for placed in registers:
        word = registers.words.get(placed.address)
        for field in placed.register.fields:
            value = field.reset if word is None else (word & field.mask) >> field.low
            driven = field.access in (Access.STATUS, Access.COUNT, Access.KEPT, Access.NEXT)
            driven |= registers.loads(placed)
            found[f"{placed.block_name}.{placed.register.name}.{field.name}"] = (
                placed.address,
                field.low,
                field.width,
                ACCESS.get(field.access, READ_ONLY),
                None if driven else value,
            )
    return found


@pytest.fixture(scope="module", params=MAPS)
def registers(request):
    """Register maps of all kinds."""
    return MAPS[request.param]


@pytest.fixture(scope="module")
def folder(registers, tmp_path_factory):
    """All files of a register map."""
    folder = tmp_path_factory.mktemp("registers") / "registers"
    register_files.write_register_files(registers, folder)
    return folder


def test_system_rdl(registers, folder):
    from systemrdl import RDLCompiler
    from systemrdl.node import FieldNode

    compiler = RDLCompiler()
    compiler.compile_file(str(folder / "net.rdl"))
    top = compiler.elaborate().top
    found = {}
    for node in top.descendants(unroll=True):
        if isinstance(node, FieldNode):
            readable, writable = node.is_sw_readable, node.is_sw_writable
            access = (
                "read-write" if readable and writable else READ_ONLY if readable else "write-only"
            )
            found[node.get_path().removeprefix("nnhw.")] = (
                node.parent.absolute_address,
                node.low,
                node.width,
                access,
                node.get_property("reset"),
            )
    wanted = expected(registers)
    assert found == wanted


def test_ip_xact(registers, folder):
    root = ElementTree.parse(folder / "net.xml").getroot()
    space = {"x": root.tag[1:].partition("}")[0]}
    number = lambda element, name: int(element.find(f"x:{name}", space).text.replace("'h", "0x"), 0)  # noqa: E731
    text = lambda element, name: element.find(f"x:{name}", space).text  # noqa: E731
    found = {}
    for block in root.iter(f"{{{space['x']}}}registerFile"):
        for register in block.findall("x:register", space):
            address = number(block, "addressOffset") + number(register, "addressOffset")
            for field in register.findall("x:field", space):
                value = field.find("x:resets/x:reset/x:value", space)
                path = ".".join(text(each, "name") for each in (block, register, field))
                found[path] = (
                    address,
                    number(field, "bitOffset"),
                    number(field, "bitWidth"),
                    text(field, "access"),
                    None if value is None else int(value.text.replace("'h", "0x"), 0),
                )
                modified = field.find("x:modifiedWriteValue", space)
                is_flag = block_of(registers, path).access is Access.FLAG
                assert (modified is not None and modified.text == "oneToClear") == is_flag
                read = field.find("x:readAction", space)
                is_next = block_of(registers, path).access is Access.NEXT
                assert (read is not None and read.text == "modify") == is_next
    assert found == expected(registers)


def block_of(registers: RegisterMap, path: str):
    """The field of a path."""
    block, register, field = path.split(".")
    for placed in registers:
        if (placed.block_name, placed.register.name) == (block, register):
            return next(each for each in placed.register.fields if each.name == field)
    raise KeyError(path)


def test_svd(registers, folder):
    parser = pytest.importorskip("cmsis_svd.parser")
    device = parser.SVDParser.for_xml_file(str(folder / "net.svd")).get_device()
    (peripheral,) = device.get_peripherals()
    found = {}
    for register in peripheral.get_registers():
        for field in register.get_fields():
            value = register.reset_value >> field.bit_offset & (1 << field.bit_width) - 1
            found[f"{register.name}.{field.name}"] = (
                register.address_offset,
                field.bit_offset,
                field.bit_width,
                field.access.value,
                value,
            )
            taken = field.read_action is not None and field.read_action.value == "modify"
            path = f"{register.name}.{field.name}"
            assert taken == (path == "window_output_data.value"), path
    wanted = {
        "_".join(path.split(".")[:2]) + "." + path.split(".")[2]: (*place[:4], place[4] or 0)
        for path, place in expected(registers).items()
    }
    assert found == wanted


def test_c_header(registers, folder, tmp_path):
    """A C program prints what the header says."""
    wanted = expected(registers)
    lines = []
    for path in wanted:
        block, register, field = path.split(".")
        macro = f"NNHW__{block}__{register}__{field}".upper()
        lines.append(
            f'printf("{path} %u %u %u\\n", (unsigned)offsetof(nnhw_t, {block}.{register}), '
            f"(unsigned){macro}_bp, (unsigned){macro}_bw);"
        )
    (tmp_path / "print.c").write_text(
        "#include <stddef.h>\n#include <stdio.h>\n"
        f'#include "{register_files.HEADER}"\n'
        "int main(void) {\n" + "\n".join(lines) + "\nreturn 0;\n}\n"
    )
    flags = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic")
    command = ["gcc", *flags, "-I", str(folder), "print.c", "-o", "print"]
    subprocess.run(command, cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "print"], capture_output=True, text=True, check=True)
    found = {
        path: tuple(map(int, numbers))
        for path, *numbers in map(str.split, printed.stdout.splitlines())
    }
    assert found == {path: place[:3] for path, place in wanted.items()}
    header = (folder / register_files.HEADER).read_text()
    for path, (*_, value) in wanted.items():
        if value is not None:
            macro = "__".join(["NNHW", *path.split(".")]).upper()
            assert re.search(rf"define {macro}_reset {value:#x}$", header, re.MULTILINE), path


def test_python_module(registers):
    module: dict = {}
    exec(python_module(registers), module)
    found = {
        path: (module["ADDRESSES"][path.rpartition(".")[0]], *place)
        for path, place in module["FIELDS"].items()
    }
    assert found == {path: place[:3] for path, place in expected(registers).items()}


def test_missing_printers(monkeypatch, tmp_path):
    monkeypatch.setattr(register_files.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(register_files.ToolError, match=r"nnhw\[registers\]"):
        register_files.write_register_files(MAPS["fixed"], tmp_path)

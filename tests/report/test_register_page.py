"""The page of registers: read back, it says what the description says."""

from __future__ import annotations

import re

import pytest
from register_maps import loaded_map, mapped_map, small_map

from nnhw.registers import Access
from nnhw.report import render_registers

REGISTER = re.compile(r'id="([\w.]+)"><th scope="row">(0x\w+)</th>')
FIELD = re.compile(
    r"<tr><td></td><td>([\d:]+)</td><td><code>(\w+)</code></td><td>.*?</td><td>(.*?)<"
)


@pytest.mark.parametrize("make", [small_map, loaded_map, mapped_map])
def test_read_back(make):
    registers = make()
    page = render_registers(registers)
    found, path, address = set(), "", 0
    for line in page.splitlines():
        if match := REGISTER.search(line):
            path, address = match[1], int(match[2], 16)
        elif match := FIELD.match(line):
            high, _, low = match[1].partition(":")
            found.add((f"{path}.{match[2]}", address, int(low or high), int(high), match[3]))
    wanted = set()
    for placed in registers:
        word = registers.words.get(placed.address)
        for field in placed.register.fields:
            value = ""
            if word is not None:
                value = hex((word & field.mask) >> field.low)
            elif field.access is Access.CONSTANT:
                value = "as loaded"
            elif field.access in (Access.STORED, Access.FLAG, Access.POINTER):
                value = hex(field.reset)
            path = f"{placed.block_name}.{placed.register.name}.{field.name}"
            wanted.add((path, placed.address, field.low, field.high, value))
    assert found == wanted
    assert "<script" not in page
    assert len(re.findall(r"<section", page)) == page.count("</section>") >= 6

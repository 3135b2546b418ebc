"""Read-only and banked memories."""

import numpy as np
import pytest
from bench import drive

from nnhw.hdl.memory import BankedMemory, Rom
from nnhw.hdl.technology.memory_module import PortableMemory


@pytest.mark.parametrize("output_register", [False, True])
@pytest.mark.parametrize("address_stages", [0, 2])
@pytest.mark.parametrize(("width", "depth"), [(1, 1), (8, 2), (100, 5), (7, 16)])
def test_rom(width, depth, address_stages, output_register):
    rng = np.random.default_rng(depth)
    words = [int.from_bytes(rng.bytes(16), "little") % (1 << width) for _ in range(depth)]
    words[0] = (1 << width) - 1
    rom = Rom(
        width=width, words=words, address_stages=address_stages, output_register=output_register
    )
    assert rom.latency == address_stages + 1 + output_register
    addresses = rng.integers(0, depth, 50).tolist()
    data = drive(rom, {"address": addresses}, ["data"])["data"].tolist()
    assert data[rom.latency :] == [words[address] for address in addresses[: -rom.latency]]


@pytest.mark.parametrize("output_register", [False, True])
@pytest.mark.parametrize(("banks", "depth", "width"), [(1, 1, 8), (2, 3, 4), (4, 2, 8), (8, 16, 5)])
def test_banked_memory(banks, depth, width, output_register):
    rng = np.random.default_rng(banks)
    cycles = 200
    read_rows = rng.integers(0, depth, (cycles, banks))
    write_rows = rng.integers(0, depth, (cycles, banks))
    write_data = rng.integers(0, 1 << width, (cycles, banks))
    enable = rng.integers(0, 2, (cycles, banks))
    memory = BankedMemory(banks=banks, depth=depth, width=width, output_register=output_register)
    assert memory.latency == 1 + output_register
    read_data = drive(
        memory,
        {
            "read_rows": read_rows,
            "write_enable": enable @ (1 << np.arange(banks)),
            "write_rows": write_rows,
            "write_data": write_data,
        },
        ["read_data"],
    )["read_data"]
    contents = np.zeros((banks, depth), int)
    compared = 0
    for t in range(cycles - memory.latency):
        for bank in range(banks):
            row = read_rows[t, bank]
            collides = enable[t, bank] and write_rows[t, bank] == row
            if not collides:
                assert read_data[t + memory.latency, bank] == contents[bank, row]
                compared += 1
        for bank in np.flatnonzero(enable[t]):
            contents[bank, write_rows[t, bank]] = write_data[t, bank]
    assert compared > cycles * banks / 3


@pytest.mark.parametrize(("depth", "width"), [(1, 1), (2, 9), (5, 8), (16, 70)])
@pytest.mark.parametrize("is_rom", [False, True])
def test_portable_memory(depth, width, is_rom):
    rng = np.random.default_rng(depth)
    cycles = 100
    words = [int.from_bytes(rng.bytes(16), "little") % (1 << width) for _ in range(depth)]
    memory = PortableMemory(depth=depth, width=width, words=words if is_rom else None)
    assert memory.latency == 1
    rows = rng.integers(0, depth, cycles).tolist()
    inputs = {"read_row": rows}
    contents = list(words) if is_rom else [0] * depth
    if not is_rom:
        inputs |= {
            "write_enable": rng.integers(0, 2, cycles).tolist(),
            "write_row": rng.integers(0, depth, cycles).tolist(),
            "write_data": [words[n % depth] ^ (n % (1 << width)) for n in range(cycles)],
        }
    found = drive(memory, inputs, ["read_data"])["read_data"].tolist()
    for cycle in range(cycles - 1):
        writes = not is_rom and inputs["write_enable"][cycle]
        if not (writes and inputs["write_row"][cycle] == rows[cycle]):
            assert found[cycle + 1] == contents[rows[cycle]]
        if writes:
            contents[inputs["write_row"][cycle]] = inputs["write_data"][cycle]

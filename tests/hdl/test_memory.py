"""Read-only and banked memories."""

import numpy as np
import pytest
from bench import drive

from nnhw.hdl.memory import BankedMemory, Rom


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

"""Image files: written and read again, damaged, for another machine; and machines in files."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from register_maps import loaded_map

from nnhw.errors import ExportError
from nnhw.image import (
    LoadRegisters,
    image_contents,
    image_listing,
    image_of,
    read_image,
    write_image,
)
from nnhw.machine import (
    Headroom,
    LoadMap,
    Machine,
    load_writes,
    machine_sha256,
    read_machine,
    write_machine,
)
from nnhw.mapping import EngineConfig, Program, map_graph
from nnhw.registers import BANK_BIT
from nnhw.simulate import sim_folder

CONFIG = EngineConfig(rows=4, cols=4, lanes=2, input_bytes=4, output_bytes=2, programmable=True)


@pytest.fixture(scope="module")
def program() -> Program:
    builder = IntegerBuilder((6, 5, 4), seed=3, bits=8)
    x = builder.function(builder.conv("x", 5, kernel=(3, 3)))
    graph = builder.graph(builder.dense(x, 7))
    return map_graph(graph, Headroom().of(map_graph(graph, CONFIG).machine))


@pytest.fixture
def file(program, tmp_path) -> Path:
    path = tmp_path / "image.bin"
    write_image(image_of(program.machine, program.image), path)
    return path


def writes_of(image) -> list[tuple[int, int]]:
    """Address and data of all writes, as the format says."""
    return [
        (s.address + index // s.columns * s.distance + index % s.columns, word)
        for s in image.sections
        for index, word in enumerate(s.words.tolist())
    ]


def test_what_is_read_is_what_was_written(program, file):
    image = read_image(file)
    assert writes_of(image) == load_writes(program.machine, program.image)
    assert image.machine_sha256 == machine_sha256(program.machine)
    load_map = LoadMap.of(program.machine)
    assert image.control == load_map.address(load_map.sections["control"])
    assert [s.number for s in image.sections] == [1, 2, 3, 4, 6, 7, 8]


def test_the_testbench_reads_the_same(program, file, monkeypatch):
    monkeypatch.syspath_prepend(sim_folder())
    from image import load_image

    image = load_image(file)
    assert [*image.writes()] == load_writes(program.machine, program.image)
    assert image.start() == (read_image(file).control, 1)
    assert [*image.writes(), image.start()] == [*read_image(file).port_writes()]


def test_the_testbench_writes_registers_that_say_the_same(program, tmp_path, monkeypatch):
    """Once with an address for each word, once where it does not count up to it by itself."""
    monkeypatch.syspath_prepend(sim_folder())
    from image import load_image

    registers = loaded_map()
    addresses = LoadRegisters.of(registers)
    write_image(image_of(program.machine, program.image, registers), tmp_path / "image.bin")
    read = read_image(tmp_path / "image.bin")
    loads = [*read.writes()]
    assert loads[: -len(registers.description)] == load_writes(program.machine, program.image)
    assert loads[-1] == (1 << 31 | 63, registers.description[63])
    image = load_image(tmp_path / "image.bin", vars(addresses), banks=2)
    words = [(address, word) for address, word in image.writes() if address == addresses.address]
    others = [entry for entry in image.writes(bank=1) if entry[0] == addresses.address]
    assert others == [(address, word | 1 << BANK_BIT) for address, word in words]
    assert image.start(1) == (addresses.control, 7)
    for writes in (
        [*image.writes(), image.start()],
        [*read.register_writes(addresses)],
    ):
        pointer, found = None, []
        for address, word in writes[:-1]:
            if address == addresses.address:
                pointer = word
            elif address == addresses.data:
                found.append((pointer, word))
                pointer += 1
        assert found == loads
        assert writes[-1] == (addresses.control, 3)
    assert read.machine_sha256 == machine_sha256(program.machine, has_registers=True)
    assert "registers  " in image_listing(read, program.machine)


def test_every_flipped_byte_is_found(file):
    content = file.read_bytes()
    rng = np.random.default_rng(0)
    for place in sorted({*range(100), *rng.integers(0, len(content), 200).tolist()}):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        file.write_bytes(damaged)
        with pytest.raises(ExportError, match=r"image\.bin' "):
            read_image(file)


@pytest.mark.parametrize("size", [0, 7, 20, 51, 60, 200, -5, -1])
def test_a_file_that_is_cut_off(file, size):
    content = file.read_bytes()
    file.write_bytes(content[:size])
    with pytest.raises(ExportError, match=r"is damaged|is no image file"):
        read_image(file)


def test_something_behind_the_end(file):
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(ExportError, match="there is something behind its last section"):
        read_image(file)


def test_no_file(tmp_path):
    with pytest.raises(ExportError, match="cannot be read: No such file"):
        read_image(tmp_path / "none.bin")


def test_listing(program, file):
    text = image_listing(read_image(file), program.machine)
    assert "last layer: " in text
    for layer in program.layers:
        assert f"source={layer.fetch.source} " in text
        assert f"destination={layer.write_back.destination} " in text
    assert f"\n{len(program.layers)}:" not in text
    contents = image_contents(read_image(file), program.machine)
    assert contents["geometry"] == {
        **{"last layer": len(program.layers) - 1, "last beat": 29, "last output": 0},
    }
    assert contents["instructions"]["drain"] == [vars(layer.drain) for layer in program.layers]


def test_an_image_for_another_machine(program, file):
    other = replace(program.machine, limits=replace(program.machine.limits, layers=99))
    with pytest.raises(ExportError, match="compile the network for this design"):
        image_listing(read_image(file), other)


def test_a_machine_in_a_file(program, tmp_path):
    path = tmp_path / "machine.json"
    for machine in (program.machine, program.fitted):
        write_machine(machine, path)
        again = read_machine(path)
        assert again == machine
        assert machine_sha256(again) == machine_sha256(machine)
    assert machine_sha256(program.machine) != machine_sha256(program.fitted)


def paths_of(value, path=()):
    """Paths to all entries of nested dictionaries."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from paths_of(entry, (*path, key))
    else:
        yield path


def test_a_damaged_machine(program, tmp_path):
    """Whatever entry is wrong or missing, it is said, and nothing else happens."""
    path = tmp_path / "machine.json"
    write_machine(program.machine, path)
    stored = json.loads(path.read_text())
    for keys in paths_of(stored):
        if keys[0] == "config":
            continue  # EngineConfig's own tests
        for change in ("drop", "text", None, -1, [], 1 << 40):
            damaged = json.loads(json.dumps(stored))
            holder = damaged
            for key in keys[:-1]:
                holder = holder[key]
            if change == "drop":
                del holder[keys[-1]]
            else:
                holder[keys[-1]] = change
            path.write_text(json.dumps(damaged))
            # a number may be another one, of which nobody can tell that it is wrong
            with suppress(ExportError):
                assert isinstance(read_machine(path), Machine)
    path.write_text("{")
    with pytest.raises(ExportError, match="is not the machine"):
        read_machine(path)

"""Memories: modules of their own, which the manifest lists, with initial contents or without."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest
from integer_graphs import IntegerBuilder
from run_verilator import verilator

from nnhw.design import write_checksums
from nnhw.errors import OptionError
from nnhw.export import ExportedMemories, export_design, generate_verilog
from nnhw.mapping import EngineConfig, Program, map_graph, predict_cycles
from nnhw.options import BuildOptions
from nnhw.simulate import install_testbench, lint, run_regression
from nnhw.vectors import make_vectors

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="no Icarus Verilog")


def chain(technology: str = "portable"):
    builder = IntegerBuilder((6, 6, 3), seed=3)
    x = builder.conv("x", 8, kernel=(3, 3))
    x = builder.add(x, builder.conv(x, 8, kernel=(1, 1)))
    graph = builder.graph(builder.dense(x, 24))
    return graph, EngineConfig(rows=8, cols=4, lanes=2, technology=technology)


def program(technology: str = "portable") -> Program:
    return map_graph(*chain(technology))


def modules(verilog: str) -> dict[str, str]:
    """Texts of modules by name."""
    return dict(re.findall(r"^module (\w+) (\(.*?)^endmodule", verilog, re.MULTILINE | re.DOTALL))


def without_simulation(verilog: str) -> str:
    """What synthesizers see."""
    return re.sub(r"`ifndef SYNTHESIS.*?`endif", "", verilog, flags=re.DOTALL)


def instances(texts: dict[str, str], top: str) -> dict[str, str]:
    """Modules by the paths of all their instances."""
    found = {}
    for module, name in re.findall(r"^  (\w+) (\w+) \($", texts[top], re.MULTILINE):
        found[name] = module
        found |= {f"{name}.{path}": m for path, m in instances(texts, module).items()}
    return found


@pytest.mark.parametrize("initial", [True, False])
def test_each_memory_is_a_module_that_is_listed(initial):
    memories = ExportedMemories("net", initial=initial)
    texts = modules(generate_verilog(program(), memories))
    arrays = {name for name, text in texts.items() if re.search(r"reg .*\[0:\d+\];", text)}
    listed = {memory.module for memory in memories.memories}
    roms = {memory.module for memory in memories.memories if memory.kind == "rom"}
    assert arrays == (listed if initial else listed - roms)
    assert {m.instance: m.module for m in memories.memories} == {
        path: module for path, module in instances(texts, "net").items() if module in listed
    }
    assert len(memories.memories) > len(listed) > len(roms) >= 2
    for memory in memories.memories:
        text = texts[memory.module]
        header, _, body = text.partition(");")
        ports = re.findall(r"(\w+),?$", header, re.MULTILINE)
        assert tuple(ports) == memory.ports
        assert f"[{memory.width - 1}:0] read_data" in re.sub(" +", " ", header)
        assert " assign" not in body  # nothing else is in it
        is_rom = memory.kind == "rom"
        assert ("write_enable" in ports) != is_rom
        assert memory.contents == ("inline" if is_rom else None)
        assert memory.init == (("initial" if initial else "logic") if is_rom else "none")
        assert f"[0:{memory.depth - 1}]" in body or not (initial or not is_rom)


def test_blocks_of_a_device_are_listed():
    memories = ExportedMemories("net")
    texts = modules(generate_verilog(program("ice40"), memories))
    cells = [memory for memory in memories.memories if memory.contents == "cell"]
    assert cells
    assert all("SB_RAM40_4K" in texts[memory.module] for memory in cells)
    assert {memory.kind for memory in memories.memories} == {"rom", "ram"}


def test_without_initial_contents():
    text = without_simulation(generate_verilog(program(), ExportedMemories("net", initial=False)))
    assert "Nothing has initial contents" in text
    code = re.sub(r"//.*", "", text)
    assert not re.search(r"\binitial\b", code)
    assert not re.search(r"^ *(output )?reg\b.*=", code, re.MULTILINE)
    with_contents = generate_verilog(program())
    assert "have initial contents" in with_contents
    assert re.search(r"\binitial\b", without_simulation(with_contents))


def export(folder, **choices):
    graph, config = chain()
    made = program()
    folder.mkdir()
    export_design(graph, made, predict_cycles(made), folder, model_sha256="", **choices)
    install_testbench(folder)
    vectors = make_vectors(
        graph,
        np.zeros((0, 6, 6, 3), np.int8),
        [layer.tensor for layer in made.layers],
        input_bytes=config.input_bytes,
        output_bytes=config.output_bytes,
    )
    vectors.save(folder / "sim" / "vectors.npz")
    write_checksums(folder)
    return folder


@pytest.mark.parametrize("simulator", ["verilator", pytest.param("icarus", marks=needs_icarus)])
@pytest.mark.parametrize("seed", [0, 1])
def test_without_initial_contents_in_simulation(simulator, seed, tmp_path):
    """Verilator sets registers at random, in Icarus they are X."""
    folder = export(tmp_path / "net", initial=False)
    assert run_regression(folder, simulator=simulator, seed=seed, vectors=2).passed
    if simulator == "verilator" and not seed:
        assert lint(folder) == []


def test_ram_powers_up_with_random_numbers(tmp_path):
    memories = ExportedMemories("net")
    texts = modules(generate_verilog(program(), memories))
    rams = [memory for memory in memories.memories if memory.kind == "ram"]
    rams = list({memory.module: memory for memory in rams}.values())
    assert any(memory.width > 16 for memory in rams)
    assert any(memory.width <= 16 for memory in rams)
    top = ["module top;"]
    for number, memory in enumerate(rams):
        top += [f"{memory.module} ram_{number} (.clk(1'b0), .read_row('0), .read_data(),"]
        top += [".write_enable(1'b0), .write_row('0), .write_data('0));"]
    top += ["integer row;", "initial begin #1;"]
    for number, memory in enumerate(rams):
        top += [f"for (row = 0; row < {memory.depth}; row = row + 1)"]
        top += [f'$display("{number} %h", ram_{number}.contents[row]);']
    top += ["$finish; end", "endmodule"]
    sources = [f"module {memory.module} {texts[memory.module]}endmodule" for memory in rams]
    (tmp_path / "top.sv").write_text("\n".join([*sources, *top]))
    binary = tmp_path / "obj" / "top"
    verilator(
        *("--binary", "--timing", "-Wno-fatal", "-Wno-lint", "--top", "top", "-Mdir", "obj"),
        *("-o", "top", "-CFLAGS", "-std=gnu++20 -fcoroutines", "top.sv"),
        folder=tmp_path,
    )

    def words(seed: int) -> list[list[int]]:
        done = subprocess.run(
            [binary, f"+power_up={seed}"], capture_output=True, text=True, check=True
        )
        lines = re.findall(r"^(\d+) ([0-9a-f]+)$", done.stdout, re.MULTILINE)
        return [[int(w, 16) for n, w in lines if int(n) == number] for number in range(len(rams))]

    def model(memory, noise: int) -> list[int]:
        found = []
        step = min(memory.width, 16)
        for _ in range(memory.depth):
            word = 0
            for _ in range(-(-memory.width // step)):
                noise = (noise * 1664525 + 1013904223) % (1 << 32)
                word = (word << step | noise >> (32 - step)) % (1 << memory.width)
            found.append(word)
        return found

    for seed in (1, 4000000000):
        assert words(seed) == [model(memory, seed) for memory in rams]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "ecp5-25k"}, "devices of ecp5 load contents with their configuration"),
        ({"technology": "ice40"}, "drop init, or target and technology"),
        ({"weights": "files"}, "weights in files are initial contents; drop weights"),
    ],
)
def test_init_that_cannot_be(options, message):
    with pytest.raises(OptionError, match=message):
        BuildOptions(init="none", **options)
    assert BuildOptions(init="none").init == "none"

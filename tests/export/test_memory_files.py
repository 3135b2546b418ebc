"""Contents of large memories in files: the same contents, found by simulators and by Yosys."""

import json
import shutil

import numpy as np
import pytest
from integer_graphs import IntegerBuilder

from nnhw.design import write_checksums
from nnhw.errors import ExportError
from nnhw.export import ExportedMemories, export_design, generate_verilog
from nnhw.export.verilog.netlist import Memory
from nnhw.mapping import EngineConfig, map_graph, predict_cycles
from nnhw.simulate import install_testbench, run_regression
from nnhw.vectors import make_vectors

needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="no Icarus Verilog")


def dense_pair():
    """32 kbit of weights or more."""
    builder = IntegerBuilder((1, 1, 64), seed=3)
    builder.dense(builder.dense("x", 128), 64)
    graph = builder.graph(builder.nodes[-1].output)
    return graph, EngineConfig(rows=8, cols=8, lanes=4)


def export(folder, *, weight_files):
    graph, config = dense_pair()
    program = map_graph(graph, config)
    folder.mkdir()
    export_design(
        graph,
        program,
        predict_cycles(program),
        folder,
        model_sha256="",
        weight_files=weight_files,
    )
    install_testbench(folder)
    vectors = make_vectors(
        graph,
        np.zeros((0, 1, 1, 64), np.int8),
        [layer.tensor for layer in program.layers],
        input_bytes=config.input_bytes,
        output_bytes=config.output_bytes,
    )
    vectors.save(folder / "sim" / "vectors.npz")
    write_checksums(folder)
    return folder


def memory(words, width=64):
    return Memory(width, len(words), {}, list(words))


def test_only_large_memories_have_files():
    files = ExportedMemories("net", files=True)
    words = list(range(256))
    assert files.place("net.engine.weights.words", memory(words)) == "net_weights.hex"
    assert files.texts["net_weights.hex"].splitlines()[:2] == [f"{n:016x}" for n in (0, 1)]
    assert files.place("net.engine.parameters.words", memory(words[:255])) is None
    assert files.place("net.engine.bank.words", memory([7] * 1000)) is None


def test_equal_contents_share_a_file_and_others_do_not():
    files = ExportedMemories("net", files=True)
    first, second = list(range(256)), list(range(1, 257))
    names = [files.place(f"net.{a}.rom.words", memory(w)) for a in "ab" for w in (first, second)]
    assert names == ["net_rom.hex", "net_rom_2.hex"] * 2
    assert len(files.texts) == 2


def test_files_hold_what_the_verilog_would():
    graph, config = dense_pair()
    files = ExportedMemories("net", files=True)
    inline = generate_verilog(map_graph(graph, config))
    short = generate_verilog(map_graph(graph, config), files)
    assert list(files.texts) == ["net_weights.hex"]
    words = files.texts["net_weights.hex"].split()
    width = 64 * map_graph(graph, config).widths.weight
    contents = ""
    for row, word in enumerate(words):
        contents += "  initial begin\n" if row % 16 == 0 else ""
        contents += f"    contents[{row}] = {width}'h{word};\n"
        contents += "  end\n" if row % 16 == 15 else ""
    assert inline.count(contents) == 1
    read = '  initial $readmemh("net_weights.hex", contents);\n'
    assert short == inline.replace(contents, read)


def test_manifest_lists_the_files(tmp_path):
    folder = export(tmp_path / "net", weight_files=True)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["sources"] == ["rtl/net.v"]
    assert manifest["memory_files"] == ["rtl/net_weights.hex"]
    assert all((folder / file).is_file() for file in manifest["memory_files"])


@pytest.mark.parametrize("simulator", ["verilator", pytest.param("icarus", marks=needs_icarus)])
def test_simulators_read_them(simulator, tmp_path):
    folder = export(tmp_path / "net", weight_files=True)
    assert run_regression(folder, simulator=simulator, vectors=1).passed


@needs_icarus
def test_other_contents_need_no_compilation(tmp_path):
    folder = export(tmp_path / "net", weight_files=True)
    assert run_regression(folder, simulator="icarus", vectors=1).compiled
    file = folder / "rtl" / "net_weights.hex"
    file.write_text("\n".join(reversed(file.read_text().split())))
    with pytest.raises(ExportError, match=r"net_weights\.hex' has changed since"):
        run_regression(folder, simulator="icarus", vectors=1)
    write_checksums(folder)
    result = run_regression(folder, simulator="icarus", vectors=1)
    assert not result.compiled
    assert result.divergence is not None


def test_missing_file_is_named(tmp_path):
    folder = export(tmp_path / "net", weight_files=True)
    (folder / "rtl" / "net_weights.hex").unlink()
    with pytest.raises(ExportError, match=r"net_weights\.hex' is named in .* but missing"):
        run_regression(folder)


def test_yosys_reads_them(tmp_path):
    pytest.importorskip("pyosys")
    from nnhw.synth import quote, run_yosys

    contents = []
    for weight_files in (False, True):
        folder = export(tmp_path / f"net{weight_files}", weight_files=weight_files)
        assert (folder / "rtl" / "net_weights.hex").exists() == weight_files
        netlist = tmp_path / "net.json"
        run_yosys(
            [
                f"read_verilog {quote(folder / 'rtl' / 'net.v')}",
                "proc",
                "memory_collect",
                f"write_json {quote(netlist)}",
            ],
            log=tmp_path / "yosys.log",
        )
        cells = json.loads(netlist.read_text())["modules"]["net_engine_weights_words"]["cells"]
        (rom,) = [cell for cell in cells.values() if cell["type"].startswith("$mem")]
        contents.append(rom["parameters"]["INIT"])
    assert "1" in contents[0]
    assert contents[0] == contents[1]

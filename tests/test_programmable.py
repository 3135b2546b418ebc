"""Programmable designs: several networks in one, further ones compiled for it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from nnhw import build, build_programmable, compile_network
from nnhw.design import read_design, write_checksums
from nnhw.errors import ExportError, MappingError, OptionError
from nnhw.image import read_image
from nnhw.inference import run_design
from nnhw.ir import load_graph
from nnhw.link.design import link_design
from nnhw.machine import read_machine
from nnhw.options import BuildOptions
from nnhw.placement import place_on
from nnhw.simulate import run_regression

EXAMPLES = Path(__file__).parents[1] / "examples"
MLP, CNN, RESNET = (EXAMPLES / f"digits_{name}.onnx" for name in ("mlp", "cnn", "resnet"))
DATA = EXAMPLES / "digits.npz"
SMALL = {"rows": 4, "cols": 4, "vectors": 1}


def network(path: Path, *, function: str = "Relu", hidden: int = 14, channels: int = 0) -> Path:
    """A network of random weights for digits: two dense layers, behind a convolution if there are
    `channels`."""
    rng = np.random.default_rng(5)
    constants, nodes = [], []

    def constant(name: str, *shape: int) -> str:
        values = rng.normal(size=shape) / np.sqrt(np.prod(shape[1:]) or 1)
        constants.append(numpy_helper.from_array(values.astype(np.float32), name))
        return name

    x, size = "x", 64
    if channels:
        weights = constant("wc", channels, 1, 5, 5), constant("bc", channels)
        nodes.append(helper.make_node("Conv", [x, *weights], ["c"], pads=[2] * 4, name="conv"))
        nodes.append(helper.make_node("Relu", ["c"], ["r"]))
        nodes.append(helper.make_node("MaxPool", ["r"], ["m"], kernel_shape=[2, 2], strides=[2, 2]))
        x, size = "m", 16 * channels
    nodes.append(helper.make_node("Flatten", [x], ["f"]))
    first = constant("w1", size, hidden), constant("b1", hidden)
    nodes.append(helper.make_node("Gemm", ["f", *first], ["g"], name="first"))
    nodes.append(helper.make_node(function, ["g"], ["h"]))
    second = constant("w2", hidden, 10), constant("b2", 10)
    nodes.append(helper.make_node("Gemm", ["h", *second], ["y"], name="second"))
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", [1, 1, 8, 8]), ("y", [1, 10]))
    ]
    graph = helper.make_graph(nodes, path.stem, ports[:1], ports[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A design of two networks, not simulated."""
    work = tmp_path_factory.mktemp("programmable")
    other = network(work / "other.onnx")
    results = build_programmable([MLP, other], data=[DATA], out=work / "design", sim=False, **SMALL)
    assert [result.folder for result in results] == [
        work / "design",
        work / "design" / "networks" / "other",
    ]
    return work / "design"


def test_every_network_has_a_folder_with_the_same_verilog(folder):
    design, other = read_design(folder), read_design(folder / "networks" / "other")
    assert design.networks == ("networks/other",)
    assert (design.top, other.top) == ("digits_mlp", "digits_mlp")
    assert (design.manifest["name"], other.manifest["name"]) == ("digits_mlp", "other")
    assert design.digest == other.digest
    assert design.manifest["load"] == other.manifest["load"]
    assert read_machine(folder / "machine.json").config.programmable
    images = [read_image(where / "image.bin") for where in (folder, other.folder)]
    assert {image.machine_sha256 for image in images} == {design.manifest["load"]["machine_sha256"]}
    memories = design.manifest["memories"]
    assert memories == other.manifest["memories"]
    assert {memory["init"] for memory in memories} == {"none"}
    assert any(memory["instance"].startswith("engine.weights.") for memory in memories)
    beats = 64 // design.manifest["input"]["stream_bytes"]
    assert images[0].sections[0].words.tolist() == [2, beats - 1, 0]
    x = np.load(DATA)["x"][:3]
    assert run_design(other.folder, x).y.shape == (3, 10)


def test_one_network_alone_is_programmable_too(tmp_path):
    result = build(MLP, data=DATA, out=tmp_path / "mlp", sim=False, programmable=True, **SMALL)
    assert result.manifest["load"]["image"] == "image.bin"
    assert result.manifest["networks"] == []


def test_nothing_needs_initial_contents(tmp_path):
    """Registers have none, either."""
    choices = {"init": "none", "sim": False, **SMALL}
    (result,) = build_programmable([MLP], data=[DATA], out=tmp_path / "mlp", **choices)
    (source,) = read_design(result.folder).sources
    text = re.sub(r"`ifndef SYNTHESIS.*?`endif", "", source.read_text(), flags=re.DOTALL)
    assert not re.search(r"^ *initial|^ *reg .*=", text, re.MULTILINE)


def test_a_network_that_fits_is_compiled(folder, tmp_path):
    model = network(tmp_path / "third.onnx", hidden=20)
    out = tmp_path / "out"
    result = compile_network(model, folder, data=DATA, out=out, sim=False)
    assert result.manifest["top"] == "digits_mlp"
    assert read_design(out).digest == read_design(folder).digest
    assert result.manifest["memories"] == read_design(folder).manifest["memories"]


def test_what_does_not_fit_is_said(folder, tmp_path):
    model = network(tmp_path / "larger.onnx", hidden=400, function="Sigmoid")
    with pytest.raises(MappingError) as caught:
        compile_network(model, folder, data=DATA, out=tmp_path / "out", sim=False)
    lines = str(caught.value).splitlines()
    assert lines[0] == "Network 'larger' asks for more than the machine has:"
    assert "  tables of functions: 1 needed, 0 available" in lines
    words = read_machine(folder / "machine.json").datapath.weight_words
    assert any(
        line.startswith("  words of the weight memory: ") and line.endswith(f"{words} available")
        for line in lines
    )
    assert not (tmp_path / "out").exists()


def test_refusals(folder, tmp_path):
    fitted = tmp_path / "fitted"
    build(MLP, data=DATA, out=fitted, sim=False, **SMALL)
    with pytest.raises(OptionError, match="is not programmable"):
        compile_network(MLP, fitted, data=DATA, out=tmp_path / "out")
    with pytest.raises(OptionError, match="Option rows is answered by the design"):
        compile_network(MLP, folder, data=DATA, out=tmp_path / "out", rows=4, cols=4)
    with pytest.raises(OptionError, match="Option init is answered by the design"):
        compile_network(MLP, folder, data=DATA, out=tmp_path / "out", init="none")
    with pytest.raises(OptionError, match="Option bus is answered by the design"):
        compile_network(MLP, folder, data=DATA, out=tmp_path / "out", bus="apb")
    with pytest.raises(OptionError, match="Option weights does not go with programmable yet"):
        build_programmable([MLP], data=[DATA], out=tmp_path / "out", weights="files")
    with pytest.raises(OptionError, match="Option keep of a programmable design follows what is"):
        build_programmable([MLP], data=[DATA], out=tmp_path / "out", keep=True)
    with pytest.raises(OptionError, match="Two models are called digits_mlp"):
        build_programmable([MLP, MLP], data=[DATA], out=tmp_path / "out")
    with pytest.raises(OptionError, match="There are 3 models and data for 2"):
        build_programmable([MLP, CNN, RESNET], data=[DATA, DATA], out=tmp_path / "out")
    with pytest.raises(OptionError, match="nothing on a board loads it"):
        link_design(read_design(folder))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"bus": "apb"}, "Option banks is for networks that are loaded over a control bus; give"),
        ({"programmable": True}, "Option banks is for networks that are loaded over a control bus"),
        (
            {"programmable": True, "bus": "apb", "clocks": "two"},
            "Option banks needs registers in the engine's clock, and clocks is two; drop one",
        ),
        (
            {"programmable": True, "bus": "apb", "keep": True},
            "Option keep follows one network that is loaded, and banks asks for two; drop one",
        ),
    ],
)
def test_what_does_not_go_with_two_banks(choices, message):
    with pytest.raises(OptionError, match=f"^{message}"):
        BuildOptions(banks=2, **choices)


def test_a_goal_that_is_missed(folder):
    """The array is chosen before it is known what a machine with headroom takes."""
    graph, machine = load_graph(folder / "golden.npz"), read_machine(folder / "machine.json")
    cycles = place_on(graph, machine, BuildOptions()).cycles
    place_on(graph, machine, BuildOptions(fps=1e8 / cycles.interval_cycles))
    place_on(graph, machine, BuildOptions(latency_us=cycles.latency_cycles / 100))
    message = f"is missed: the programmable design takes {cycles.interval_cycles} clock cycles"
    with pytest.raises(MappingError, match=message):
        place_on(graph, machine, BuildOptions(fps=1e8 / (cycles.interval_cycles - 1)))
    message = f"is missed: the programmable design takes {cycles.latency_cycles} clock cycles"
    with pytest.raises(MappingError, match=message):
        place_on(graph, machine, BuildOptions(latency_us=(cycles.latency_cycles - 1) / 100))


def test_an_image_of_another_design_is_refused(folder, tmp_path):
    """As any file that has changed."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    shutil.copyfile(copy / "networks" / "other" / "image.bin", copy / "image.bin")
    with pytest.raises(ExportError, match=r"image\.bin' has changed"):
        read_design(copy)


def test_a_machine_of_another_version_is_refused(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["load"]["machine_sha256"] = "0" * 64
    (copy / "manifest.json").write_text(json.dumps(manifest))
    write_checksums(copy)
    with pytest.raises(OptionError, match="was built by another version"):
        compile_network(MLP, copy, data=DATA, out=tmp_path / "out")


def test_a_machine_that_is_missing(tmp_path):
    with pytest.raises(ExportError, match=r"machine.json' is missing: .* programmable design"):
        read_machine(tmp_path / "machine.json")


def test_loaded_over_a_bus(tmp_path):
    """Registers and drivers are the design's; what they say of a network is in its image."""
    pytest.importorskip("systemrdl")
    out, other = tmp_path / "design", network(tmp_path / "other.onnx")
    results = build_programmable([MLP, other], data=[DATA], out=out, sim=False, bus="apb", **SMALL)
    compiled = compile_network(
        network(tmp_path / "third.onnx", hidden=11),
        out,
        data=DATA,
        out=tmp_path / "third",
        sim=False,
    )
    folders = [*(result.folder for result in results), tmp_path / "third"]
    assert len({read_design(where).digest for where in folders}) == 1
    for where, result in zip(folders, [*results, compiled], strict=True):
        manifest = result.manifest
        assert manifest["shell"]["bus"] == "apb"
        assert manifest["load"]["registers"] == {"control": 256, "address": 264, "data": 268}
        image = read_image(where / "image.bin")
        description = image.sections[-1]
        assert (description.number, description.address) == (15, 1 << 31)
        digest = bytes.fromhex(manifest["model_sha256"])
        assert description.words[8:16].astype("<u4").tobytes() == digest
        assert description.words[19] == 10 // manifest["output"]["stream_bytes"]
    names = {path.name for path in (out / "drivers" / "c").iterdir()}
    assert {"nnhw.c", "nnhw_image.c", "nnhw_image.h"} < names
    for where in folders[1:]:
        assert not {"registers", "drivers", "constraints"} & {p.name for p in where.iterdir()}
        assert not list(where.glob("*.core"))
        assert json.loads((where / "manifest.json").read_text())["packaging"] == []
    assert not any(name.startswith("load_") for name in _port_names(results[0]))


def _port_names(result) -> list[str]:
    return [port["name"] for port in result.manifest["ports"]]


@pytest.mark.slow
def test_tags_and_two_clocks(tmp_path):
    """A network with tables and one without, of frames with tags, and clocks without relation."""
    choices = {"tag_bits": 5, "clocks": "two", "stream_bytes": (2, 2), **SMALL}
    other = network(tmp_path / "other.onnx", function="Sigmoid")
    results = build_programmable([MLP, other], data=[DATA], out=tmp_path / "design", **choices)
    assert all(result.report.verification.passed for result in results)
    compiled = compile_network(
        network(tmp_path / "third.onnx"), results[0].folder, data=DATA, out=tmp_path / "third"
    )
    assert compiled.report.verification.passed
    assert compiled.manifest["shell"]["tag_bits"] == 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bus", "more"),
    [
        ("axi-lite", {}),
        ("wishbone", {"clocks": "two"}),
        ("apb", {"protect": "parity"}),
        ("apb", {"keep": True, "tag_bits": 3}),
        ("axi-lite", {"keep": True, "stream_bytes": (16, 4), "clocks": "two"}),
        ("wishbone", {"io": "mapped"}),
        ("apb", {"io": "dma"}),
        ("axi-lite", {"io": "dma", "memory_data_bits": 64, "clocks": "two"}),
        ("apb", {"io": "mapped", "clocks": "two", "protect": "parity"}),
        ("axi-lite", {"banks": 2, "tag_bits": 4, "protect": "parity"}),
        ("wishbone", {"banks": 2, "io": "mapped"}),
        ("axi-lite", {"banks": 2, "io": "dma"}),
    ],
)
def test_simulated_over_a_bus(tmp_path, bus, more):
    """Two networks, loaded over the bus one after the other."""
    pytest.importorskip("systemrdl")
    results = build_programmable(
        [MLP, CNN], data=[DATA], out=tmp_path / "design", bus=bus, **more, **SMALL
    )
    assert all(result.report.verification.passed for result in results)


@pytest.mark.slow
def test_one_design_runs_all(tmp_path, models_dir):
    """Four networks, and one that it was not built for, each loaded into the same Verilog, which
    is compiled once: bit for bit, in as many cycles as the cycle model says."""
    mnist = models_dir / "mnist_cnn_zoo.onnx"
    data = [DATA, DATA, DATA, models_dir / "mnist_data.npz"]
    out = tmp_path / "many"
    results = build_programmable(
        [MLP, CNN, RESNET, mnist], data=data, out=out, rows=8, cols=8, vectors=2
    )
    assert all(result.report.verification.passed for result in results)
    fifth = network(tmp_path / "fifth.onnx", channels=12, hidden=30)
    compiled = compile_network(fifth, out, data=DATA, out=tmp_path / "fifth", vectors=2)
    assert compiled.report.verification.passed
    for where in (*(result.folder for result in results), tmp_path / "fifth"):
        result = run_regression(where, build_dir=tmp_path / "compiled", seed=7)
        assert result.passed
        assert result.compiled == (where == out)
        assert read_design(where).digest == read_design(out).digest

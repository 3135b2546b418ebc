"""Files that ask for more than a build may take, or that no reader expects: one sentence, at once.

What they ask for is counted before it is allocated: each of these models is a few hundred bytes.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import check, model, node, normal, save

from nnhw.budget import memory_budget
from nnhw.errors import BudgetError, ModelError, NnhwError, UnsupportedError
from nnhw.frontend import load_model, read_summary

CASES = Path(__file__).parents[3] / "shared" / "cases" / "files"

MOST_BYTES = 1 << 30
MOST_SECONDS = 10


def refusal(made: onnx.ModelProto, folder: Path) -> str:
    """The one sentence that `load_model` and `read_summary` alike end with."""
    path = save(made, folder)
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(NnhwError) as caught:
        load_model(path)
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert grown < MOST_BYTES
    assert time.process_time() - began < MOST_SECONDS
    text = str(caught.value)
    if not isinstance(caught.value, UnsupportedError):
        assert "\n" not in text
        with pytest.raises(type(caught.value)) as again:
            read_summary(path)
        assert str(again.value) == text
    return text


def summed(*nodes: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Nodes that make a constant "k", whose sum is added to the input."""
    return [*nodes, node("ReduceSum", "k", "r", keepdims=1), node("Add", "x r")]


BIG = np.array([10**5, 10**5])
ONE = np.ones((1, 1), np.float32)

CONSTANTS = {
    "ConstantOfShape": (node("ConstantOfShape", "s", "k"), {"s": BIG}),
    "Expand": (node("Expand", "v s", "k"), {"v": ONE, "s": BIG}),
    "Tile": (node("Tile", "v s", "k"), {"v": ONE, "s": BIG}),
    "Pad": (node("Pad", "v s", "k"), {"v": ONE, "s": np.repeat(BIG, 2)}),
    "OneHot": (
        node("OneHot", "v d w", "k"),
        {"v": np.arange(50), "d": np.array(10**9), "w": np.array([0, 1], np.float32)},
    ),
    "Resize": (
        node("Resize", "v - s", "k"),
        {"v": normal(1, 1, 4, 4), "s": np.array([1, 1, 1e5, 1e5], np.float32)},
    ),
    "Range": (
        node("Range", "a b c", "k"),
        {"a": np.array(0.0, np.float32), "b": np.array(1e12, np.float32), "c": np.float32(1)},
    ),
    "MatMul": (node("MatMul", "v w", "k"), {"v": normal(40_000, 1), "w": normal(1, 40_000)}),
}


@pytest.mark.parametrize("operator", CONSTANTS)
def test_large_computed_constants(tmp_path, operator):
    made, constants = CONSTANTS[operator]
    text = refusal(model(summed(made), (1, 4), constants), tmp_path)
    assert text.startswith(f"{operator} '{made.name}'")
    assert "more than the budget of 4 GiB; " in text
    assert "--max-memory" in text


def test_constants_that_double(tmp_path):
    """Shape inference follows their values, however many they become."""
    nodes = [node("Concat", f"d{i} d{i}", f"d{i + 1}", axis=0) for i in range(40)]
    made = model(summed(*nodes, node("Identity", "d40", "k")), (1, 4), {"d0": np.ones(1, "f4")})
    assert "Concat 'the_concat_d" in refusal(made, tmp_path)


def test_many_computed_constants(tmp_path):
    """Each is allowed, all are not."""
    nodes = [node("ConstantOfShape", "s", "k0")]
    nodes += [node("Sin", f"k{i}", f"k{i + 1}") for i in range(40)]
    made = summed(*nodes, node("Identity", "k40", "k"))
    assert "Sin 'the_sin" in refusal(model(made, (1, 4), {"s": np.array([2000, 1000])}), tmp_path)


def test_work_of_folding(tmp_path):
    """Small constants can take long where the reference implementation is slow."""
    nodes = [node("ConstantOfShape", "s", "k0")]
    nodes += [node("Erf", f"k{i}", f"k{i + 1}") for i in range(5)]
    made = summed(*nodes, node("Identity", "k5", "k"))
    text = refusal(model(made, (1, 4), {"s": np.array([100_000])}), tmp_path)
    assert "Erf 'the_erf_k3'" in text
    assert "operations, more than the 2.1e+11 that a memory budget of 4 GiB allows" in text


def test_the_budget_can_be_raised(tmp_path):
    nodes = summed(node("ConstantOfShape", "s", "k"))
    path = save(model(nodes, (1, 4), {"s": np.array([400, 400])}), tmp_path)
    with memory_budget("10M"), pytest.raises(BudgetError, match="budget of 10 MiB"):
        load_model(path)
    with memory_budget("20M"):
        load_model(path)


SHAPES = {
    "Input 'x'": ((1, 1, 10**7, 10**7), [node("Relu", "x")], {}),
    "Input 'x' ": ((1, 64, 4096, 4096), [node("Relu", "x")], {}),
    "Input 'x' with": ((1, 10**7, 10**7), [node("Shape", "x", "s"), node("Reshape", "x s")], {}),
    "Pad": ((1, 1, 4, 4), [node("Pad", "x p")], {"p": np.array([0, 0, 50000, 50000] * 2)}),
    "Resize": (
        (1, 1, 4, 4),
        [node("Resize", "x - s", mode="nearest")],
        {"s": np.array([1, 1, 1e4, 1e4], np.float32)},
    ),
    "Conv": (
        (1, 1, 4, 4),
        [node("Conv", "x w", pads=[10**6] * 4)],
        {"w": normal(1, 1, 3, 3)},
    ),
    "Node 'the_conv": (
        (1, 1, 4, 4),
        [node("Conv", "x w", dilations=[10**6] * 2, pads=[10**6] * 4)],
        {"w": normal(1, 1, 3, 3)},
    ),
    "ConvTranspose": (
        (1, 2, 2, 2),
        [node("ConvTranspose", "x w", dilations=[5000, 5000], pads=[5000] * 4)],
        {"w": normal(2, 2, 3, 3)},
    ),
    "ConvTranspose ": (
        (1, 1, 2, 2),
        [node("ConvTranspose", "x w", strides=[97, 101])],
        {"w": normal(1, 1, 1, 1)},
    ),
    "SpaceToDepth": ((1, 4, 64, 64), [node("SpaceToDepth", "x", blocksize=64)], {}),
    "Gather": ((1, 10**6), [node("Gather", "x i", axis=1)], {"i": np.array([5, 3, 9])}),
    "Resize 'the": (
        (1, 1, 1, 4),
        [node("Resize", "x - s", mode="nearest")],
        {"s": np.array([1, 1, 1, 2e6], np.float32)},
    ),
    "A network of 2,000,000 weights": (
        (1, 2000, 2, 2),
        [node("Conv", "x w", group=1000)],
        {"w": normal(1000, 2, 1, 1)},
    ),
    "A network of 128,": (
        (1, 1, 400, 400),
        [node("MaxPool", "x", kernel_shape=[200, 200], pads=[100] * 4)],
        {},
    ),
    "A network whose outputs": ((1, 8, 600, 600), [node("Relu", "x")], {}),
}


@pytest.mark.parametrize("begin", SHAPES)
def test_large_networks(tmp_path, begin):
    shape, nodes, constants = SHAPES[begin]
    text = refusal(model(nodes, shape, constants), tmp_path)
    assert text.startswith(begin.strip())
    assert "--max-memory (max_memory=)" in text


def test_weights_that_are_read_again_and_again(tmp_path):
    """A small file with a large network."""
    nodes = [node("ConstantOfShape", "s", "w"), node("MatMul", "x w", "a0")]
    nodes += [node("MatMul", f"a{i} w", f"a{i + 1}") for i in range(4)]
    nodes.append(node("Relu", "a4"))
    text = refusal(model(nodes, (1, 400), {"s": np.array([400, 400])}), tmp_path)
    assert text.startswith("A network of 800,000 weights, of which the file holds 2, needs")


# functions, branches, loops


def doubling(depth: int) -> onnx.ModelProto:
    """Functions of which each calls the one before twice."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    functions = [helper.make_function("mine", "F0", ["a"], ["b"], [node("Relu", "a", "b")], opsets)]
    for i in range(1, depth):
        calls = [
            helper.make_node(f"F{i - 1}", ["a"], ["t"], domain="mine"),
            helper.make_node(f"F{i - 1}", ["t"], ["b"], domain="mine"),
        ]
        functions.append(helper.make_function("mine", f"F{i}", ["a"], ["b"], calls, opsets))
    made = model([node("Relu", "x", "r")], (1, 4))
    made.graph.node.append(helper.make_node(f"F{depth - 1}", ["r"], ["y"], domain="mine"))
    made.functions.extend(functions)
    made.opset_import.append(opsets[1])
    return made


def test_functions_that_multiply(tmp_path):
    assert len(check(doubling(6), tmp_path).nodes) == 33
    assert "has 8,193 nodes, with those of its functions" in refusal(doubling(14), tmp_path)
    assert "nested more than 16 deep" in refusal(doubling(26), tmp_path)


def test_a_function_that_calls_itself(tmp_path):
    made = doubling(3)
    made.functions[0].node[0].op_type = "F2"
    made.functions[0].node[0].domain = "mine"
    assert "Function 'F2'" in refusal(made, tmp_path)
    assert "calls itself" in refusal(made, tmp_path)


def branch(depth: int, name: str = "o") -> onnx.GraphProto:
    inner = branch(depth - 1, "i") if depth else None
    nodes = (
        [helper.make_node("If", ["c"], [name], then_branch=inner, else_branch=inner)]
        if inner
        else [node("Relu", "x", name)]
    )
    output = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
    return helper.make_graph(nodes, f"branch{depth}", [], [output])


def branching(depth: int) -> onnx.ModelProto:
    """An If in an If in an If."""
    graph = branch(depth)
    made = model([node("Relu", "x")], (1, 4), {"c": np.array(True)})
    del made.graph.node[:]
    made.graph.node.append(
        helper.make_node("If", ["c"], ["y"], then_branch=graph, else_branch=graph)
    )
    return made


def test_branches_within_branches(tmp_path):
    check(branching(3), tmp_path)


def test_nested_too_deeply(tmp_path):
    chain = branch(0)
    for i in range(20):
        output = helper.make_tensor_value_info("o", TensorProto.FLOAT, None)
        outer = helper.make_node("If", ["c"], ["o"], then_branch=chain, else_branch=branch(0))
        chain = helper.make_graph([outer], f"chain{i}", [], [output])
    made = model([node("Relu", "x")], (1, 4), {"c": np.array(True)})
    del made.graph.node[:]
    made.graph.node.append(
        helper.make_node("If", ["c"], ["y"], then_branch=chain, else_branch=branch(0))
    )
    assert "nested more than 16 deep" in refusal(made, tmp_path)


def loop() -> onnx.NodeProto:
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [node("Identity", "go", "on"), node("Add", "v v", "w")],
        "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("v", 1, None)],
        [value("on", TensorProto.BOOL, []), value("w", 1, None)],
    )
    return helper.make_node("Loop", ["n", "c", "one"], ["k"], "endless", body=body)


TRIPS = {"n": np.array(10**9), "c": np.array(True), "one": np.ones(1, np.float32)}


def test_a_loop_is_not_run(tmp_path):
    made = model([loop(), node("Add", "x k")], (1, 4), TRIPS)
    assert "Loop 'endless' of 1,000,000,000 trips" in refusal(made, tmp_path)


def test_a_loop_in_a_branch_is_not_run(tmp_path):
    output = helper.make_tensor_value_info("o", TensorProto.FLOAT, None)
    then = helper.make_graph([loop(), node("Add", "x k", "o")], "then", [], [output])
    nodes = [helper.make_node("If", ["c"], ["y"], then_branch=then, else_branch=branch(0))]
    made = model(nodes, (1, 4), TRIPS)
    assert "Loop 'endless' of 1,000,000,000 trips" in refusal(made, tmp_path)


def test_branches_with_names_that_are_taken(tmp_path):
    """Two branches use the same names, and each its own constant."""

    def scaled(factor: float) -> onnx.GraphProto:
        constant = numpy_helper.from_array(np.array([factor], np.float32), "f")
        nodes = [node("Mul", "x f", "t"), node("Relu", "t", "o")]
        output = helper.make_tensor_value_info("o", TensorProto.FLOAT, None)
        return helper.make_graph(nodes, "scaled", [], [output], [constant])

    nodes = [
        helper.make_node("If", ["c"], ["a"], then_branch=scaled(2), else_branch=scaled(3)),
        helper.make_node("If", ["d"], ["b"], then_branch=scaled(5), else_branch=scaled(7)),
        node("Add", "a b"),
    ]
    made = model(nodes, (1, 4), {"c": np.array(True), "d": np.array(False)})
    check(made, tmp_path)


# declared sizes, types


@pytest.mark.parametrize(
    ("dims", "message"),
    [
        ([10**6, 10**6], "The constants of .* 1,000,000,000,000 elements, needs about"),
        ([1 << 62, 1 << 62], "The constants of"),
        ([-6, -4], "not a valid ONNX model"),
        ([0, 1 << 62], "w"),
    ],
)
def test_constants_without_data(tmp_path, dims, message):
    made = model([node("Gemm", "x w")], (1, 6), {"w": normal(6, 4)})
    made.graph.initializer[0].dims[:] = dims
    with pytest.raises(NnhwError, match=message):
        load_model(save(made, tmp_path))


def test_sparse_constant(tmp_path):
    values = numpy_helper.from_array(np.ones(2, np.float32), "w")
    places = numpy_helper.from_array(np.array([0, 5]), "places")
    made = model([node("MatMul", "x w")], (1, 6), {"w": normal(6, 4)})
    del made.graph.initializer[:]
    made.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [10**6, 10**6]))
    assert refusal(made, tmp_path).startswith("Sparse constant 'w'")


@pytest.mark.parametrize("kind", [8, 9, 14, 15, 17, 20, 22, 24, 99, -1])
def test_constants_of_any_type(tmp_path, kind):
    made = model([node("Gemm", "x w")], (1, 6), {"w": normal(6, 4)})
    made.graph.initializer[0].data_type = kind
    refusal(made, tmp_path)


def test_weights_without_elements(tmp_path):
    made = model([node("MatMul", "x w")], (1, 6), {"w": normal(6, 0)})
    assert "MatMul 'the_matmul_y'" in refusal(made, tmp_path)


@pytest.mark.parametrize("seed", range(3))
def test_changed_bytes(tmp_path, seed):
    """Any byte may change: the model is read, or refused, and nothing else."""
    nodes = [node("Conv", "x k", "c", pads=[1] * 4), node("Flatten", "c", "f"), node("Gemm", "f w")]
    constants = {"k": normal(2, 1, 3, 3), "w": normal(32, 3)}
    path = save(model(nodes, (1, 1, 4, 4), constants), tmp_path)
    data = path.read_bytes()
    rng = np.random.default_rng(seed)
    refused = []
    for _ in range(60):
        changed = bytearray(data)
        changed[rng.integers(len(data))] = rng.integers(256)
        path.write_bytes(changed)
        try:
            read_summary(path)
        except NnhwError as error:
            refused.append(str(error))
    assert refused
    assert not any("\n" in text for text in refused)


# external data


def external(folder: Path, **entries: str) -> Path:
    made = model([node("Gemm", "x w")], (1, 6), {"w": normal(6, 4)})
    path = folder / "small.onnx"
    onnx.save(made, path, save_as_external_data=True, location="small.bin", size_threshold=0)
    stored = onnx.load(path, load_external_data=False)
    del stored.graph.initializer[0].external_data[:]
    for key, value in ({"location": "small.bin"} | entries).items():
        stored.graph.initializer[0].external_data.add(key=key, value=value)
    path.write_bytes(stored.SerializeToString())
    return path


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"offset": "-4"}, r"their offset, '-4', is no number of bytes"),
        ({"length": "-1"}, r"their length, '-1', is no number of bytes"),
        ({"length": ""}, r"their length, '', is no number of bytes"),
        ({"offset": "1e3"}, "is no number of bytes"),
        ({"offset": "9" * 30}, "is no number of bytes"),
        ({"offset": "4"}, "valid|damaged"),
        ({"offset": "4", "length": "96"}, "96 bytes from byte 4 on, but the file has 96"),
        ({"offset": "1000"}, "0 bytes from byte 1000 on, but the file has 96"),
        ({"length": str(1 << 60)}, "but the file has 96"),
        ({"length": "8"}, "valid|damaged"),
        ({"location": "a\0b"}, "no name of a file"),
        ({"location": ""}, "no name of a file"),
        ({"location": "."}, "does not exist"),
    ],
)
def test_external_data_that_lie(tmp_path, entries, message):
    with pytest.raises(ModelError, match=message) as caught:
        load_model(external(tmp_path, **entries))
    assert re.search(r"tensor name: w\b|'w'", str(caught.value))


def test_external_data_are_counted(tmp_path):
    path = external(tmp_path)
    with open(tmp_path / "small.bin", "wb") as file:
        file.truncate(8 << 30)
    with pytest.raises(BudgetError, match=r"The external data of .*8,589,934,592 bytes"):
        load_model(path)


def test_external_data_in_a_branch(tmp_path):
    """Constants of nested graphs keep theirs outside just as well."""
    constant = numpy_helper.from_array(normal(1, 4), "f")
    output = helper.make_tensor_value_info("o", TensorProto.FLOAT, None)
    then = helper.make_graph([node("Add", "x f", "o")], "then", [], [output], [constant])
    nodes = [helper.make_node("If", ["c"], ["y"], then_branch=then, else_branch=branch(0))]
    path = tmp_path / "small.onnx"
    made = model(nodes, (1, 4), {"c": np.array(True)})
    (taken,) = (a.g for a in made.graph.node[0].attribute if a.name == "then_branch")
    inner = taken.initializer[0]
    (tmp_path / "f.bin").write_bytes(inner.raw_data)
    inner.ClearField("raw_data")
    inner.data_location = TensorProto.EXTERNAL
    inner.external_data.add(key="location", value="f.bin")
    path.write_bytes(made.SerializeToString())
    assert len(load_model(path).nodes) == 1


# every case that is kept beside the project


@pytest.mark.skipif(not CASES.is_dir(), reason="the folder of cases is not there")
@pytest.mark.parametrize(
    "path", sorted(CASES.glob("*")) if CASES.is_dir() else [], ids=lambda path: path.name
)
def test_cases(tmp_path, path):
    """In a child with limits: exit code 1, one sentence, little memory, little time."""
    if path.suffix == ".npz":
        arguments = ["build", "model.onnx", "--data", str(path), "--no-sim", "--quiet"]
        made = model([node("Conv", "x w")], (1, 2, 4, 4), {"w": normal(2, 2, 1, 1)})
        save(made, tmp_path, "model.onnx")
    else:
        arguments = ["inspect", str(path), "--json"]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))

    done = subprocess.run(
        [sys.executable, "-m", "nnhw", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=limit,
    )
    assert "Traceback" not in done.stderr
    if done.returncode == 0:
        assert '"supported": false' in done.stdout
    else:
        assert done.returncode == 1
        assert done.stderr.startswith("Error: ")
        assert len(done.stderr.strip().splitlines()) == 1

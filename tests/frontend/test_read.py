"""Files that are not models, or not whole."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_models import check, model, node, normal, save

from nnhw.errors import ModelError, UnsupportedError
from nnhw.frontend import load_model


def gemm_model(**arguments):
    return model([node("Gemm", "x w")], (1, 6), {"w": normal(6, 4)}, **arguments)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an ONNX model"),
        (b"PK\x03\x04 something else", "not an ONNX model"),
        (b"hello", "not an ONNX model"),
    ],
)
def test_not_onnx(tmp_path, content, message):
    path = tmp_path / "other.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        load_model(path)
    assert "other.onnx" in str(caught.value)


def test_cut_off(tmp_path):
    path = save(gemm_model(), tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ModelError, match=r"small\.onnx"):
        load_model(path)


def test_missing_file(tmp_path):
    with pytest.raises(ModelError, match=r"none\.onnx' does not exist"):
        load_model(tmp_path / "none.onnx")


def test_folder(tmp_path):
    with pytest.raises(ModelError, match="is a folder"):
        load_model(tmp_path)


def test_invalid_model(tmp_path):
    made = gemm_model()
    made.graph.node[0].op_type = "NoSuchOperator"
    with pytest.raises(ModelError, match=r"not a valid ONNX model.*NoSuchOperator"):
        load_model(save(made, tmp_path))


def test_unknown_tensor(tmp_path):
    made = gemm_model()
    made.graph.node[0].input[0] = "nowhere"
    with pytest.raises(ModelError, match="reads 'nowhere', which is no input"):
        load_model(save(made, tmp_path))


def test_constant_of_another_size(tmp_path):
    made = gemm_model()
    made.graph.initializer[0].dims[:] = []
    with pytest.raises(ModelError, match=r"'w'.*damaged"):
        load_model(save(made, tmp_path))


def test_unknown_input_type(tmp_path):
    made = gemm_model()
    made.graph.input[0].type.tensor_type.elem_type = 99
    with pytest.raises(ModelError, match="type 99"):
        load_model(save(made, tmp_path))


@pytest.mark.parametrize("opset", [6, 1, onnx.defs.onnx_opset_version() + 1])
def test_opset_out_of_range(tmp_path, opset):
    made = gemm_model()
    made.opset_import[0].version = opset
    with pytest.raises(ModelError, match=f"uses opset {opset}; opsets 7 to "):
        load_model(save(made, tmp_path))


def test_training_information(tmp_path):
    made = gemm_model()
    made.training_info.add()
    with pytest.raises(ModelError, match="export the model for inference"):
        load_model(save(made, tmp_path))


def save_external(folder, location="small.bin"):
    made = gemm_model()
    path = folder / "small.onnx"
    onnx.save(made, path, save_as_external_data=True, location="small.bin", size_threshold=0)
    stored = onnx.load(path, load_external_data=False)
    for entry in stored.graph.initializer[0].external_data:
        if entry.key == "location":
            entry.value = location
    path.write_bytes(stored.SerializeToString())
    return path


def test_external_data(tmp_path):
    path = save_external(tmp_path)
    graph = load_model(path)
    np.testing.assert_array_equal(
        graph.nodes[0].weight[:, 0, 0, :], normal(6, 4).T.astype(np.float64)
    )


def test_external_data_missing(tmp_path):
    path = save_external(tmp_path)
    (tmp_path / "small.bin").unlink()
    with pytest.raises(ModelError, match=r"'w'.*'small\.bin', which does not exist"):
        load_model(path)


def test_external_data_too_short(tmp_path):
    path = save_external(tmp_path)
    (tmp_path / "small.bin").write_bytes(b"abc")
    with pytest.raises(ModelError, match=r"'w'.*'small\.bin', which cannot be read"):
        load_model(path)


@pytest.mark.parametrize("location", ["../small.bin", "/etc/hostname", "a/../../b"])
def test_external_data_outside_of_the_folder(tmp_path, location):
    (tmp_path / "model").mkdir()
    path = save_external(tmp_path / "model", location)
    with pytest.raises(ModelError, match=r"'w'.*outside of the model's folder"):
        load_model(path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet8.onnx", "resnet8"),
        ("my-model v1.2.onnx", "my_model_v1_2"),
        ("8bit.onnx", "net_8bit"),
        ("module.onnx", "net_module"),
        ("logic.onnx", "net_logic"),
        ("tb.onnx", "net_tb"),
        ("host.onnx", "net_host"),
        ("selfcheck.onnx", "net_selfcheck"),
        ("größe__v2_.onnx", "gr_e_v2"),
        ("_.onnx", "net"),
    ],
)
def test_graph_name(tmp_path, name, expected):
    assert load_model(save(gemm_model(), tmp_path, name)).name == expected


def test_local_functions_are_inlined(tmp_path):
    made = gemm_model()
    made.graph.node[0].output[0] = "g"
    made.graph.node.append(helper.make_node("Act", ["g"], ["y"], domain="mine"))
    opsets = [helper.make_opsetid("", 17)]
    made.functions.append(
        helper.make_function("mine", "Act", ["a"], ["b"], [node("Relu", "a", "b")], opsets)
    )
    made.opset_import.append(helper.make_opsetid("mine", 1))
    assert len(check(made, tmp_path).nodes) == 2


def test_contrib_operator(tmp_path):
    made = gemm_model()
    made.graph.node[0].output[0] = "g"
    made.graph.node.append(helper.make_node("Fancy", ["g"], ["y"], "f1", domain="com.mine"))
    made.opset_import.append(helper.make_opsetid("com.mine", 1))
    with pytest.raises(UnsupportedError, match=r"com\.mine\.Fancy 'f1': the operator is not"):
        load_model(save(made, tmp_path))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("net.pt", 'file of PyTorch.*torch.onnx.export.*"net.onnx"'),
        ("net.PTH", "file of PyTorch"),
        ("net.h5", "file of Keras.*--keras net.h5 --output net.onnx"),
        ("net.keras", "file of Keras"),
        ("net.pb", "graph of TensorFlow.*--graphdef net.pb"),
        ("net.safetensors", "weights without a network.*torch.onnx.export"),
    ],
)
def test_files_of_other_tools_say_how_to_export(tmp_path, name, words):
    path = tmp_path / name
    path.write_bytes(b"PK\3\4 anything")
    with pytest.raises(ModelError, match=words):
        load_model(path)


def test_saved_model_of_tensorflow_says_how_to_export(tmp_path):
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"")
    with pytest.raises(ModelError, match=r"SavedModel.*--output saved\.onnx"):
        load_model(folder)


def test_onnx_by_another_name_is_read(tmp_path):
    path = tmp_path / "digits.pb"
    path.write_bytes((Path(__file__).parents[2] / "examples" / "digits_mlp.onnx").read_bytes())
    assert load_model(path).nodes

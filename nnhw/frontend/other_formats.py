"""Files of trained networks that are no ONNX files: how to export them."""

from __future__ import annotations

from pathlib import Path

_TORCH = (
    "a file of PyTorch. Export the network from Python, where its class is: "
    'torch.onnx.export(net.eval(), (sample,), "{stem}.onnx", dynamo=False), with sample a tensor '
    "of shape (1, ...) as the network takes it"
)
_KERAS = (
    "a file of Keras. Export it with tf2onnx: python -m tf2onnx.convert --keras {name} "
    "--output {stem}.onnx; or in Python, from Keras 3.8 on, "
    'keras.saving.load_model("{name}").export("{stem}.onnx", format="onnx")'
)
_TENSORFLOW = (
    "a graph of TensorFlow. Export the folder of its SavedModel with tf2onnx: "
    "python -m tf2onnx.convert --saved-model FOLDER --output {stem}.onnx; a frozen graph with "
    "--graphdef {name} --inputs x:0 --outputs y:0"
)

_ADVICE = {
    ".pt": _TORCH,
    ".pth": _TORCH,
    ".pt2": _TORCH,
    ".ckpt": _TORCH,
    ".safetensors": "a file of weights without a network. " + _TORCH.partition(". ")[2],
    ".h5": _KERAS,
    ".hdf5": _KERAS,
    ".keras": _KERAS,
    ".pb": _TENSORFLOW,
}


def export_advice(path: Path) -> str:
    """What kind of file it is by its name's ending, and how to make ONNX of it; "" if unknown."""
    advice = _ADVICE.get(path.suffix.lower(), "")
    return advice.format(name=path.name, stem=path.stem)


def saved_model_advice(folder: Path) -> str:
    """The same of a folder."""
    if not (folder / "saved_model.pb").is_file():
        return ""
    return (
        "a SavedModel of TensorFlow. Export it with tf2onnx: python -m tf2onnx.convert "
        f"--saved-model {folder} --output {folder.name}.onnx"
    )

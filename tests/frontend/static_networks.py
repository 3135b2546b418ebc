"""Float networks, and what onnxruntime.quantization makes of them in all of its settings."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper
from onnx_models import model, node, normal, save

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class Setting:
    """Types of activations and weights, format, and whether weights have a scale a channel."""

    activations: str
    weights: str
    form: str
    per_channel: bool

    def __str__(self) -> str:
        scales = "channel" if self.per_channel else "tensor"
        return f"{self.activations}-{self.weights}-{self.form}-{scales}"


SETTINGS = [
    Setting(activations, weights, form, per_channel)
    for activations, weights in (("QUInt8", "QInt8"), ("QInt8", "QInt8"), ("QUInt8", "QUInt8"))
    for form in ("QDQ", "QOperator")
    for per_channel in (False, True)
]


def _uneven(*shape: int, seed: int) -> np.ndarray:
    """Weights that are not centred, so that zero points of uint8 are not 128."""
    fan_in = np.prod(shape[1:])
    return ((normal(*shape, seed=seed) + 0.2) / np.sqrt(fan_in)).astype(np.float32)


def _mobile() -> onnx.ModelProto:
    nodes = [
        node("Conv", "x w b", "c", pads=[1] * 4, strides=[2, 2]),
        node("Clip", "c zero six", "r"),
        node("Conv", "r wd b", "d", pads=[1] * 4, group=8),
        node("Clip", "d zero six", "rd"),
        node("Conv", "rd wp b", "p"),
        node("Add", "p r", "a"),
        node("GlobalAveragePool", "a", "g"),
        node("Flatten", "g", "f"),
        node("Gemm", "f wf bf", "y", transB=1),
    ]
    constants = {
        **{"w": _uneven(8, 3, 3, 3, seed=0), "wd": _uneven(8, 1, 3, 3, seed=1)},
        **{"wp": _uneven(8, 8, 1, 1, seed=2), "b": normal(8), "zero": np.float32(0)},
        **{"wf": _uneven(5, 8, seed=3), "bf": normal(5), "six": np.float32(6)},
    }
    return model(nodes, (1, 3, 12, 12), constants)


def _functions() -> onnx.ModelProto:
    nodes = [
        node("Conv", "x w b", "c", pads=[1] * 4),
        node("Sigmoid", "c", "s"),
        node("Mul", "c s", "m"),
        node("Conv", "m v b", "d"),
        node("LeakyRelu", "d", "l", alpha=0.1),
        node("Concat", "l m", "k", axis=1),
        node("AveragePool", "k", "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", "p", "f"),
        node("Gemm", "f wf", "y", transB=1),
    ]
    constants = {
        **{"w": _uneven(4, 3, 3, 3, seed=0), "v": _uneven(4, 4, 1, 1, seed=1)},
        **{"b": normal(4), "wf": _uneven(5, 72, seed=2)},
    }
    return model(nodes, (1, 3, 6, 6), constants)


def _moves() -> onnx.ModelProto:
    """Parts, padding, repeated pixels: computed with integers in the QOperator format."""
    nodes = [
        node("Conv", "x w b", "c", pads=[1] * 4),
        node("Relu", "c", "r"),
        helper.make_node("Split", ["r"], ["left", "right"], "split", axis=1),
        node("Add", "left right", "a"),
        node("Pad", "a pads", "p"),
        helper.make_node("Resize", ["p", "", "twice"], ["u"], "resize", mode="nearest",
                         coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
        node("Conv", "u v", "y"),
    ]  # fmt: skip
    constants = {
        **{"w": _uneven(4, 3, 3, 3, seed=0), "b": normal(4), "v": _uneven(3, 2, 3, 3, seed=1)},
        **{"pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]), "twice": np.float32([1, 1, 2, 2])},
    }
    return model(nodes, (1, 3, 4, 4), constants)


def _bilinear() -> onnx.ModelProto:
    nodes = [
        node("Conv", "x w b", "c", pads=[1] * 4),
        node("Relu", "c", "r"),
        helper.make_node("Resize", ["r", "", "twice"], ["u"], "resize", mode="linear",
                         coordinate_transformation_mode="half_pixel"),
        node("Conv", "u v", "y"),
    ]  # fmt: skip
    constants = {
        **{"w": _uneven(4, 3, 3, 3, seed=0), "b": normal(4), "v": _uneven(3, 4, 3, 3, seed=1)},
        "twice": np.float32([1, 1, 2, 2]),
    }
    return model(nodes, (1, 3, 5, 5), constants)


_MADE = {"mobile": _mobile, "functions": _functions, "moves": _moves, "bilinear": _bilinear}
EXAMPLE_NETWORKS = ("digits_mlp", "digits_cnn", "digits_resnet")
NETWORKS = (*EXAMPLE_NETWORKS, *_MADE)


def samples(network: str, count: int = 64) -> np.ndarray:
    """Inputs in ONNX's order."""
    if network in EXAMPLE_NETWORKS:
        with np.load(EXAMPLES / "digits.npz") as data:
            return data["x"][:count].astype(np.float32)
    shape = [dim.dim_value for dim in _MADE[network]().graph.input[0].type.tensor_type.shape.dim]
    return np.random.default_rng(1).standard_normal((count, *shape[1:])).astype(np.float32)


def float_file(network: str, folder: Path) -> Path:
    """The network before quantization."""
    if network in EXAMPLE_NETWORKS:
        return EXAMPLES / f"{network}.onnx"
    return save(_MADE[network](), folder)


def quantized_statically(
    network: str, setting: Setting, folder: Path, **extra_options: Any
) -> Path:
    """The file that `quantize_static` makes of a network."""
    quantization = pytest.importorskip("onnxruntime.quantization")
    source, path = float_file(network, folder), folder / f"{network}_quantized.onnx"
    feeds = iter([{_input(source): x[None]} for x in samples(network)])

    class Reader(quantization.CalibrationDataReader):
        def get_next(self) -> dict[str, np.ndarray] | None:
            return next(feeds, None)

    with _quiet():
        quantization.quantize_static(
            str(source),
            str(path),
            Reader(),
            quant_format=quantization.QuantFormat[setting.form],
            per_channel=setting.per_channel,
            activation_type=quantization.QuantType[setting.activations],
            weight_type=quantization.QuantType[setting.weights],
            extra_options=extra_options,
        )
    return path


def quantized_dynamically(network: str, weights: str, per_channel: bool, folder: Path) -> Path:
    """The file that `quantize_dynamic` makes of a network."""
    quantization = pytest.importorskip("onnxruntime.quantization")
    source, path = float_file(network, folder), folder / f"{network}_dynamic.onnx"
    with _quiet():
        quantization.quantize_dynamic(
            str(source),
            str(path),
            weight_type=quantization.QuantType[weights],
            per_channel=per_channel,
        )
    return path


def _input(path: Path) -> str:
    return onnx.load(path).graph.input[0].name


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the quantizer's advice to itself."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def stored_integers(path: Path) -> Iterator[np.ndarray]:
    """Weights of a file, and their zero points: bytes, but for scalars and what is all zero."""
    for tensor in onnx.load(path).graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        if array.dtype in (np.int8, np.uint8) and array.size > 1 and array.any():
            yield array

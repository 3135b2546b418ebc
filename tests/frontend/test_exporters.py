"""A model of each exporter, down to the simulated Verilog; for scikit-learn see its own tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx_models import normal
from test_quantized_qoperator import quantized_by_onnxruntime
from torch_models import IMAGE, export, scores, small_cnn

from nnhw import build
from nnhw.report import BuildReport

pytestmark = pytest.mark.slow


def built(path: Path, data: Path, folder: Path) -> BuildReport:
    report = build(path, data=data, out=folder / "out", macs=16, vectors=2).report
    assert report.verification is not None
    assert report.verification.passed
    assert report.verification.latency_cycles == report.latency_cycles
    assert report.verification.interval_cycles == report.interval_cycles
    assert report.accuracy is not None
    return report


@pytest.mark.parametrize("dynamo", [False, True], ids=["torchscript", "dynamo"])
def test_pytorch(tmp_path, dynamo):
    network = small_cnn()
    path = export(network, tmp_path / "cnn.onnx", dynamo=dynamo, dynamic=True)
    x = normal(200, *IMAGE)
    np.savez(tmp_path / "data.npz", x=x, y=scores(network, x).argmax(axis=1))
    report = built(path, tmp_path / "data.npz", tmp_path)
    assert report.host_postprocess == ("LogSoftmax(axis=1)",)
    assert report.accuracy.float_top1 == 100
    assert report.accuracy.integer_top1 > 90


@pytest.mark.parametrize("quant_format", ["QDQ", "QOperator"])
def test_onnxruntime_quantize_static(tmp_path, quant_format):
    quantization = pytest.importorskip("onnxruntime.quantization")
    path, x = quantized_by_onnxruntime(
        tmp_path,
        quant_format=quantization.QuantFormat[quant_format],
        per_channel=True,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
    )
    np.savez(tmp_path / "data.npz", x=x)
    report = built(path, tmp_path / "data.npz", tmp_path)
    assert report.source.data is not None
    assert report.accuracy.agreement > 90


def test_tensorflow_lite(models_dir, tmp_path):
    """A QDQ model that was converted from TensorFlow Lite's of a Keras network."""
    built(models_dir / "dscnn_int8.onnx", models_dir / "dscnn_data.npz", tmp_path)

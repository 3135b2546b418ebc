"""The networks of benchmarks/growth.py have the sizes that they claim."""

import importlib
from pathlib import Path

import pytest

from nnhw import inspect_model


@pytest.fixture
def synthetic(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
    return importlib.import_module("synthetic")


def macs(model):
    summary = inspect_model(model)
    assert summary.supported
    return summary.macs


def test_fixed_networks(synthetic, tmp_path):
    assert macs(synthetic.mnist_like(tmp_path)) == 791_840
    assert macs(synthetic.resnet8_like(tmp_path)) == 12_501_632


@pytest.mark.parametrize(("height", "channels"), [(8, 3), (32, 9)])
def test_pyramid(synthetic, tmp_path, height, channels):
    convolutions = 9 * height**2 * (3 * channels + channels**2)
    product = 4 * channels * 10
    assert macs(synthetic.pyramid(tmp_path, height, channels)) == convolutions + product

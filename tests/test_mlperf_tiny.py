"""The networks of MLPerf Tiny: how well an array is used, and whole verified builds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from nnhw import build
from nnhw.conversion import convert, read_samples
from nnhw.frontend import load_model
from nnhw.ir import Graph
from nnhw.mapping import choose_engine, map_graph, predict_cycles
from nnhw.options import BuildOptions


@dataclass(frozen=True)
class Bounds:
    """What a network must reach.

    Parameters
    ----------
    utilisation
        Least multiply-accumulates by definition for each multiplier and cycle, by number of
        multipliers, with all channels of the network.
    built
        The same for the whole build with 128 multipliers and the channels that it keeps.
    interval
        Most cycles from frame to frame of that build.
    latency
        Most intervals that a frame takes from its first input beat to its last output beat.
    kinds
        Files that there are of it.
    """

    utilisation: dict[int, float]
    built: float
    interval: int
    latency: float = 1.25
    kinds: tuple[str, ...] = ("f32", "int8")

    @property
    def best_kind(self) -> str:
        """The file to build: in float, if there is one."""
        return self.kinds[0]


NETWORKS = {
    "resnet8": Bounds({128: 0.99, 256: 0.99}, built=0.99, interval=98_500),
    "dscnn": Bounds({128: 0.97, 256: 0.97}, built=0.97, interval=21_300),
    "mobilenet_vww": Bounds({128: 0.90, 256: 0.86}, built=0.83, interval=39_000),
    "autoencoder": Bounds({128: 0.955, 256: 0.94}, built=0.955, interval=2_160, latency=1.5),
    "sww": Bounds({128: 0.97, 256: 0.90}, built=0.97, interval=6_650, kinds=("int8",)),
    "ic02": Bounds({128: 0.97, 256: 1.01}, built=0.97, interval=594_000, kinds=("int8",)),
}
DATA = {"ic02": "resnet8"}
"""Whose samples a network takes, if not its own."""
FILES = [(name, kind) for name, bounds in NETWORKS.items() for kind in bounds.kinds]


def data_of(models: Path, name: str) -> Path:
    """Samples for a network."""
    return models / f"{DATA.get(name, name)}_data.npz"


def quantized(models: Path, name: str, kind: str) -> Graph:
    """The integer network of a `build`: of 8 bits, or with the numbers that it brings."""
    network = load_model(models / f"{name}_{kind}.onnx")
    options = BuildOptions()
    samples = read_samples(data_of(models, name), network, options)
    return convert(network, samples, options).whole


@pytest.mark.parametrize(("name", "kind"), FILES)
def test_cycle_model(models_dir, name, kind):
    bounds = NETWORKS[name]
    graph = quantized(models_dir, name, kind)
    for macs, least in bounds.utilisation.items():
        cycles = predict_cycles(map_graph(graph, choose_engine(graph, macs=macs)))
        assert cycles.utilisation >= least, macs
        assert cycles.latency_cycles <= bounds.latency * cycles.interval_cycles, macs


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_hardware_equals_golden_model(models_dir, tmp_path, name):
    """One real sample and the extreme frames, in the simulated Verilog."""
    bounds = NETWORKS[name]
    report = build(
        models_dir / f"{name}_{bounds.best_kind}.onnx",
        data=data_of(models_dir, name),
        out=tmp_path / name,
        macs=128,
        vectors=1,
    ).report

    verification = report.verification
    assert verification.passed
    assert verification.frames == 4
    assert verification.latency_cycles == report.latency_cycles
    assert verification.interval_cycles == report.interval_cycles
    assert report.utilisation >= 100 * bounds.built
    assert report.interval_cycles <= bounds.interval
    assert report.latency_cycles <= bounds.latency * report.interval_cycles
    if name == "autoencoder":  # its output is no class score
        assert report.accuracy.integer_top1 is None
        assert report.accuracy.sqnr_db > 20
    elif bounds.best_kind == "f32":
        assert report.accuracy.integer_top1 == report.accuracy.float_top1 == 100
    else:  # the quantized network is wrong about some samples
        assert report.accuracy.integer_top1 == report.accuracy.float_top1

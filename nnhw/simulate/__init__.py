"""Simulation of exported designs with cocotb, and their comparison with the golden model."""

from .lint import lint
from .regression import run_regression
from .result import Divergence, SimulationResult, TimingDiagram
from .testbench import install_testbench, sim_folder, write_selfcheck

__all__ = [
    "Divergence",
    "SimulationResult",
    "TimingDiagram",
    "install_testbench",
    "lint",
    "run_regression",
    "sim_folder",
    "write_selfcheck",
]

"""nnhw: from a trained ONNX network to verified Verilog of an accelerator made for it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import NnhwError
    from .inference import Inference, run_design
    from .inspection import inspect_model
    from .options import BuildOptions, ExploreOptions, SweepOptions, TuneOptions, load_options
    from .pipeline import BuildResult, build, build_programmable, compile_network
    from .report import Difference, diff_designs
    from .robustness import Robustness, measure_robustness
    from .search import ExploreResult, explore, sweep
    from .simulate import SimulationResult, run_regression
    from .tuning import TuneResult, tune

__version__ = "0.1.0"

__all__ = [
    "BuildOptions",
    "BuildResult",
    "Difference",
    "ExploreOptions",
    "ExploreResult",
    "Inference",
    "NnhwError",
    "Robustness",
    "SimulationResult",
    "SweepOptions",
    "TuneOptions",
    "TuneResult",
    "build",
    "build_programmable",
    "compile_network",
    "diff_designs",
    "explore",
    "inspect_model",
    "load_options",
    "measure_robustness",
    "run_design",
    "run_regression",
    "sweep",
    "tune",
]

_MODULES = {
    "BuildOptions": "options",
    "BuildResult": "pipeline",
    "Difference": "report",
    "ExploreOptions": "options",
    "ExploreResult": "search",
    "Inference": "inference",
    "NnhwError": "errors",
    "Robustness": "robustness",
    "SimulationResult": "simulate",
    "SweepOptions": "options",
    "TuneOptions": "options",
    "TuneResult": "tuning",
    "build": "pipeline",
    "build_programmable": "pipeline",
    "compile_network": "pipeline",
    "diff_designs": "report",
    "explore": "search",
    "inspect_model": "inspection",
    "load_options": "options",
    "measure_robustness": "robustness",
    "run_design": "inference",
    "run_regression": "simulate",
    "sweep": "search",
    "tune": "tuning",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for: importing everything at once takes a second."""
    if name not in _MODULES:
        raise AttributeError(f"module 'nnhw' has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)

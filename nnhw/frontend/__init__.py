"""ONNX in and out: the only package that imports onnx."""

from .expose import ExposedModel, expose_tensors
from .inspection import inspect_model
from .load import load_model
from .operators import Operator, supported_operators
from .summary import ModelSummary, NodeSummary, TensorSummary
from .write_qdq import write_qdq

__all__ = [
    "ExposedModel",
    "ModelSummary",
    "NodeSummary",
    "Operator",
    "TensorSummary",
    "expose_tensors",
    "inspect_model",
    "load_model",
    "supported_operators",
    "write_qdq",
]

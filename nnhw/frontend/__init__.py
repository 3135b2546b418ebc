"""ONNX in and out: the only package that imports onnx."""

from .inspection import inspect_model, read_summary
from .load import load_model
from .operators import Operator, supported_operators
from .origins import Origins
from .summary import ModelSummary, NodeSummary, TensorSummary
from .write_qdq import write_qdq

__all__ = [
    "ModelSummary",
    "NodeSummary",
    "Operator",
    "Origins",
    "TensorSummary",
    "inspect_model",
    "load_model",
    "read_summary",
    "supported_operators",
    "write_qdq",
]

"""ONNX in and out: the only package that imports onnx."""

from .expose import ExposedModel, expose_tensors
from .identifier import verilog_identifier
from .inspection import read_summary
from .load import load_model
from .model_file import Model, model_file
from .operators import Operator, supported_operators
from .origins import Origins
from .summary import ModelSummary, NodeSummary, TensorSummary
from .write_qdq import write_qdq

__all__ = [
    "ExposedModel",
    "Model",
    "ModelSummary",
    "NodeSummary",
    "Operator",
    "Origins",
    "TensorSummary",
    "expose_tensors",
    "load_model",
    "model_file",
    "read_summary",
    "supported_operators",
    "verilog_identifier",
    "write_qdq",
]

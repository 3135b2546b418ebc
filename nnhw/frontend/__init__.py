"""ONNX in and out, TFLite in: the only package that imports onnx and tflite."""

from .broadcast import same_shape
from .builder import Builder, Image
from .expose import ExposedModel, expose_tensors
from .identifier import verilog_identifier
from .inspection import read_summary
from .load import load_model
from .model_file import Model, model_file
from .node import OnnxNode
from .operators import Operator, find_operator, operator, supported_operators
from .origins import Origins
from .problems import NodeError
from .summary import ModelSummary, NodeSummary, TensorSummary
from .value import Value
from .write_qdq import write_qdq

__all__ = [
    "Builder",
    "ExposedModel",
    "Image",
    "Model",
    "ModelSummary",
    "NodeError",
    "NodeSummary",
    "OnnxNode",
    "Operator",
    "Origins",
    "TensorSummary",
    "Value",
    "expose_tensors",
    "find_operator",
    "load_model",
    "model_file",
    "operator",
    "read_summary",
    "same_shape",
    "supported_operators",
    "verilog_identifier",
    "write_qdq",
]

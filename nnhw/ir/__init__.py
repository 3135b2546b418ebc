"""The intermediate representation: tensors, operators and graphs, float and integer."""

from .graph import Graph, Port, from_channels_last, to_channels_last
from .integer_nodes import QAdd, QAveragePool, QConv, QMaxPool, Requantize
from .nodes import Add, AveragePool, ChannelAffine, Clamp, Clip, Conv, MaxPool, Node, Reshape
from .serialize import load_graph, save_graph
from .tensor import Quantization, Tensor
from .window import Window

__all__ = [
    "Add",
    "AveragePool",
    "ChannelAffine",
    "Clamp",
    "Clip",
    "Conv",
    "Graph",
    "MaxPool",
    "Node",
    "Port",
    "QAdd",
    "QAveragePool",
    "QConv",
    "QMaxPool",
    "Quantization",
    "Requantize",
    "Reshape",
    "Tensor",
    "Window",
    "from_channels_last",
    "load_graph",
    "save_graph",
    "to_channels_last",
]

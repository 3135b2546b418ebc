"""The intermediate representation: tensors, operators and graphs, float and integer."""

from .graph import Graph, Port, from_channels_last, to_channels_last
from .integer_nodes import (
    QAdd,
    QAveragePool,
    QConcat,
    QConv,
    QFunction,
    QMaxPool,
    QMultiply,
    Requantize,
)
from .nodes import (
    Add,
    AveragePool,
    ChannelAffine,
    Clamp,
    Clip,
    Concat,
    Conv,
    DepthToSpace,
    Function,
    MaxPool,
    Multiply,
    Node,
    Reshape,
    Resize,
    Slice,
)
from .serialize import load_graph, save_graph
from .tensor import Quantization, Tensor
from .window import Window

__all__ = [
    "Add",
    "AveragePool",
    "ChannelAffine",
    "Clamp",
    "Clip",
    "Concat",
    "Conv",
    "DepthToSpace",
    "Function",
    "Graph",
    "MaxPool",
    "Multiply",
    "Node",
    "Port",
    "QAdd",
    "QAveragePool",
    "QConcat",
    "QConv",
    "QFunction",
    "QMaxPool",
    "QMultiply",
    "Quantization",
    "Requantize",
    "Reshape",
    "Resize",
    "Slice",
    "Tensor",
    "Window",
    "from_channels_last",
    "load_graph",
    "save_graph",
    "to_channels_last",
]

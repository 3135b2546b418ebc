"""The intermediate representation: tensors, operators and graphs, float and integer."""

from .batch import Batch, as_batch
from .channels import Channel, ChannelSets, channel_links, moved_channels
from .frame import FrameLayout, frame_layout
from .functions import FUNCTIONS, FunctionDefinition, evaluate_function
from .graph import Graph, Port, from_channels_last, postprocess_steps, to_channels_last
from .host_steps import HostRule, HostStep, apply_host_steps, host_rule
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
from .integers import IntegerRangeError, as_integers
from .moves import Move, move_elements
from .nodes import (
    Add,
    AveragePool,
    ChannelAffine,
    Clamp,
    Clip,
    Concat,
    Conv,
    DepthToSpace,
    FakeQuantize,
    Function,
    MaxPool,
    Multiply,
    Node,
    Reshape,
    Resize,
    Slice,
)
from .serialize import load_graph, save_graph
from .tensor import Quantization, Tensor, signed_width
from .window import Window

__all__ = [
    "FUNCTIONS",
    "Add",
    "AveragePool",
    "Batch",
    "Channel",
    "ChannelAffine",
    "ChannelSets",
    "Clamp",
    "Clip",
    "Concat",
    "Conv",
    "DepthToSpace",
    "FakeQuantize",
    "FrameLayout",
    "Function",
    "FunctionDefinition",
    "Graph",
    "HostRule",
    "HostStep",
    "IntegerRangeError",
    "MaxPool",
    "Move",
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
    "apply_host_steps",
    "as_batch",
    "as_integers",
    "channel_links",
    "evaluate_function",
    "frame_layout",
    "from_channels_last",
    "host_rule",
    "load_graph",
    "move_elements",
    "moved_channels",
    "postprocess_steps",
    "save_graph",
    "signed_width",
    "to_channels_last",
]

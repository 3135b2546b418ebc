"""The graph: operators in execution order, tensors, and the ports to the outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .host_steps import HostStep
from .nodes import Node
from .tensor import Quantization, Tensor


@dataclass(frozen=True, kw_only=True)
class Port:
    """A tensor that enters or leaves the network, and how ONNX sees it.

    Parameters
    ----------
    tensor
        Name of the graph's tensor, (H, W, C).
    onnx_name
        Name of the ONNX model's input or output; where the rest of the model stays with the host,
        the name of the last tensor before it, unless that is another input's or output's.
    onnx_shape
        Its ONNX shape without the batch axis, such as (C, H, W), (C, L) or (K,); the whole shape
        if the first axis is one of the data.
    layout
        The tensor's axes in the order in which ONNX holds its elements, outermost first: "CHW",
        or another permutation where the model transposes at its input or output ("HWC").
    host_postprocess
        What of the model stays with the host to make the ONNX output of an output port, in order,
        such as "Softmax(axis=1)". A step that reads several values names them in order, as in
        "Concat(axis=1, inputs=['boxes', 'scores'])": the port's own name is what the steps before
        have made, that of another port what all of its steps make.
    is_operand
        Of an output port: whether it is no output of the ONNX model, but only leads to what a step
        of another output reads.
    host_preprocess
        What the host does to an input, in order, before it quantizes it as the tensor's
        quantization says: the tensor holds what comes of it, not what ONNX sees.
    integers
        Of an input that the model's file takes as quantized integers (TFLite): what these stand
        for, in the file's own type. Samples of this type are taken for such integers, all others
        for real values; None if all are taken as they are.

    Raises
    ------
    ValueError
        If `layout` is not a permutation of "CHW".
    """

    tensor: str
    onnx_name: str
    onnx_shape: tuple[int, ...]
    layout: str = "CHW"
    host_postprocess: tuple[str, ...] = ()
    is_operand: bool = False
    host_preprocess: tuple[HostStep, ...] = ()
    integers: Quantization | None = None

    def __post_init__(self) -> None:
        if sorted(self.layout) != sorted("CHW"):
            raise ValueError(f"Layout must be a permutation of 'CHW', not {self.layout!r}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Graph:
    """A network in execution order.

    A `Graph` that exists is consistent: every tensor is written once, before it is read, and has
    its entry in `tensors`; construction raises ValueError otherwise.

    Parameters
    ----------
    name
        A Verilog identifier; becomes the name of the top module.
    nodes
        In an order in which every tensor is written before it is read.
    tensors
        All tensors by name.
    inputs, outputs
        Ports, in the order of the ONNX model's; outputs that are operands of the host come last.
        The same tensor may be read inside and be an output too.
    """

    name: str
    nodes: tuple[Node, ...]
    tensors: Mapping[str, Tensor]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def __post_init__(self) -> None:
        written = {port.tensor for port in self.inputs}
        for node in self.nodes:
            for name in node.inputs:
                if name not in written:
                    raise ValueError(f"Node '{node.name}' reads '{name}' before it is written")
            if node.output in written:
                raise ValueError(f"Tensor '{node.output}' is written twice")
            written.add(node.output)
        for port in self.outputs:
            if port.tensor not in written:
                raise ValueError(f"Output '{port.tensor}' is never written")
        if written != set(self.tensors):
            raise ValueError(f"Tensors do not match nodes: {sorted(written ^ set(self.tensors))}")
        for port in self.inputs:
            shape = self.tensors[port.tensor].shape
            for step in port.host_preprocess:
                if step.operand.shape not in ((1,), shape[2:], shape):
                    raise ValueError(
                        f"Operand of {step.operator} is of shape {step.operand.shape}, which does "
                        f"not fit input '{port.tensor}' of shape {shape}"
                    )

    @property
    def host_postprocess(self) -> tuple[str, ...]:
        """What of the model stays with the host; of several outputs each step names its own."""
        return postprocess_steps(self.outputs)

    def readers(self, tensor: str) -> tuple[Node, ...]:
        """The nodes that read `tensor`, in order."""
        return tuple(node for node in self.nodes if tensor in node.inputs)

    def writer(self, tensor: str) -> Node | None:
        """The node that writes `tensor`; None for a graph input."""
        return next((node for node in self.nodes if node.output == tensor), None)


def postprocess_steps(outputs: Sequence[Port]) -> tuple[str, ...]:
    """The steps of all outputs, such as "Softmax(axis=1)"; of several "scores: Softmax(axis=1)"."""
    return tuple(
        step if len(outputs) == 1 else f"{port.onnx_name}: {step}"
        for port in outputs
        for step in port.host_postprocess
    )


def to_channels_last(x: np.ndarray, port: Port, tensor: Tensor) -> np.ndarray:
    """Batch of ONNX-ordered arrays (N, *port.onnx_shape) to (N, H, W, C)."""
    size = dict(zip("HWC", tensor.shape, strict=True))
    x = x.reshape(len(x), *(size[axis] for axis in port.layout))
    return x.transpose(0, *(1 + port.layout.index(axis) for axis in "HWC"))


def from_channels_last(y: np.ndarray, port: Port) -> np.ndarray:
    """Batch of (N, H, W, C) to ONNX-ordered arrays (N, *port.onnx_shape)."""
    y = y.transpose(0, *(1 + "HWC".index(axis) for axis in port.layout))
    return y.reshape(len(y), *port.onnx_shape)

"""An ONNX node as the translating functions see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx

from .problems import FollowOnError, NodeError
from .value import HostValue, Value

Known = Value | HostValue | np.ndarray | None
"""What a tensor's name stands for; None if a problem reported elsewhere makes it unknown."""

STANDARD_DOMAINS = ("", "ai.onnx")

_TAKES_QUANTIZED = frozenset(
    {
        # They pick, clamp or rearrange elements, so that it makes no difference whether integers
        # stand for them or real values do.
        "ArgMax",
        "Clip",
        "DepthToSpace",
        "DequantizeLinear",
        "Expand",
        "Flatten",
        "Gather",
        "GlobalMaxPool",
        "Identity",
        "MaxPool",
        "Pad",
        "Reshape",
        "Resize",  # which knows how integers between pixels are rounded
        "Slice",
        "Split",
        "Squeeze",
        "Tile",
        "Transpose",
        "Unsqueeze",
    }
)


class OnnxNode:
    """A node with its attributes, defaults filled in, and with what its inputs stand for.

    Parameters
    ----------
    proto
        The node.
    name
        Its name in messages and in the graph.
    opset
        Version of the standard operator set.
    inputs
        What its inputs stand for; None also where an optional input is absent.
    output_shape
        ONNX shape of the first output, where known.
    steps
        For each input that is a constant which arrived quantized: the step of every element.
    is_trailing
        Whether only what the host can do leads from the first output to the model's outputs.
    kind
        The operator of a file in another format that it stands for, such as "CONV_2D" of TFLite.
    """

    def __init__(
        self,
        proto: onnx.NodeProto,
        name: str,
        opset: int,
        inputs: Sequence[Known],
        output_shape: tuple[int, ...] | None,
        steps: Sequence[np.ndarray | None],
        is_trailing: bool,
        kind: str = "",
    ):
        self.proto = proto
        self.name = name
        self.opset = opset
        self.output_shape = output_shape
        self.is_trailing = is_trailing
        self._kind = kind
        self._inputs = tuple(inputs)
        self._steps = tuple(steps)
        self._given = {
            attribute.name: onnx.helper.get_attribute_value(attribute)
            for attribute in proto.attribute
        }

    @property
    def op_type(self) -> str:
        """Operator; with its domain in front if that is not the standard one."""
        if self.proto.domain in STANDARD_DOMAINS:
            return self.proto.op_type
        return f"{self.proto.domain}.{self.proto.op_type}"

    @property
    def title(self) -> str:
        """How messages call the node: by the operator in its file."""
        return f"{self._kind or self.op_type} '{self.name}'"

    @property
    def output(self) -> str:
        """Name of the first output."""
        return self.proto.output[0]

    def attribute(self, name: str) -> Any:
        """Value of an attribute, else its ONNX default, else None; strings as str."""
        value = self._given[name] if name in self._given else self._default(name)
        return value.decode() if isinstance(value, bytes) else value

    def unusual_attributes(self, handled: Sequence[str]) -> list[str]:
        """Attributes that are not in `handled` and differ from their default, as "name=value"."""
        return [
            f"{name}={self.attribute(name)!r}"
            for name in self._given
            if name not in handled and self._given[name] != self._default(name)
        ]

    def _default(self, name: str) -> Any:
        if self.proto.domain not in STANDARD_DOMAINS:
            return None
        schema = onnx.defs.get_schema(self.proto.op_type, self.opset, "")
        if name not in schema.attributes:
            return None
        default = schema.attributes[name].default_value
        return onnx.helper.get_attribute_value(default) if default.type else None

    @property
    def input_count(self) -> int:
        """Number of inputs, absent ones in between included."""
        return len(self._inputs)

    def has_input(self, index: int) -> bool:
        """Whether an optional input is present."""
        return index < len(self.proto.input) and bool(self.proto.input[index])

    def is_constant(self, index: int) -> bool:
        """Whether an input is a constant."""
        return self.has_input(index) and isinstance(self._inputs[index], np.ndarray)

    def input(self, index: int) -> Known:
        """What an input stands for."""
        return self._inputs[index] if self.has_input(index) else None

    @property
    def values(self) -> list[Value]:
        """The inputs that tensors of the graph stand for."""
        return [known for known in self._inputs if isinstance(known, Value)]

    def value(self, index: int = 0) -> Value:
        """An input that has to be a tensor computed in hardware.

        Raises
        ------
        NodeError
            If it is a constant, or stays with the host.
        FollowOnError
            If it is unknown.
        """
        known = self.input(index)
        if known is None:
            raise FollowOnError
        self._refuse_host(known)
        if isinstance(known, np.ndarray):
            raise NodeError(
                f"input '{self.proto.input[index]}' is a constant where a computed tensor is "
                "expected; exchange the inputs, or remove the node"
            )
        assert isinstance(known, Value), "nothing else is left"
        if known.quantization is not None and self.op_type not in _TAKES_QUANTIZED:
            raise NodeError(
                f"it computes with the integers '{self.proto.input[index]}' of a quantized tensor; "
                "put DequantizeLinear before it and QuantizeLinear behind it"
            )
        return known

    def constant(self, index: int) -> np.ndarray:
        """An input that has to be a constant.

        Raises
        ------
        NodeError
            If it is computed.
        FollowOnError
            If it is unknown.
        """
        known = self.input(index)
        if known is None or (isinstance(known, Value) and known.assumed):
            raise FollowOnError
        self._refuse_host(known)
        if not isinstance(known, np.ndarray):
            raise NodeError(
                f"input '{self.proto.input[index]}' has to be a constant, but the network "
                "computes it; export the model with its parameters as constants"
            )
        return known

    def weights(self, index: int) -> np.ndarray:
        """A constant of finite numbers as float64.

        Raises
        ------
        NodeError
            If it holds NaN or infinity; and as `constant`.
        FollowOnError
            As `constant`.
        """
        array = self.bounds(index)
        if not np.isfinite(array).all():
            raise self._not_finite(index)
        return array

    def bounds(self, index: int) -> np.ndarray:
        """A constant as float64, which may be infinite.

        Raises
        ------
        NodeError
            If it holds NaN; and as `constant`.
        FollowOnError
            As `constant`.
        """
        with np.errstate(invalid="ignore"):  # some kinds of NaN warn
            array = self.constant(index).astype(np.float64)
        if np.isnan(array).any():
            raise self._not_finite(index)
        return array

    def _not_finite(self, index: int) -> NodeError:
        return NodeError(
            f"its constant '{self.proto.input[index]}' holds NaN or infinity; train or export the "
            "model again"
        )

    def steps(self, index: int) -> np.ndarray | None:
        """The `STEP` of each element of a constant; None if it did not arrive quantized."""
        return self._steps[index]

    def _refuse_host(self, known: Known) -> None:
        if isinstance(known, HostValue):
            raise NodeError(
                f"{known.node}: its result is used by {self.title}, so it cannot stay with the "
                "host; only at the end of the network can it: replace it, or end the model with it "
                "or before it",
                whole_line=True,
            )

    def ints(self, index: int, attribute: str) -> tuple[int, ...] | None:
        """Integers that newer opsets give as input `index` and older ones as an attribute.

        None if neither is present. Raises as `constant`.
        """
        if self.has_input(index):
            return tuple(int(i) for i in self.constant(index).reshape(-1))
        values = self._given.get(attribute)
        return None if values is None else tuple(values)

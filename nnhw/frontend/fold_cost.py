"""Counts what it takes to compute a constant, before it is computed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ..budget import need_memory, need_work

COMPUTED_BYTES = 100
"""Of an element of a computed constant: as `structure.CONSTANT_BYTES`, and what is in between."""

_ELEMENT = 100
"""Multiply-accumulates of a matrix product that take as long as one element of other operators."""

_SLOW_ELEMENT = 400_000
"""Likewise where onnx's reference implementation works element by element in Python."""

_NODE = 10_000_000
"""Likewise as long as whatever becomes of a node of a loop's trip."""

_SMALL = 4096
"""Elements of a constant that shape inference may look at."""

_PRODUCTS = frozenset({"Gemm", "MatMul"})

_SLOW = frozenset({"Erf", "GatherND", "Resize", "ScatterElements", "ScatterND", "Upsample"})

_ELEMENTWISE_TEXT = """
    Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh BatchNormalization BitShift
    BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Celu Clip Compress Concat Constant
    ConstantOfShape Cos Cosh CumSum DepthToSpace Div Dropout Elu Equal Exp Expand EyeLike Flatten
    Floor Gather GatherElements Gelu Greater GreaterOrEqual HardSigmoid HardSwish Identity IsInf
    IsNaN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax Max Mean Min Mish Mod Mul Neg
    NonZero Not OneHot Or PRelu Pad Pow Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum
    ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape
    ReverseSequence Round Selu Shape Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign
    SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu
    Unique Unsqueeze Where Xor
    """
_ELEMENTWISE = frozenset(_ELEMENTWISE_TEXT.split())

_AS_MANY_AS_THEIR_INPUT = frozenset({"Compress", "NonZero", "Unique"})
"""Their results depend on values, but have no more elements than the input, or its rank times."""


class FoldMeter:
    """Adds up what all constants of a model take that are computed."""

    def __init__(self) -> None:
        self._elements = 0
        self._work = 0

    def admit(self, node: onnx.NodeProto, feeds: Mapping[str, np.ndarray], opset: int) -> bool:
        """Whether a node can be computed at a cost that is known.

        Raises
        ------
        BudgetError
            If that cost, with all before, is more than the budget.
        """
        operator = node.op_type
        if operator not in _ELEMENTWISE | _PRODUCTS | _SLOW:
            return False
        results = _result_sizes(node, feeds, opset)
        if results is None:
            return False
        read, written = sum(array.size for array in feeds.values()), sum(results)
        if operator in ("Shape", "Size"):
            read = 0  # they look at no element
        self._elements += written
        self._work += _work(operator, list(feeds.values()), read + written, max(results, default=0))
        name = node.name or (node.output[0] if node.output else "")
        what = f"{operator} '{name}', which makes a constant of {written:,} elements,"
        need_memory(what, COMPUTED_BYTES * self._elements)
        need_work(what, self._work)
        return True

    def admit_trips(self, what: str, count: int) -> None:
        """Count the nodes of all trips of a loop.

        Raises
        ------
        BudgetError
            If that, with all before, is more than the budget.
        """
        self._work += count * _NODE
        need_work(what, self._work)


def _work(operator: str, inputs: Sequence[np.ndarray], elements: int, result: int) -> int:
    if operator in _PRODUCTS and len(inputs) > 1:
        length = math.isqrt(inputs[0].size * inputs[1].size // max(result, 1)) + 1
        fast = all(array.dtype in (np.float32, np.float64) for array in inputs[:2])
        return result * length * (1 if fast else _ELEMENT)
    return elements * (_SLOW_ELEMENT if operator in _SLOW else _ELEMENT)


def one_node_model(
    node: onnx.NodeProto, feeds: Mapping[str, np.ndarray], opset: int
) -> onnx.ModelProto:
    """A model of nothing but a node of the standard operator set.

    Parameters
    ----------
    feeds
        Of the types and shapes of all its inputs, by name.
    opset
        Version of the operator set.
    """
    graph = helper.make_graph(
        [node],
        "one_node",
        [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
            )
            for name, value in feeds.items()
        ],
        [helper.make_empty_tensor_value_info(name) for name in node.output if name],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def _result_sizes(
    node: onnx.NodeProto, feeds: Mapping[str, np.ndarray], opset: int
) -> list[int] | None:
    """Elements of each result, or a bound; None if it cannot be told."""
    if node.op_type in _AS_MANY_AS_THEIR_INPUT:
        largest = max((array.size * max(array.ndim, 1) for array in feeds.values()), default=0)
        return [largest] * len(node.output)
    model = one_node_model(node, feeds, opset)
    model.graph.initializer.extend(
        numpy_helper.from_array(value, name)
        for name, value in feeds.items()
        if value.size <= _SMALL
    )
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    sizes = []
    for value in inferred.graph.output:
        tensor = value.type.tensor_type
        if not tensor.HasField("shape"):
            return None
        dims = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim]
        if min(dims, default=0) < 0:
            return None
        sizes.append(math.prod(dims))
    return sizes

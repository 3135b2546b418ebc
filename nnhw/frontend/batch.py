"""Where the samples of a batch lie in a tensor, and a node as the search for them sees it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import onnx

Shape = tuple[int, ...]


class MixingError(Exception):
    """A node's result for one sample depends on other samples, or on how many there are."""


class FixedNumberError(Exception):
    """The model takes no other number of samples than the one that a shape in it holds."""


@dataclass(frozen=True)
class Batch:
    """Where the samples lie in a tensor.

    In ONNX's order its elements are (`outer`, `count`, rest); a Reshape leaves that as it is.
    """

    outer: int
    count: int

    def axes(self, shape: Shape) -> list[int]:
        """The axes that run over samples."""
        axes, outside = [], 1
        for axis, size in enumerate(shape):
            inside = outside * size
            if size > 1 and outside < self.outer * self.count and inside > self.outer:
                axes.append(axis)
            outside = inside
        return axes

    def axis(self, shape: Shape) -> int:
        """The one axis that runs over all samples, and maybe over more.

        Raises
        ------
        MixingError
            If samples and other elements are divided among axes in another way.
        """
        axes = self.axes(shape)
        outside = math.prod(shape[: axes[0]]) if axes else 1
        if len(axes) != 1 or self.outer % outside or shape[axes[0]] % self.count:
            raise MixingError
        return axes[0]

    def moved(self, old: Shape, new: Shape, axis: int) -> Batch:
        """The batch after its axis has become `axis` of shape `new`."""
        before = self.axis(old)
        if new[axis] != old[before]:
            raise MixingError
        return replace(self, outer=self.outer // math.prod(old[:before]) * math.prod(new[:axis]))


@dataclass(frozen=True, kw_only=True)
class Operands:
    """A node with what is known about its inputs and outputs.

    Parameters
    ----------
    node
        The node.
    shapes
        Of its inputs; of constants too, and () where an input is absent.
    batches
        Where the samples lie in its inputs; None in what does not depend on them.
    constants
        Its constant inputs.
    alone
        Shapes that its constant inputs have if there is one sample only.
    constants_alone
        Its constant inputs then.
    result
        Shape of the output in question.
    opset
        Version of the standard operator set.
    """

    node: onnx.NodeProto
    shapes: tuple[Shape, ...]
    batches: tuple[Batch | None, ...]
    constants: tuple[np.ndarray | None, ...]
    alone: tuple[Shape, ...]
    constants_alone: tuple[np.ndarray | None, ...]
    result: Shape
    opset: int

    def attribute(self, name: str, default: object = None) -> object:
        """Value of an attribute."""
        for attribute in self.node.attribute:
            if attribute.name == name:
                return onnx.helper.get_attribute_value(attribute)
        return default

    def integer(self, name: str, default: int) -> int:
        """Value of an attribute that is an integer."""
        value = self.attribute(name, default)
        assert isinstance(value, int), "so says ONNX"
        return value

    def ints(self, index: int, name: str) -> tuple[int, ...] | None:
        """Integers from input `index` or an attribute.

        Raises
        ------
        MixingError
            If the network computes them.
        """
        if index < len(self.node.input) and self.node.input[index]:
            constant = self.constants[index]
            if constant is None:
                raise MixingError
            return tuple(int(i) for i in constant.reshape(-1))
        given = self.attribute(name)
        return None if given is None else tuple(np.ravel(np.asarray(given)).tolist())

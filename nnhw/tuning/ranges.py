"""The scales of activations, which may be learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from ..ir import Conv, Graph, MaxPool, Move, Quantization
from ..quantize import scale_groups
from .twin.straight_through import substitute


class Ranges(torch.nn.Module):
    """The quantization of every tensor.

    Learned are the scales of tensors that convolutions write and that nothing but convolutions,
    moves, and max pools without bounds read: nobody else's constants depend on them. Zero points
    stay, so that a range grows and shrinks about zero.

    Parameters
    ----------
    graph, integer
        The network before and after quantization.
    learned
        Whether scales are learned.
    """

    def __init__(self, graph: Graph, integer: Graph, *, learned: bool):
        super().__init__()
        self._integer = integer
        self._group_of, _ = scale_groups(graph)
        names = _free_groups(graph, self._group_of) if learned else []
        self._learned = {
            name: torch.nn.Parameter(
                torch.tensor(np.log(integer.tensors[name].q.scale), dtype=torch.float64)
            )
            for name in names
        }
        self.log_scales = torch.nn.ParameterList(self._learned.values())

    def forward(self) -> dict[str, torch.Tensor]:
        """float64 scales by tensor, of the values that `quantization` has."""
        scales = {}
        for name in self._integer.tensors:
            value = torch.tensor(self.quantization(name).scale, dtype=torch.float64)
            learned = self._learned.get(self._group_of[name])
            if learned is not None:
                value = substitute(learned.exp(), value)
            scales[name] = value
        return scales

    def quantization(self, tensor: str) -> Quantization:
        """As it is now."""
        q = self._integer.tensors[tensor].q
        learned = self._learned.get(self._group_of[tensor])
        if learned is None:
            return q
        return replace(q, scale=float(np.float32(learned.detach().exp())))


def _free_groups(graph: Graph, group_of: dict[str, str]) -> list[str]:
    tied = {port.tensor for port in graph.inputs}
    for node in graph.nodes:
        if isinstance(node, Conv | Move):
            continue
        if isinstance(node, MaxPool) and not np.isfinite([node.clamp.lo, node.clamp.hi]).any():
            continue
        tied |= {*node.inputs, node.output}
    taken = {group_of[name] for name in tied}
    return [name for name in dict.fromkeys(group_of.values()) if name not in taken]

"""The network that is tuned: an integer network whose integers follow real parameters.

What is learned: weights and biases, real numbers, and the scale of each output channel's weights
(learned step sizes: Esser et al., "Learned Step Size Quantization", 2020); on request the scales of
activations, too, where nothing but convolutions, max pools and moves touch them. What follows:
multipliers, from the ratios of these scales, at shifts that `network_constants` has chosen; the
scales of weights that are used, from multipliers and shifts; and the integers of weights and
biases, in steps of these. Everything else is what quantization has made it.

At the beginning all integers are those of a build without tuning.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch.nn.functional import dropout
from torch.nn.utils import get_total_norm

from ..errors import QuantizationError
from ..golden import Noise
from ..ir import (
    Batch,
    Conv,
    Draft,
    FixedPoint,
    Graph,
    Node,
    QConv,
    Quantization,
    draft,
)
from ..quantize import QuantizeOptions, network_constants
from .noise import flipped
from .ranges import Ranges
from .tuned_conv import TunedConv
from .twin import to_torch, twin_of


class Network(torch.nn.Module):
    """A network on its way from a float graph to an integer graph.

    Parameters
    ----------
    graph
        Float graph, simplified; none that arrived quantized.
    integer
        What `quantize` has made of it.
    quantization
        That it was made with; no multiplier gets more bits than the widest one has then, and
        scales that are powers of two stay what they are.
    means
        What each channel of the tensors is on average that convolutions read, real values (C,) by
        tensor; biases are learned about it.
    learn_ranges
        Whether scales of activations are learned.
    dropout
        Share of a dense layer's inputs that is left out in training.
    noise
        How much the hardware errs that `erring` stands for.
    """

    def __init__(
        self,
        graph: Graph,
        integer: Graph,
        *,
        quantization: QuantizeOptions,
        means: Mapping[str, np.ndarray],
        learn_ranges: bool = False,
        dropout: float = 0.0,
        noise: Noise | None = None,
    ):
        super().__init__()
        self._float, self._integer = graph, integer
        self._quantization_options, self._dropout = quantization, dropout
        self._noise, self._errs = noise, False
        pairs = [
            (node, made)
            for node, made in zip(graph.nodes, integer.nodes, strict=True)
            if isinstance(node, Conv) and isinstance(made, QConv)
        ]
        if not pairs:
            raise QuantizationError("The network has no weights: there is nothing to tune")
        widest = max(int(made.requantize.multiplier.max()).bit_length() for _, made in pairs)
        self._convs = {
            made.output: TunedConv(
                node,
                made,
                integer.tensors[made.inputs[0]].q,
                None if quantization.power_of_two else widest,
                means[made.inputs[0]],
            )
            for node, made in pairs
        }
        self.layers = torch.nn.ModuleList(self._convs.values())
        self.ranges = Ranges(graph, integer, learned=learn_ranges)
        self._others: dict[str, Node] = {}
        self.set_extra_state({})

    def forward(self, batch: Batch, hidden: Sequence[str] = ()) -> dict[str, torch.Tensor]:
        """Real values of the outputs.

        Parameters
        ----------
        batch
            Integers, such as `quantize_inputs` gives.
        hidden
            Further tensors whose values are wanted.

        Returns
        -------
        dict
            float32 (N, C, H, W) by tensor.
        """
        values = {
            name: self._written(to_torch(array), name) for name, array in batch.arrays.items()
        }
        scales = self.ranges()
        for node in self._integer.nodes:
            inputs = [values[name] for name in node.inputs]
            sources = [self._quantization(name) for name in node.inputs]
            output = self._integer.tensors[node.output]
            if node.output in self._convs:
                (x,), (source,), (name,) = inputs, sources, node.inputs
                y = self._convs[node.output](
                    self._thinned(x, node, source),
                    source,
                    self._quantization(node.output),
                    scales[name],
                    scales[node.output],
                    self._noise if self._errs else None,
                )
            else:
                twin, made = twin_of(node), self._others[node.output]
                y = twin(made, inputs, sources, output)
            values[node.output] = self._written(y, node.output)
        results = {}
        for name in (*(port.tensor for port in self._float.outputs), *hidden):
            real = (values[name] - self._quantization(name).zero_point) * scales[name]
            results[name] = real.float()
        return results

    @contextmanager
    def erring(self) -> Iterator[None]:
        """In the block, forward passes are those of hardware that errs, anew each time."""
        self._errs = self._noise is not None
        try:
            yield
        finally:
            self._errs = False

    def choose_shifts(self) -> None:
        """Choose the shifts of all operators anew, for the scales that they have by now."""
        drafts = {node.output: self._draft(node) for node in self._float.nodes}
        waiting = {name: item for name, item in drafts.items() if isinstance(item, Draft)}
        factors = [item.factors for item in waiting.values()]
        chosen = network_constants(factors, self._quantization_options)
        for name, constants in zip(waiting, chosen, strict=True):
            if name in self._convs:
                self._convs[name].keep_shift(constants.of_one_term().shift)
            else:
                self._keep(name, constants)

    def to_graph(self) -> Graph:
        """The integer graph as it is now."""
        nodes: list[Node] = []
        for node in self._integer.nodes:
            if node.output in self._convs:
                source, target = (
                    self._quantization(name) for name in (node.inputs[0], node.output)
                )
                nodes.append(self._convs[node.output].to_node(source, target))
            else:
                nodes.append(self._others[node.output])
        tensors = {
            name: replace(tensor, quantization=self._quantization(name))
            for name, tensor in self._integer.tensors.items()
        }
        return replace(self._integer, nodes=tuple(nodes), tensors=tensors)

    def to_float(self) -> Graph:
        """The float graph with weights and biases as they are now."""
        nodes = tuple(
            self._convs[node.output].to_float() if isinstance(node, Conv) else node
            for node in self._float.nodes
        )
        return replace(self._float, nodes=nodes)

    def first_order_terms(self) -> dict[str, np.ndarray]:
        """By tensor that a convolution writes: float64 (C,), how what `backward` was called of
        changes when the weights and biases of a channel are scaled, per unit."""
        return {name: conv.first_order_term() for name, conv in self._convs.items()}

    @property
    def float_graph(self) -> Graph:
        """The float graph that tuning began with."""
        return self._float

    @property
    def hidden(self) -> tuple[str, ...]:
        """Tensors that convolutions write, but for the outputs."""
        outputs = {port.tensor for port in self._float.outputs}
        return tuple(name for name in self._convs if name not in outputs)

    @property
    def weights(self) -> list[torch.nn.Parameter]:
        """Parameters that decay may pull towards zero: no biases and scales."""
        return [conv.weight for conv in self._convs.values()]

    @property
    def is_finite(self) -> bool:
        """Whether all parameters are numbers, and scales numbers above zero."""
        layers = self._convs.values()
        logarithms = [*(layer.log_scale for layer in layers), *self.ranges.log_scales]
        largest = get_total_norm(list(self.parameters()), math.inf)
        exponent = get_total_norm(logarithms, math.inf)
        return bool(largest.isfinite() & exponent.exp().isfinite())

    def get_extra_state(self) -> dict[str, torch.Tensor]:
        """Multipliers and shifts of operators without weights that `choose_shifts` has chosen."""
        return {
            name: torch.tensor(np.stack([constants.multiplier, constants.shift]))
            for name, constants in self._constants.items()
        }

    def set_extra_state(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take back what `get_extra_state` gave."""
        self._constants: dict[str, FixedPoint] = {}
        for node in self._integer.nodes:
            if node.output not in self._convs:
                self._others[node.output] = node
        for name, constants in state.items():
            multiplier, shift = constants.numpy()
            self._keep(name, FixedPoint(multiplier=multiplier, shift=shift))

    def _keep(self, name: str, constants: FixedPoint) -> None:
        """Use other constants for an operator without weights, by the tensor that it writes."""
        (node,) = (node for node in self._float.nodes if node.output == name)
        waiting = self._draft(node)
        assert isinstance(waiting, Draft)
        self._constants[name] = constants
        self._others[name] = waiting.finish(constants)

    def _draft(self, node: Node) -> Draft | Node:
        sources = [self._quantization(name) for name in node.inputs]
        target = self._quantization(node.output)
        if node.output in self._convs:
            return self._convs[node.output].draft(sources[0], target)
        return draft(node, sources, target)

    def _quantization(self, tensor: str) -> Quantization:
        return self.ranges.quantization(tensor)

    def _written(self, x: torch.Tensor, name: str) -> torch.Tensor:
        """An activation as memory holds it."""
        if self._noise is None or not self._errs:
            return x
        q = self._quantization(name)
        return flipped(x, q.bits, self._noise.activation_flips, signed=q.signed)

    def _thinned(self, x: torch.Tensor, node: Node, source: Quantization) -> torch.Tensor:
        """Inputs of a dense layer, of which training leaves out some."""
        assert isinstance(node, QConv)
        is_dense = node.window.kernel == x.shape[2:] and node.groups == 1
        if not (self.training and self._dropout and is_dense):
            return x
        return dropout(x - source.zero_point, self._dropout) + source.zero_point

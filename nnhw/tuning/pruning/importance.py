"""How much the channels of a network matter."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...ir import Batch, Conv, Graph
from ...trim import ChannelGroup
from ..network import Network
from ..objective import Objective


def by_magnitude(graph: Graph, groups: Iterable[ChannelGroup]) -> dict[ChannelGroup, float]:
    """The norm of the weights that write a group's channels, times that of those that read them
    (after Li et al., "Pruning Filters for Efficient ConvNets", 2017, who take the former alone).

    So it does not matter how a factor is shared between a layer and the next one. Norms are
    relative to the mean one of their layer, as layers are compared with each other; a group of
    several channels has their root mean square.

    Parameters
    ----------
    graph
        Float graph.
    """
    written: dict[str, np.ndarray] = {}
    read: dict[str, list[np.ndarray]] = {}
    for node in graph.nodes:
        if isinstance(node, Conv):
            written[node.output] = _relative(np.square(node.weight).sum(axis=(1, 2, 3)))
            if node.groups == 1:
                norms = _relative(np.square(node.weight).sum(axis=(0, 1, 2)))
                read.setdefault(node.inputs[0], []).append(norms)

    def importance(group: ChannelGroup) -> float:
        product = 1.0
        for side in ({name: [norms] for name, norms in written.items()}, read):
            members = [
                norms[list(numbers)].mean()
                for name, numbers in group.channels.items()
                for norms in side.get(name, ())
            ]
            product *= float(np.mean(members)) if members else 1.0
        return product**0.5

    return {group: importance(group) for group in groups}


def _relative(squares: np.ndarray) -> np.ndarray:
    return squares / (squares.mean() or 1.0)


def by_taylor(
    network: Network,
    batches: Iterable[Batch],
    objective: Objective,
    groups: Iterable[ChannelGroup],
) -> dict[ChannelGroup, float]:
    """How far the answers change when a group's channels are zero, to second order.

    The square of the first-order term of Molchanov et al., "Importance Estimation for Neural
    Network Pruning" (2019), the sum of gradient times parameter over the weights and biases that
    write a group. The gradient is that of answers which are drawn as the network itself gives them:
    that of the loss is about zero where the network answers like its teacher, and tells nothing
    (Theis et al., "Faster gaze prediction with dense networks and Fisher pruning", 2018).

    Parameters
    ----------
    batches
        Integers of samples to ask the network with; answers are drawn by PyTorch's generator.
    """
    terms: dict[str, list[np.ndarray]] = {}
    samples = 0
    network.eval()
    for batch in batches:
        network.zero_grad()
        found = network(batch)
        objective.drawn(found).backward()
        samples += len(next(iter(found.values())))
        for name, values in network.first_order_terms().items():
            terms.setdefault(name, []).append(values)
    network.zero_grad()
    summed = {name: np.stack(values) for name, values in terms.items()}

    def importance(group: ChannelGroup) -> float:
        first = sum(
            summed[name][:, list(numbers)].sum(axis=1)
            for name, numbers in group.channels.items()
            if name in summed
        )
        return float(np.square(first).sum()) / samples

    return {group: importance(group) for group in groups}

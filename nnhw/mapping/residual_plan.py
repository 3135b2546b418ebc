"""Where the residual memory keeps tensors that are added later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ..machine import EngineConfig
from .layer_plan import LayerPlan
from .memory_plan import Request, place_buffers


@dataclass(frozen=True, kw_only=True)
class ResidualPlan:
    """Places in the residual memory, whose words hold the results of one drain step.

    Parameters
    ----------
    words
        First word of each tensor that is kept.
    depth
        Words of the memory; 0 if there is none.
    unread
        Those of the tensors that nothing else reads, so that they are kept nowhere else.
    """

    words: dict[str, int]
    depth: int
    unread: frozenset[str]


def plan_residuals(
    plans: Sequence[LayerPlan], config: EngineConfig, *, roots: dict[str, str]
) -> ResidualPlan:
    """Place every tensor that a layer adds to its results, from its writer to its last reader.

    A layer that adds one of them for the last time and has its own results kept, too, puts them in
    the same place: it writes a word long after it has read it.

    Parameters
    ----------
    roots
        See `MemoryPlan`.
    """
    operators = [list(group) for _, group in groupby(plans, lambda plan: plan.tensor)]
    last_added = {layers[0].addend: index for index, layers in enumerate(operators)}
    owner: dict[str, str] = {}
    requests: dict[str, Request] = {}
    for index, layers in enumerate(operators):
        output, added = layers[0].tensor, layers[0].addend
        last = last_added.get(output)
        if last is None:
            continue
        if added is not None and last_added[added] == index:
            owner[output] = owner[added]
        else:
            owner[output] = output
        first = requests[owner[output]].first if owner[output] in requests else index
        requests[owner[output]] = Request(
            tensor=owner[output],
            size=sum(layer.nest.total_steps(config) for layer in layers),
            first=first,
            last=last,
        )
    buffers = place_buffers(requests.values(), alignment=1)
    read = {roots[name] for plan in plans for name in plan.inputs}
    return ResidualPlan(
        words={tensor: buffers[place].address for tensor, place in owner.items()},
        depth=max((buffer.end for buffer in buffers.values()), default=0),
        unread=frozenset(owner.keys() - read),
    )

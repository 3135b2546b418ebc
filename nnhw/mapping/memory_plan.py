"""Where every activation tensor lives, and when its place may be used again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..ir import Graph, Reshape, frame_layout
from ..machine import AddressSpace, EngineConfig
from .layer_plan import LayerPlan


@dataclass(frozen=True, kw_only=True)
class Request:
    """A tensor that needs a place in a memory.

    Parameters
    ----------
    tensor
        Name of the tensor.
    size
        Number of the memory's units: bytes, or words.
    first, last
        Nodes (counted without reshapes) or layers during which it must be kept: writer, last
        reader. If the reader is the earlier one, it reads in the next frame.
    """

    tensor: str
    size: int
    first: int
    last: int

    @property
    def passes_the_end(self) -> bool:
        """Whether it is kept from one frame to the next."""
        return self.last < self.first

    def meets(self, other: Request) -> bool:
        """Whether both must be kept at any one time."""
        # on a circle, two arcs meet if two of these hold
        begins = self.first <= other.last, other.first <= self.last
        return sum((*begins, self.passes_the_end, other.passes_the_end)) >= 2


@dataclass(frozen=True, kw_only=True)
class Buffer(Request):
    """Place of a tensor in a memory.

    Parameters
    ----------
    address
        First unit.
    """

    address: int

    @property
    def end(self) -> int:
        """First unit behind it."""
        return self.address + self.size


@dataclass(frozen=True, kw_only=True)
class MemoryPlan:
    """Addresses of all tensors.

    Parameters
    ----------
    buffers
        Stored tensors by name, without the inputs and the streamed outputs.
    roots
        Every tensor's storage: the tensor itself, or what it is a reshaped view of.
    depth
        Rows of `banks` bytes in the activation memory; 0 if nothing is stored.
    frame_depth
        Rows of `banks` bytes of one input frame.
    frame_offsets
        First byte of each input in the frame.
    addresses
        The address space.
    """

    buffers: dict[str, Buffer]
    roots: dict[str, str]
    depth: int
    frame_depth: int
    frame_offsets: dict[str, int]
    addresses: AddressSpace

    def is_input(self, tensor: str) -> bool:
        """Whether a tensor lies in the frame buffer."""
        return self.roots[tensor] in self.frame_offsets

    def address(self, tensor: str) -> int:
        """Address of a tensor's first byte."""
        root = self.roots[tensor]
        if root in self.buffers:
            return self.buffers[root].address
        return self.addresses.frame_base + self.frame_offsets[root]


def storage_roots(graph: Graph) -> dict[str, str]:
    """Each tensor's storage: itself, or, for the result of a Reshape, that of its source."""
    roots = {name: name for name in graph.tensors}
    for node in graph.nodes:
        if isinstance(node, Reshape):
            roots[node.output] = roots[node.inputs[0]]
    return roots


def overread_bytes(
    plans: Sequence[LayerPlan], graph: Graph, config: EngineConfig
) -> dict[str, int]:
    """By stored tensor: bytes that fetches touch past its end without using them.

    None if any layer has padding: the mask that padding needs covers these lanes too.
    """
    if any(plan.nest.padded for plan in plans):
        return {}
    roots = storage_roots(graph)
    most: dict[str, int] = {}
    for plan in plans:
        end = plan.nest.end(plan.fetched_bytes(config))
        for name in plan.inputs:
            extra = end - graph.tensors[name].size
            most[roots[name]] = max(most.get(roots[name], 0), extra)
    return most


def place_buffers(requests: Iterable[Request], *, alignment: int) -> dict[str, Buffer]:
    """Places, by tensor, in which those do not overlap that are kept at the same time.

    Greedy by size (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference",
    2020): largest first, each at the lowest address, a multiple of `alignment`, that is free over
    its whole lifetime.
    """
    buffers: dict[str, Buffer] = {}
    for request in sorted(requests, key=lambda request: (-request.size, request.first)):
        address = 0
        for other in sorted(buffers.values(), key=lambda buffer: buffer.address):
            if not other.meets(request):
                continue
            if address + request.size <= other.address:
                break
            address = max(address, -(-other.end // alignment) * alignment)
        buffers[request.tensor] = Buffer(**vars(request), address=address)
    return buffers


def plan_memory(
    graph: Graph,
    *,
    banks: int,
    beat_bytes: int,
    overread: Mapping[str, int],
    elsewhere: Collection[str] = (),
    given: AddressSpace | None = None,
) -> MemoryPlan:
    """Place the tensors of an integer graph, reusing the place of those no longer needed.

    Every one of them starts in bank 0. Inputs lie in the frame buffer as they arrive.

    Parameters
    ----------
    banks
        Bytes a row of memory.
    beat_bytes
        Bytes a beat of the input stream: each input begins with a new one.
    overread
        By tensor: bytes that fetches touch past its end without using them. The memories are made
        deep enough that no such fetch leaves them.
    elsewhere
        Tensors that need no place in the activation memory.
    given
        Address space of a machine that is there already.
    """
    roots = storage_roots(graph)
    layers = [node for node in graph.nodes if not isinstance(node, Reshape)]
    written = {node.output: index for index, node in enumerate(layers)}
    last_read: dict[str, int] = {}
    for index, node in enumerate(layers):
        for name in node.inputs:
            last_read[roots[name]] = index
    outputs = {port.tensor for port in graph.outputs}
    buffers = place_buffers(
        (
            Request(
                tensor=name,
                size=graph.tensors[name].size,
                first=first,
                last=last_read.get(name, first),
            )
            for name, first in written.items()
            if name not in outputs and name not in elsewhere
        ),
        alignment=banks,
    )
    ends = [b.end + overread.get(b.tensor, 0) for b in buffers.values()]
    depth = -(-max(ends, default=0) // banks)
    frame = frame_layout(graph, graph.inputs, beat_bytes)
    ends = [
        offset + frame.sizes[name] + overread.get(name, 0) for name, offset in frame.offsets.items()
    ]
    frame_depth = -(-max(ends) // banks)
    return MemoryPlan(
        buffers=buffers,
        roots=roots,
        depth=depth,
        frame_depth=frame_depth,
        frame_offsets=frame.offsets,
        addresses=AddressSpace(
            depth=max(depth, given.depth if given else 0),
            frame_depth=max(frame_depth, given.frame_depth if given else 0),
            banks=banks,
        ),
    )

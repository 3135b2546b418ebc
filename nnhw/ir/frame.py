"""How the tensors of a frame follow each other on a stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .graph import Graph, Port


@dataclass(frozen=True, kw_only=True)
class FrameLayout:
    """One tensor after the other, each beginning with a new beat, a value a byte.

    Lanes of a tensor's last beat that it does not need are zero.

    Parameters
    ----------
    sizes
        Bytes of each tensor by name, in the order in which they follow each other.
    beat_bytes
        Bytes of a beat.
    """

    sizes: Mapping[str, int]
    beat_bytes: int

    def beats_of(self, tensor: str) -> int:
        """Beats of a tensor."""
        return -(-self.sizes[tensor] // self.beat_bytes)

    @property
    def beats(self) -> int:
        """Beats of a frame."""
        return sum(self.beats_of(tensor) for tensor in self.sizes)

    @property
    def offsets(self) -> dict[str, int]:
        """First byte of each tensor."""
        offsets, beat = {}, 0
        for tensor in self.sizes:
            offsets[tensor] = beat * self.beat_bytes
            beat += self.beats_of(tensor)
        return offsets

    @property
    def size(self) -> int:
        """Bytes of a frame, without the unused lanes of its last beat."""
        return max(offset + self.sizes[tensor] for tensor, offset in self.offsets.items())

    def pack(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Frames as they are sent: uint8 (N, `size`).

        Parameters
        ----------
        arrays
            (N, ...) by tensor, a byte an element, elements in the order of the stream.
        """
        frames = np.zeros((len(next(iter(arrays.values()))), self.size), np.uint8)
        for tensor, offset in self.offsets.items():
            data = np.ascontiguousarray(arrays[tensor]).view(np.uint8)
            frames[:, offset : offset + self.sizes[tensor]] = data.reshape(len(frames), -1)
        return frames

    def unpack(self, frames: np.ndarray) -> dict[str, np.ndarray]:
        """The inverse of `pack`: uint8 (N, bytes of the tensor) by tensor."""
        return {
            tensor: frames[:, offset : offset + self.sizes[tensor]]
            for tensor, offset in self.offsets.items()
        }


def frame_layout(graph: Graph, ports: Sequence[Port], beat_bytes: int) -> FrameLayout:
    """Frames of a graph's inputs or outputs, whose tensors follow each other in their order."""
    sizes = {port.tensor: graph.tensors[port.tensor].size for port in ports}
    return FrameLayout(sizes=sizes, beat_bytes=beat_bytes)

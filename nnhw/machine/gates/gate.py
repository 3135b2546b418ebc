"""What a gate is: a reason for which a fetch may have to wait before it is issued."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Module, Value

from ...isa import DrainInstruction, FetchInstruction, InstructionLayout
from ..timing import Timing
from .output_model import OutputModel

Fetch = Any
"""In hardware: the values of a fetch by name, as the fetch sequencer prepares them."""

Follow = Callable[[Callable[[Fetch, str], Value], str], Value]
"""In hardware: answers a question, given with its name, about the fetch that comes next."""


@dataclass
class Clock:
    """In the cycle model: where the fetch sequencer stands.

    Parameters
    ----------
    issued
        Cycle of the last issue.
    drain, latency
        Cycles that its results take in the drain, and until the first of them leaves write-back.
    """

    issued: int = -1
    drain: int = 0
    latency: int = 0


@dataclass(frozen=True, kw_only=True)
class Layer:
    """In the cycle model: a layer that is about to fetch.

    Parameters
    ----------
    fetch, drain
        Its instructions.
    before
        The drain and fetch instructions of the layer before; None for the first one.
    """

    fetch: FetchInstruction
    drain: DrainInstruction
    before: tuple[FetchInstruction, DrainInstruction] | None


@dataclass(kw_only=True)
class Frames:
    """In the cycle model: what goes on from frame to frame.

    Parameters
    ----------
    timing, clock, output
        Latencies, the fetch sequencer, the output stream.
    loaded
        Cycle of the frame's last input beat.
    """

    timing: Timing
    clock: Clock
    output: OutputModel
    loaded: int = -1


class Gate:
    """A reason to wait: its predicate and its state in hardware, its term in the cycle model.

    Behind the issue nothing stalls, so all that may hold back a frame is a gate.

    Attributes
    ----------
    name : str
        For signals: fetches are "held by" it.
    """

    name: str

    def is_needed(self, layout: InstructionLayout) -> bool:
        """Whether fetch instructions of this layout can ask for it."""
        return True

    def prepare(self, m: Module, sequencer: Any, fetch: Fetch, follow: Follow) -> None:
        """Add to `fetch` what is to be known of it a cycle ahead.

        Parameters
        ----------
        sequencer
            Its ports and parameters are what there is to decide with.
        follow
            The answer to a question, which has a name, about the fetch that is the next one in the
            next cycle. It is asked about several of them, which have names, too.
        """

    def holds(self, m: Module, sequencer: Any, fetch: Fetch, issue: Value) -> Value:
        """Whether it holds back the next fetch.

        Parameters
        ----------
        issue
            The fetch goes out in this cycle.
        """
        raise NotImplementedError

    def opens(self, possible: int, layer: Layer, frames: Frames) -> int:
        """First cycle from `possible` on in which it lets pass the fetch that it looks at: the
        first one of a layer, or the last one of a tile."""
        raise NotImplementedError

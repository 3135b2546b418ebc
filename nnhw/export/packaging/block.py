"""A design as an IP block."""

from __future__ import annotations

from dataclasses import dataclass

from ...shell import TopPorts

VENDOR, LIBRARY = "nnhw", "accelerators"
"""Of all designs, where tools ask for them."""


@dataclass(frozen=True, kw_only=True)
class IpBlock:
    """A design, as far as tools that put blocks together look at it.

    Parameters
    ----------
    name
        Of the top module.
    version
        Of nnhw that made it: three numbers.
    summary
        A sentence about it.
    ports
        Of the top module.
    clock_mhz
        What the clock is meant to be.
    sources, memory_files, cell_models
        Files relative to the design's folder: Verilog, contents of memories, and models of vendor's
        cells for simulation.
    programmable
        Whether it is loaded with a network.
    """

    name: str
    version: str
    summary: str
    ports: TopPorts
    clock_mhz: float
    sources: tuple[str, ...]
    memory_files: tuple[str, ...] = ()
    cell_models: tuple[str, ...] = ()
    programmable: bool = False

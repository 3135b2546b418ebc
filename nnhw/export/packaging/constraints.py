"""Timing constraints: the clock, and delays outside of the block to be filled in."""

from __future__ import annotations

from collections.abc import Iterator

from ...shell import CLOCK
from .block import IpBlock

_SHARE = 0.4
"""Of a period, that the suggested delays leave to what is outside."""


def design_constraints(block: IpBlock) -> str:
    """NAME.sdc: Synopsys Design Constraints, which most synthesizers and timing analyzers read."""
    return _text(block, "Synopsys Design Constraints (SDC)")


def vivado_constraints(block: IpBlock) -> str:
    """NAME.xdc: the same commands, with what Vivado has to be told about them."""
    return _text(
        block,
        "Constraints for Vivado (XDC)",
        "For synthesis out of context (USED_IN out_of_context): within a design, the clock is that "
        "of the",
        "design, and this file is to be left out.",
    )


def _text(block: IpBlock, form: str, *remarks: str) -> str:
    lines = [
        f"# {form} of {block.name}: clock of {block.clock_mhz:g} MHz, in ns.",
        *(f"# {remark}" for remark in remarks),
        *_clocks(block),
        "",
        "# What paths outside take before inputs and behind outputs: within a chip leave it to the",
        "# timing of the whole; for the block by itself put your figures in place of these.",
        *(f"# {line}" for line in _delays(block)),
    ]
    return "\n".join(lines) + "\n"


def _clocks(block: IpBlock) -> Iterator[str]:
    for interface in block.ports.of_kind(CLOCK):
        yield (
            f"create_clock -name {interface.name} -period {_nanoseconds(1e3 / block.clock_mhz)} "
            f"[get_ports {interface.name}]"
        )


def _delays(block: IpBlock) -> Iterator[str]:
    delay = _nanoseconds(_SHARE * 1e3 / block.clock_mhz)
    clock, *_ = block.ports.of_kind(CLOCK)
    streams = block.ports.stream_clock()
    for own in dict.fromkeys((clock.name, streams.name)):
        for direction in ("input", "output"):
            ports = " ".join(
                port.name
                for port in block.ports.ports
                if port.direction == direction
                and port.role != "CLK"
                and (streams.name if port.interface else clock.name) == own
            )
            if ports:
                yield f"set_{direction}_delay -clock {own} {delay} [get_ports {{{ports}}}]"


def _nanoseconds(time: float) -> str:
    return f"{time:.3f}"

"""The free choices of what surrounds an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ..errors import MappingError
from ..options import (
    BUSES,
    CLOCKS,
    IOS,
    MEMORY_ADDRESS_BITS,
    MEMORY_DATA_BITS,
    MOST_TAG_BITS,
    RESETS,
)


@dataclass(frozen=True, kw_only=True)
class TensorSizes:
    """Bytes of the tensors of an input and an output frame, in their order; None: they are loaded
    with the network."""

    inputs: tuple[int, ...] | None
    outputs: tuple[int, ...] | None

    @property
    def is_loaded(self) -> bool:
        """Whether they are not known beforehand."""
        return self.inputs is None


@dataclass(frozen=True, kw_only=True)
class ShellConfig:
    """Configuration of a shell: what stands around an engine and makes it fit into a system.

    Nothing of it changes results, nor the engine itself. By default a shell is nothing but wires.

    Parameters
    ----------
    reset
        "active-high": the port `rst`; "active-low": `aresetn`, as AXI has it. Synchronous.
    keep
        The tensors that tkeep tells of; None: the streams have no tkeep.
    tag_bits
        Bits of tuser, which an input frame's first beat brings along and its output frame has
        again; 0: the streams have no tuser.
    idle
        Whether an output says that no frame is under way.
    clocks
        "one"; "two": the streams, and the control bus, have a clock of their own, `axis_clk`.
    bus
        Control bus by which registers are reached; None: there are no registers.
    bus_errors
        Whether accesses to addresses without a register are answered with an error.
    io
        "stream": frames come and go over streams; "mapped": through windows on the control bus;
        "dma": from and to memory. There are no streams in either of the latter.
    memory_data_bits, memory_address_bits
        Of the bus to memory, if there is one.
    memory_cache, memory_prot
        Its AxCACHE and AxPROT.

    Raises
    ------
    MappingError
        If a parameter is none of its values, or one is of streams that there are none of.
    """

    reset: str = "active-high"
    keep: TensorSizes | None = None
    tag_bits: int = 0
    idle: bool = False
    clocks: str = "one"
    bus: str | None = None
    bus_errors: bool = False
    io: str = "stream"
    memory_data_bits: int = MEMORY_DATA_BITS[0]
    memory_address_bits: int = MEMORY_ADDRESS_BITS[0]
    memory_cache: int = 3
    memory_prot: int = 0

    def __post_init__(self) -> None:
        if self.reset not in RESETS:
            raise MappingError(f"'reset' must be one of {', '.join(RESETS)}, not {self.reset!r}")
        if self.clocks not in CLOCKS:
            raise MappingError(f"'clocks' must be one of {', '.join(CLOCKS)}, not {self.clocks!r}")
        if not isinstance(self.tag_bits, int) or not 0 <= self.tag_bits <= MOST_TAG_BITS:
            raise MappingError(
                f"'tag_bits' must be an integer from 0 to {MOST_TAG_BITS}, not {self.tag_bits!r}"
            )
        if self.bus is not None and self.bus not in BUSES:
            raise MappingError(f"'bus' must be one of {', '.join(BUSES)}, not {self.bus!r}")
        if self.bus_errors and self.bus is None:
            raise MappingError("'bus_errors' needs a control bus; give 'bus', too")
        if self.io not in IOS:
            raise MappingError(f"'io' must be one of {', '.join(IOS)}, not {self.io!r}")
        if not self.has_stream_ports and self.bus is None:
            raise MappingError(f"'io' is {self.io}, which needs a control bus; give 'bus', too")
        if not self.has_stream_ports and (self.keep is not None or self.tag_bits):
            raise MappingError(f"'keep' and 'tag_bits' are of streams, and 'io' is {self.io}")
        for name, allowed in (
            ("memory_data_bits", MEMORY_DATA_BITS),
            ("memory_address_bits", MEMORY_ADDRESS_BITS),
            ("memory_cache", range(16)),
            ("memory_prot", range(8)),
        ):
            if getattr(self, name) not in allowed:
                raise MappingError(
                    f"'{name}' must be one of {', '.join(map(str, allowed))}, "
                    f"not {getattr(self, name)!r}"
                )
        if self.loads_sizes and self.bus is None:
            raise MappingError("Sizes of 'keep' are loaded over a control bus; give 'bus', too")

    @property
    def has_stream_ports(self) -> bool:
        """Whether frames come and go over streams."""
        return self.io == "stream"

    @property
    def is_mapped(self) -> bool:
        """Whether frames come and go over the control bus."""
        return self.io == "mapped"

    @property
    def has_dma(self) -> bool:
        """Whether frames come from memory and go there."""
        return self.io == "dma"

    @property
    def loads_sizes(self) -> bool:
        """Whether tkeep follows what is loaded."""
        return self.keep is not None and self.keep.is_loaded

    @property
    def has_streams(self) -> bool:
        """Whether there is anything between the ports of the streams and the engine."""
        return self.keep is not None or self.tag_bits > 0 or self.clocks == "two"

    @property
    def has_registers_apart(self) -> bool:
        """Whether there are registers, and in another clock than the engine's."""
        return self.bus is not None and self.clocks == "two"

    @property
    def stream_clock(self) -> str:
        """Name of the port of the streams' clock."""
        return "axis_clk" if self.clocks == "two" else "clk"

    @property
    def reset_port(self) -> str:
        """Name of the reset's port."""
        return RESETS[self.reset]

    def to_dict(self) -> dict[str, Any]:
        """The parameters by name, for manifests."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ShellConfig:
        """The shell that a manifest tells of; what is missing there is as by default."""
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        if known.get("keep") is not None:
            known["keep"] = TensorSizes(
                **{side: n if n is None else tuple(n) for side, n in known["keep"].items()}
            )
        return cls(**known)

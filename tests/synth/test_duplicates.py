"""Yosys's own optimization finds nothing in a design that the generator should have left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from nnhw.pipeline import build
from nnhw.synth import run_yosys

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

#: Registers that vanish as a whole, by what they are for.
EXPLAINED = {
    r"mac_array\.(tags_\d|lane_unit\.(flags|tags)_1)_first": "lanes and columns have one each",
    r"fetch\.loops\.roll_last": "a bit of the turn: where rolls are tiles it goes by their name",
    r"reset_seen_\d+": "the reset, again: a technology may have made a tree of the other one",
}
MOST_BITS = 0.02
"""Share of all bits that may vanish beside. They are those of constants which just this program
has: bits that fields of all its instructions have in common, such as those of padding at the end of
the range, and of addresses that are multiples of a tensor's size. Programs of two or three layers
have more of them."""


def registers(top: Mapping[str, Any]) -> dict[int, str]:
    """Names of all bits that flip-flops hold, by the number of their net: name of the register."""
    names: dict[int, str] = {}
    for name, net in top["netnames"].items():
        for bit in net["bits"]:
            names.setdefault(bit, name)
    return {
        bit: names[bit]
        for cell in top["cells"].values()
        if "dff" in cell["type"]
        for bit in cell["connections"]["Q"]
    }


def optimized(verilog: Iterable[Path], top: str, folder: Path) -> list[dict[int, str]]:
    """Registers of a flat design, before and after `opt -full`."""
    files = [folder / f"{name}.json" for name in ("before", "after")]
    commands = [
        *(f"read_verilog {path}" for path in verilog),
        *(f"hierarchy -top {top}", "proc", "flatten", "opt_clean"),
        *(f"write_json {files[0]}", "opt -full", f"write_json {files[1]}"),
    ]
    run_yosys(commands, log=folder / "yosys.log")
    return [registers(json.loads(file.read_text())["modules"][top]) for file in files]


def check(before: dict[int, str], after: dict[int, str]) -> None:
    kept = set(after.values())
    lost = sorted({name for name in before.values() if name not in kept})
    unexplained = [
        name for name in lost if not any(re.search(rf"{known}$", name) for known in EXPLAINED)
    ]
    assert not unexplained
    assert len(before) - len(after) <= MOST_BITS * len(before)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("digits_cnn", {"macs": 16}),
        ("digits_resnet", {"macs": 16}),
    ],
)
def test_nothing_is_left_to_remove(name, options, tmp_path):
    pytest.importorskip("pyosys")
    model, data = EXAMPLES / f"{name}.onnx", EXAMPLES / "digits.npz"
    result = build(model, data=data, out=tmp_path / name, sim=False, **options)
    verilog = sorted((result.folder / "rtl").glob("*.v"))
    check(*optimized(verilog, name, tmp_path))


def test_duplicates_and_constants_are_found(tmp_path):
    pytest.importorskip("pyosys")
    source = tmp_path / "tiny.v"
    source.write_text(
        "module tiny(input clk, input [3:0] a, output reg [3:0] x, output reg [3:0] twice,\n"
        "            output reg [3:0] half);\n"
        "  always @(posedge clk) begin x <= a; twice <= a; half <= {2'b0, a[3:2]}; end\n"
        "  initial half = 0;\n"
        "endmodule\n"
    )
    before, after = optimized([source], "tiny", tmp_path)
    assert (len(before), len(after)) == (12, 6)
    with pytest.raises(AssertionError, match=r"x|twice"):
        check(before, after)

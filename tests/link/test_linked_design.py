"""What the link reads of an exported design."""

from __future__ import annotations

import pytest
from exported_folder import write_folder

from nnhw.design import read_design
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

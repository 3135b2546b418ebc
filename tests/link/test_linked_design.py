"""What the link reads of an exported design."""

from __future__ import annotations

import json

import pytest

from nnhw.errors import ExportError
from nnhw.link import load_linked_design


def write_design(folder, verilog="module net; endmodule\n", weights="00\n", **changes) -> None:
    """A design, as far as the link reads it."""
    manifest = {
        "top": "net",
        "sources": ["rtl/net.v"],
        "memory_files": ["rtl/net_weights.hex"],
        "input": {"stream_bytes": 4, "frame_bytes": 13},
        "output": {"stream_bytes": 2, "frame_bytes": 3},
    }
    (folder / "rtl").mkdir(exist_ok=True)
    (folder / "rtl" / "net.v").write_text(verilog)
    (folder / "rtl" / "net_weights.hex").write_text(weights)
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))


def test_sizes_are_whole_beats(tmp_path):
    write_design(tmp_path)
    design = load_linked_design(tmp_path)
    assert (design.input_beat_bytes, design.input_bytes) == (4, 16)
    assert (design.output_beat_bytes, design.output_bytes) == (2, 4)
    assert design.sources == (tmp_path / "rtl" / "net.v",)


@pytest.mark.parametrize("change", [{"verilog": "module net; /**/ endmodule"}, {"weights": "01"}])
def test_digest_is_that_of_the_sources(tmp_path, change):
    write_design(tmp_path)
    first = load_linked_design(tmp_path)
    assert load_linked_design(tmp_path).digest == first.digest
    write_design(tmp_path, **change)
    assert load_linked_design(tmp_path).digest != first.digest


def test_no_design(tmp_path):
    with pytest.raises(ExportError, match="is not a complete design"):
        load_linked_design(tmp_path)


def test_missing_source(tmp_path):
    write_design(tmp_path, sources=["rtl/other.v"])
    with pytest.raises(ExportError, match=r"rtl/other\.v"):
        load_linked_design(tmp_path)


@pytest.mark.parametrize(
    "change", [{"input": None}, {"output": {"stream_bytes": 2}}, {"memory_files": 3}]
)
def test_damaged_manifest(tmp_path, change):
    write_design(tmp_path, **change)
    with pytest.raises(ExportError, match="is not the manifest of a design of this version"):
        load_linked_design(tmp_path)

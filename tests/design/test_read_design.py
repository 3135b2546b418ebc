"""Exported folders that others have made, or changed."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from exported_folder import MANIFEST, change_manifest, write_folder

from nnhw.boards import build_board, find_board
from nnhw.design import read_design, read_manifest, write_checksums
from nnhw.errors import ExportError
from nnhw.inference import run_design
from nnhw.simulate import lint, run_regression
from nnhw.synth import SynthesisOptions, run_synthesis

HOSTILE = {
    "a command of Yosys": {"top": "net; exec -- touch X"},
    "a command of a shell": {"top": "net$(touch X)"},
    "a module name with an escape": {"top": "\\net "},
    "a line break": {"clock": "clk\nexec -- touch X"},
    "no name": {"name": ""},
    "a command in a path": {"sources": ['rtl/net.v" ; exec -- touch X; "']},
    "an option": {"sources": ["-Ifolder/net.v"]},
    "an absolute path": {"sources": ["/etc/passwd"]},
    "a path out of the folder": {"sources": ["../net.v"]},
    "a path out of the folder and back": {"memory_files": ["rtl/../../net.hex"]},
    "a path of another kind": {"sources": ["rtl//net.v"]},
    "a path to the folder": {"cell_models": ["."]},
    "no path": {"sources": [None]},
    "no sources": {"sources": []},
    "text in place of a list": {"sources": "rtl/net.v"},
    "a call in an expression": {"trace": MANIFEST["trace"] | {"valid": '$system("touch X")'}},
    "a comment in an expression": {"trace": MANIFEST["trace"] | {"data": "1'b0; initial $stop;//"}},
    "text in place of a number": {"latency_cycles": "300"},
    "true in place of a number": {"interval_cycles": True},
    "a fraction": {"mac_units": 2.5},
    "a negative number": {"latency_cycles": -1},
    "beats of no bytes": {"input": MANIFEST["input"] | {"stream_bytes": 0}},
    "beats of too many bytes": {"output": MANIFEST["output"] | {"stream_bytes": 1 << 30}},
    "a shape of two axes": {"inputs": [{"name": "x", "shape": [1, 1], "offset": 0}]},
    "a number that is none": {
        "inputs": [MANIFEST["inputs"][0] | {"scale": float("inf"), "zero_point": 0}]
    },
    "no stream": {"input": None},
    "a technology with a command": {"target": "portable; exec -- touch X"},
}
KEY = {"a number that is none": "Infinity", "a shape of two axes": "inputs[0].shape"}


@pytest.mark.parametrize("name", HOSTILE)
def test_wrong_entries_are_named(tmp_path, name):
    folder = write_folder(tmp_path / "net", **HOSTILE[name])
    with pytest.raises(ExportError, match=r"manifest\.json' is ") as caught:
        read_design(folder)
    assert KEY.get(name, f"'{next(iter(HOSTILE[name]))}") in str(caught.value)


@pytest.mark.parametrize("key", sorted(set(MANIFEST) - {"memory_files"}))
def test_missing_entries_are_named(tmp_path, key):
    folder = write_folder(tmp_path)
    manifest = {name: value for name, value in MANIFEST.items() if name != key}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ExportError, match=rf"manifest\.json' .*'{key}' is missing"):
        read_manifest(folder)


@pytest.mark.parametrize(
    "text", ["", "[", "[]", "3", '{"top": "net"}', "[" * 100_000, "\ud800", "9" * 10_000]
)
def test_other_files_are_no_manifests(tmp_path, text):
    (tmp_path / "manifest.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ExportError, match=r"manifest\.json' is "):
        read_manifest(tmp_path)


def commands(folder, tmp_path):
    """All that read an exported folder."""
    return [
        lambda: run_design(folder, tmp_path / "x.npz"),
        lambda: run_regression(folder),
        lambda: lint(folder),
        lambda: run_synthesis(folder, SynthesisOptions(target="ecp5-25k")),
        lambda: run_synthesis(folder, SynthesisOptions(target="asic-osu018")),
        lambda: build_board(folder, find_board("icebreaker")),
    ]


@pytest.mark.parametrize("number", range(6))
def test_all_commands_refuse_the_same(tmp_path, number, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = write_folder(tmp_path / "net", top="net; exec -- touch X")
    with pytest.raises(ExportError, match="'top' must be a Verilog identifier"):
        commands(folder, tmp_path)[number]()
    assert sorted(os.listdir(tmp_path)) == ["net"]
    assert not (folder / "syn").exists()


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("name", ["golden.npz", "manifest.json", "rtl/net.hex"])
def test_all_commands_find_changed_data(tmp_path, number, name):
    folder = write_folder(tmp_path / "net", {"rtl/net.hex": "00\n"}, memory_files=["rtl/net.hex"])
    with (folder / name).open("a") as file:
        file.write("\n")
    with pytest.raises(ExportError, match=rf"{name}' has changed since the design was built"):
        commands(folder, tmp_path)[number]()


def test_edited_verilog_is_said(tmp_path):
    folder = write_folder(tmp_path)
    assert read_design(folder).edited == ()
    (folder / "rtl" / "net.v").write_text("module net; wire a; endmodule\n")
    assert read_design(folder).edited == ("rtl/net.v",)


def test_checksums_are_those_of_sha256sum(tmp_path):
    folder = write_folder(tmp_path, {"report.json": "{}", "sim/tb.v": "module tb; endmodule\n"})
    checked = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=folder, check=True, capture_output=True, text=True
    )
    assert checked.stdout.splitlines() == [
        f"{name}: OK" for name in ("golden.npz", "manifest.json", "rtl/net.v", "sim/tb.v")
    ]


@pytest.mark.parametrize(
    ("sums", "message"),
    [
        (None, "SHA256SUMS' is missing"),
        ("", r"does not list 'manifest\.json'"),
        ("nothing of the kind\n", "line 1 is no checksum"),
        (f"{'0' * 64}  ../../etc/passwd\n", "'line 1' must be a relative path"),
        (f"{'0' * 64}  /etc/passwd\n", "'line 1' must be a relative path"),
        (b"\xff", "SHA256SUMS' is damaged"),
    ],
)
def test_damaged_checksums(tmp_path, sums, message):
    folder = write_folder(tmp_path, sums=False)
    if sums is not None:
        content = sums if isinstance(sums, bytes) else sums.encode()
        (folder / "SHA256SUMS").write_bytes(content)
    with pytest.raises(ExportError, match=message):
        read_design(folder)


def test_data_file_that_is_not_listed(tmp_path):
    folder = write_folder(tmp_path)
    sums = folder / "SHA256SUMS"
    lines = sums.read_text().splitlines(keepends=True)
    sums.write_text("".join(line for line in lines if "golden" not in line))
    with pytest.raises(ExportError, match=r"does not list 'golden\.npz'"):
        read_design(folder)


@pytest.mark.parametrize("name", ["rtl/net.v", "golden.npz", "manifest.json", "syn", "sim/log"])
def test_links_out_of_the_folder(tmp_path, name):
    folder = write_folder(tmp_path / "net")
    place, elsewhere = folder / name, tmp_path / "elsewhere"
    place.parent.mkdir(exist_ok=True)
    if place.exists():
        place.rename(elsewhere)
    place.symlink_to(elsewhere)
    with pytest.raises(ExportError, match=rf"{name}' is .*"):
        read_design(folder)


def test_links_inside_the_folder(tmp_path):
    folder = write_folder(tmp_path / "net")
    (folder / "rtl" / "net.v").rename(folder / "rtl" / "other.v")
    (folder / "rtl" / "net.v").symlink_to("other.v")
    write_checksums(folder)
    assert read_design(folder).edited == ()


def test_manifest_that_goes_with_its_checksum_is_still_checked(tmp_path):
    folder = write_folder(tmp_path)
    change_manifest(folder, top="net$(touch X)")
    with pytest.raises(ExportError, match="'top'"):
        read_design(folder)

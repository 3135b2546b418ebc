"""The testbench in the exported folder."""

import json

import pytest
from standin import write_standin

from nnhw.errors import ExportError
from nnhw.simulate import install_testbench, sim_folder
from nnhw.simulate import testbench as module


def test_all_files_of_the_folder_are_installed(tmp_path):
    design = write_standin(tmp_path / "standin")
    own = {file.name for file in sim_folder().iterdir() if file.is_file()}
    assert {file.name for file in (design / "sim").iterdir()} == own | {"vectors.npz"}


def test_testbench_verilog_is_filled_in(tmp_path):
    text = (write_standin(tmp_path / "standin") / "sim" / "tb.v").read_text()
    assert "standin dut (" in text
    assert "{{" not in text


def test_same_manifest_same_files(tmp_path):
    first, second = (write_standin(tmp_path / name) / "sim" for name in ("a", "b"))
    for file in first.iterdir():
        if file.name != "vectors.npz":
            assert file.read_bytes() == (second / file.name).read_bytes()


def test_nothing_in_it_needs_nnhw():
    for file in sim_folder().glob("*.py"):
        assert "import nnhw" not in file.read_text()
        assert "from nnhw" not in file.read_text()


def test_installed_package_has_its_own_copy(tmp_path, monkeypatch):
    package = tmp_path / "nnhw"
    monkeypatch.setattr(module, "__file__", str(package / "simulate" / "testbench.py"))
    assert sim_folder() == tmp_path / "sim"
    (package / "_sim").mkdir(parents=True)
    assert sim_folder() == package / "_sim"


def test_folder_without_manifest(tmp_path):
    with pytest.raises(ExportError, match=r"manifest\.json' is missing"):
        install_testbench(tmp_path)


def test_manifest_without_trace(tmp_path):
    design = write_standin(tmp_path / "standin")
    manifest = json.loads((design / "manifest.json").read_text())
    del manifest["trace"]
    (design / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ExportError, match=r"manifest\.json' is not .*'trace' is missing"):
        install_testbench(design)

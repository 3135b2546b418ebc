"""The output folder appears complete or not at all."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nnhw.errors import ExportError, VerificationError
from nnhw.staging import DESIGN_FILE, staged_folder


def write_design(folder, text):
    (folder / DESIGN_FILE).write_text(text)
    (folder / "rtl").mkdir()


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
    assert names(out) == [DESIGN_FILE, "rtl"]
    assert names(tmp_path / "above") == ["net"]


def test_existing_is_kept_without_force(tmp_path):
    out = tmp_path / "net"
    out.mkdir()
    write_design(out, "old")
    with (
        pytest.raises(ExportError, match=r"Output folder '.*net' already exists; replace it with"),
        staged_folder(out, force=False),
    ):
        pytest.fail("the block must not run")
    assert (out / DESIGN_FILE).read_text() == "old"


def test_existing_is_replaced_with_force(tmp_path):
    out = tmp_path / "net"
    out.mkdir()
    write_design(out, "old")
    (out / "stale").write_text("")
    with staged_folder(out, force=True) as stage:
        write_design(stage.folder, "new")
        assert (out / DESIGN_FILE).read_text() == "old"
    assert (out / DESIGN_FILE).read_text() == "new"
    assert names(out) == [DESIGN_FILE, "rtl"]
    assert names(tmp_path) == ["net"]


def test_empty_folder_needs_no_force(tmp_path):
    out = tmp_path / "net"
    out.mkdir()
    with staged_folder(out, force=False) as stage:
        write_design(stage.folder, "new")
    assert (out / DESIGN_FILE).read_text() == "new"


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
    out.mkdir()
    write_design(out, "old")
    with pytest.raises(error):
        stage_in_vain(out, "half", error, force=True)
    assert (out / DESIGN_FILE).read_text() == "old"
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
    assert (tmp_path / "net.failed" / DESIGN_FILE).read_text() == "second"
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
        assert (stage.folder / DESIGN_FILE).exists()
    assert (out / DESIGN_FILE).read_text() == "first"


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
        half = tmp_path / ".net.partial" / "half"
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

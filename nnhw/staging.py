"""An output folder that appears complete or not at all, and files that must not be replaced."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from .design import is_design, replace_folder, restore_folder
from .design.exchange import old_folder
from .errors import CANNOT_WRITE, ExportError, NnhwError

MARKER_FILE = "made-by-nnhw"
"""Tells a folder that a build works in from any other one."""
MARKER = (
    "A build of nnhw works in this folder, or was killed while it did. The next one empties it.\n"
)
_PATIENCE_SECONDS = 10
"""How long programs of a killed build may take to end."""


@dataclass
class Stage:
    """An output folder in the making.

    Parameters
    ----------
    folder
        Where to write.
    failed
        Where the folder goes if it fails when it is complete.
    complete
        To be set when everything is written and only verification can fail.
    """

    folder: Path
    failed: Path
    complete: bool = False


@contextmanager
def staged_folder(out: Path, *, force: bool) -> Iterator[Stage]:
    """A folder to write to, which becomes `out` when the block ends without error.

    Until then it is in the folder .OUT.partial beside `out`, with a marker that says whose that is.
    Whatever ends the block early (an error, Ctrl-C) removes the folder, with those above it that
    were made for it, and leaves `out` as it was.
    Only a complete folder that an NnhwError ends is kept as `out`.failed, since a design that is
    wrong is worth a look. What a killed process left behind is removed by the next build; the
    design that was in `out`, or the new one, is whole whenever that happens (`replace_folder`).

    Nothing is emptied or replaced that nnhw did not make, and no symbolic link of one of these
    names is followed.

    Parameters
    ----------
    out
        The folder to write in the end; folders above it are made.
    force
        Whether a design that is already there may be replaced.

    Raises
    ------
    ExportError
        If `out` exists and must not be replaced, something else has one of the names that a build
        takes, another process is writing it, or the disk is full or write protected.
    """
    out = Path(os.path.abspath(out))
    if not out.name:
        raise ExportError(f"Output folder '{out}' cannot be replaced; give another folder")
    workspace = out.with_name(f".{out.name}.partial")
    stage = Stage(folder=workspace / out.name, failed=out.with_name(f"{out.name}.failed"))
    above = [parent for parent in out.parents if not parent.exists()]
    try:
        restore_folder(out, is_design)
        _check_replaceable(out, force)
        _check_failed(stage.failed)
        _check_ours(old_folder(out), is_design)
        _check_ours(old_folder(stage.failed), is_design)
        workspace.parent.mkdir(parents=True, exist_ok=True)
        lock = _lock(workspace, out)
    except OSError as error:
        _remove_empty(above)
        raise _cannot_write(out, error) from error
    try:
        _clear(workspace)
        _set_aside(workspace, out, stage.failed)
        stage.folder.mkdir()
        yield stage
        _check_replaceable(out, force)
        replace_folder(stage.folder, out)
    except NnhwError:
        if stage.complete:
            _keep(stage, out)
        raise
    except OSError as error:
        if error.errno in CANNOT_WRITE:
            raise _cannot_write(out, error) from error
        raise
    finally:
        try:
            _remove_workspace(workspace)
        finally:
            os.close(lock)
            _remove_empty(above)


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove folders, the innermost first, up to the first one that holds something."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _cannot_write(out: Path, error: OSError) -> ExportError:
    return ExportError(
        f"Output folder '{out}' cannot be written: {error.strerror}; "
        "make room or give another folder"
    )


def _check_replaceable(out: Path, force: bool) -> None:
    if out.is_symlink():
        raise ExportError(
            f"Output folder '{out}' is a symbolic link, which is not followed; "
            "give the folder itself"
        )
    if not out.exists():
        return
    if not out.is_dir():
        raise ExportError(f"Output folder '{out}' is a file; give another folder")
    if not any(out.iterdir()):
        return
    if not force:
        raise ExportError(
            f"Output folder '{out}' already exists; replace it with --force (force=True) "
            "or give another one with --out"
        )
    if not is_design(out):
        raise ExportError(
            f"Output folder '{out}' is not a design made by nnhw and will not be replaced; "
            "give another folder"
        )


def _check_failed(failed: Path) -> None:
    """A design that is wrong will take this name: only an earlier one may be in its place."""
    if failed.is_symlink() or (failed.exists() and not _is_empty(failed) and not is_design(failed)):
        raise ExportError(
            f"'{failed}' is not a design made by nnhw, and a design that fails its simulation "
            "would be kept by this name; move it, or give another folder with --out"
        )


def _check_ours(folder: Path, is_ours: Callable[[Path], bool]) -> None:
    """Refuse what somebody else has put in the place of a folder of ours."""
    if folder.is_symlink() or (folder.exists() and not _is_empty(folder) and not is_ours(folder)):
        raise ExportError(
            f"'{folder}' is in the way, and nnhw did not make it; move it, or give another folder "
            "with --out"
        )


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _is_workspace(folder: Path) -> bool:
    """Whether a folder has the marker of a build; it is written first and removed last."""
    marker = folder / MARKER_FILE
    try:
        if not stat.S_ISREG(marker.lstat().st_mode):
            return False
        content = marker.read_bytes()[: len(MARKER) + 1]
        # a build may be killed before it has written the marker, when there is nothing else
        alone = [entry.name for entry in folder.iterdir()] == [MARKER_FILE]
    except OSError:
        return False
    return content == MARKER.encode() or (alone and not content)


def _lock(workspace: Path, out: Path) -> int:
    """Make the folder `workspace`, mark it, and lock it for this process."""
    while True:
        _check_ours(workspace, _is_workspace)
        workspace.mkdir(exist_ok=True)
        lock = os.open(workspace, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), os.stat(workspace)):
                _check_ours(workspace, _is_workspace)
                (workspace / MARKER_FILE).write_text(MARKER, encoding="utf-8")
                return lock
        except BlockingIOError:
            os.close(lock)
            raise ExportError(f"Another build is writing '{out}'; wait for its end") from None
        except FileNotFoundError:
            pass  # the build that held the lock has just ended and taken the folder with it
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)


def _keep(stage: Stage, out: Path) -> None:
    """Keep a design that is wrong, unless something foreign has taken its place meanwhile."""
    _check_failed(stage.failed)
    try:
        replace_folder(stage.folder, stage.failed)
    except OSError as error:
        raise _cannot_write(out, error) from error


def _set_aside(workspace: Path, *targets: Path) -> None:
    """Remove what an exchange that was killed right before its end left behind.

    Only where the folder that has taken its place is there: it must not be the only copy.
    """
    for target in targets:
        old = old_folder(target)
        if old.exists() and is_design(target):
            os.rename(old, workspace / old.name)
    _clear(workspace)


def _clear(workspace: Path) -> None:
    """Empty a workspace, except its marker.

    Programs that a killed build had started end right after it, and may write until then.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            for entry in workspace.iterdir():
                if entry.name == MARKER_FILE:
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.ENOENT) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _remove_workspace(workspace: Path) -> None:
    """Remove a workspace, its marker last."""
    _clear(workspace)
    (workspace / MARKER_FILE).unlink(missing_ok=True)
    workspace.rmdir()


def keep_apart(path: Path, **given: object) -> None:
    """Refuse to replace what is read.

    Raises
    ------
    ExportError
        If the file to write is one of those given, whatever they are called by.
    """
    for role, source in given.items():
        if not isinstance(source, str | PathLike) or not Path(source).exists():
            continue
        if path.exists() and path.samefile(source):
            raise ExportError(f"File {path} is the {role} that is read; give another --out (out=)")

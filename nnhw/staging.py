"""An output folder that appears complete or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import ExportError, NnhwError

CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EFBIG}
DESIGN_FILE = "manifest.json"
"""What tells an exported design from any other folder."""


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
    """A folder to write to beside `out`, which becomes `out` when the block ends without error.

    Whatever ends the block early (an error, Ctrl-C) removes the folder and leaves `out` as it was.
    Only a complete folder that an NnhwError ends is kept as `out`.failed, since a design that is
    wrong is worth a look. What a killed process left behind is removed by the next build.

    Parameters
    ----------
    out
        The folder to write in the end; folders above it are made.
    force
        Whether a design that is already there may be replaced.

    Raises
    ------
    ExportError
        If `out` exists and must not be replaced, another process is writing it, or the disk is full
        or write protected.
    """
    out = Path(os.path.abspath(out))
    _check_replaceable(out, force)
    partial = out.with_name(f".{out.name}.partial")
    stage = Stage(folder=partial, failed=out.with_name(f"{out.name}.failed"))
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        lock = _lock(partial, out)
    except OSError as error:
        raise _cannot_write(out, error) from error
    try:
        for left_over in partial.iterdir():
            _remove(left_over)
        yield stage
        _replace(out, partial)
    except NnhwError:
        if stage.complete:
            _replace(stage.failed, partial)
        raise
    except OSError as error:
        if error.errno in CANNOT_WRITE:
            raise _cannot_write(out, error) from error
        raise
    finally:
        _remove(partial)
        os.close(lock)


def _cannot_write(out: Path, error: OSError) -> ExportError:
    return ExportError(
        f"Output folder '{out}' cannot be written: {error.strerror}; "
        "make room or give another folder"
    )


def _check_replaceable(out: Path, force: bool) -> None:
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
    if not (out / DESIGN_FILE).is_file():
        raise ExportError(
            f"Output folder '{out}' is not a design made by nnhw and will not be replaced; "
            "give another folder"
        )


def _lock(partial: Path, out: Path) -> int:
    """Make the folder `partial` and lock it for this process."""
    while True:
        partial.mkdir(exist_ok=True)
        lock = os.open(partial, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), os.stat(partial)):
                return lock
        except BlockingIOError:
            os.close(lock)
            raise ExportError(f"Another build is writing '{out}'; wait for its end") from None
        except FileNotFoundError:
            pass  # the build that held the lock has just ended and taken the folder with it
        os.close(lock)


def _replace(target: Path, source: Path) -> None:
    """Rename the folder `source` to `target`; what `target` was is removed after that."""
    old = target.with_name(f".{target.name}.old")
    _remove(old)
    if target.exists():
        target.rename(old)
    source.rename(target)
    _remove(old)


def _remove(path: Path) -> None:
    """Remove a file or folder that may be absent."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

"""Replaces a folder by a new one, so that a kill at any moment leaves the one or the other.

Linux exchanges two names in one step (renameat2 with RENAME_EXCHANGE), on all its usual file
systems. Where that is not to be had, the old folder takes the name .NAME.old first. A kill right
after that leaves NAME absent and the old folder whole under that name: `restore_folder`, which each
reader of a design and each build begins with, gives it its name back.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections.abc import Callable
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NOT_SUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}


def old_folder(target: Path) -> Path:
    """Where the old folder is for a moment if names cannot be exchanged in one step."""
    return target.with_name(f".{target.name}.old")


def replace_folder(new: Path, target: Path) -> bool:
    """Give the folder `new` the name `target`, and the folder that had it the name `new`.

    Returns whether there was one; an empty one does not count.

    Raises
    ------
    OSError
        If the file system refuses; `target` is then what it was.
    """
    if not target.is_dir() or not any(target.iterdir()):
        os.rename(new, target)  # an empty folder in its place goes in the same step
        return False
    if _exchange(new, target):
        return True
    old = old_folder(target)
    os.rename(target, old)
    try:
        os.rename(new, target)
    except OSError:
        with contextlib.suppress(FileNotFoundError):  # a reader has brought it back just now
            os.rename(old, target)
        raise
    os.rename(old, new)
    return True


def restore_folder(target: Path, is_ours: Callable[[Path], bool]) -> None:
    """Undo an exchange that was killed between its two steps: bring back what was in `target`.

    Does nothing unless `target` is absent or empty, and its .NAME.old is a folder that `is_ours`
    knows.
    """
    target = Path(os.path.abspath(target))
    if not target.name or target.is_symlink():
        return
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        return
    old = old_folder(target)
    if old.is_dir() and not old.is_symlink() and is_ours(old):
        # somebody else may have been quicker
        with contextlib.suppress(FileNotFoundError, FileExistsError):
            os.rename(old, target)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; returns False if the system cannot.

    Raises
    ------
    OSError
        If it can, and refuses.
    """
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    status = renameat2(
        *(ctypes.c_int(_AT_FDCWD), os.fsencode(one)),
        *(ctypes.c_int(_AT_FDCWD), os.fsencode(other)),
        ctypes.c_uint(_RENAME_EXCHANGE),
    )
    if status == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_SUPPORTED:
        return False
    raise OSError(number, os.strerror(number), str(other))

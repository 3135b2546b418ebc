"""What a process touches: listings of its folder, and its own calls as Python sees them."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

Listing = dict[str, tuple]


def list_folder(folder: Path) -> Listing:
    """Everything in a folder by relative path: kind, permissions, and contents or target."""
    found: Listing = {}
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(root, name)
            status = os.lstat(path)
            content: object = None
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                content = hashlib.blake2b(_read(path)).digest()
            found[os.path.relpath(path, folder)] = (status.st_mode, content)
    return found


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def differences(before: Listing, after: Listing, within: Iterable[str] = ()) -> list[str]:
    """Paths that differ and are not in one of the folders `within`."""
    allowed = tuple(within)
    return sorted(
        path
        for path in before.keys() | after.keys()
        if before.get(path) != after.get(path) and not is_within(path, allowed)
    )


def is_within(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)


class Watcher:
    """Notes each call of this process that writes or deletes outside the folders it may use.

    Only for processes that end soon: hooks cannot be removed.

    Parameters
    ----------
    allowed
        Folders without links in their paths.
    """

    def __init__(self, allowed: Iterable[Path]) -> None:
        self.allowed = [str(folder) for folder in allowed]
        self.touched: list[str] = []
        self._active = False
        sys.addaudithook(self._hook)

    @contextmanager
    def active(self) -> Iterator[None]:
        self._active = True
        try:
            yield
        finally:
            self._active = False

    @contextmanager
    def paused(self) -> Iterator[None]:
        self._active, before = False, self._active
        try:
            yield
        finally:
            self._active = before

    def _hook(self, event: str, args: tuple) -> None:
        if not self._active or event not in _PATHS:
            return
        self._active = False
        try:
            for path in _PATHS[event](args):
                if not is_within(path, self.allowed) and path != os.devnull:
                    self.touched.append(f"{event} {path}")
        except (OSError, ValueError, TypeError):
            pass  # the call itself fails, too
        finally:
            self._active = True


def _opened(args: tuple) -> list[str]:
    path, mode, flags = args
    writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else False
    writes |= bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))
    if not writes or isinstance(path, int):
        return []
    return [os.path.realpath(os.fsdecode(path))]


def _entry(path: object, dir_fd: int = -1) -> list[str]:
    """A directory entry: links in front of it are followed, itself not."""
    if isinstance(path, int):
        return []
    text = os.fsdecode(path)
    base = os.readlink(f"/proc/self/fd/{dir_fd}") if dir_fd >= 0 else os.getcwd()
    folder, name = os.path.split(os.path.join(base, text).rstrip("/"))
    return [os.path.join(os.path.realpath(folder), name)]


_PATHS = {
    "open": _opened,
    "os.remove": lambda args: _entry(*args),
    "os.rmdir": lambda args: _entry(*args),
    "os.mkdir": lambda args: _entry(args[0], args[2]),
    "os.rename": lambda args: _entry(args[0], args[2]) + _entry(args[1], args[3]),
    "os.link": lambda args: _entry(args[1], args[3]),
    "os.symlink": lambda args: _entry(args[1], args[2]),
    "os.truncate": lambda args: [os.path.realpath(os.fsdecode(args[0]))],
    "os.chmod": lambda args: _entry(args[0], args[2]),
}
"""The paths that each event changes."""

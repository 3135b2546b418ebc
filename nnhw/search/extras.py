"""Packages of the extra 'explore', which are imported when they are needed."""

from __future__ import annotations

import importlib.util

from ..errors import ToolError


def require(*modules: str, extra: str = "explore") -> None:
    """Refuse to begin without a package.

    Raises
    ------
    ToolError
        If one is missing; it names it and the extra.
    """
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise ToolError(
            f"{' and '.join(missing)} {are} missing; install with: pip install 'nnhw[{extra}]'"
        )

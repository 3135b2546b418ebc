"""Verilog identifiers made from file names."""

from __future__ import annotations

import re

from ..reserved_words import is_reserved

TESTBENCH = frozenset({"tb", "selfcheck", "host"})
"""Modules of testbenches."""


def verilog_identifier(text: str) -> str:
    """The nearest name for a Verilog module: it begins with a letter, and is no keyword.

    Whatever is not ASCII letters and digits becomes one "_", or nothing at either end. What is
    then no name, or taken, gets "net_" before it.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    is_free = name not in TESTBENCH and not is_reserved(name)
    return name if name[:1].isalpha() and is_free else f"net_{name}".strip("_")

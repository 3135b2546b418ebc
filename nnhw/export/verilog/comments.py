"""Comments in Verilog that no tool takes for an order.

Many tools read orders to themselves out of comments that begin with their names, and a backslash at
the end of a line joins the next one to it.
"""

from __future__ import annotations

import re
import textwrap

from .layout import COLUMNS

_ORDERS = re.compile(
    r"(verilator|verilint|synopsys|synthesis|pragma|ambit|cadence|exemplar|mentor|altera|intel"
    r"|quartus|xilinx|vivado|xst|lattice|synplify|gowin|yosys|rtl_synthesis|translate_o\w+|lint_\w+"
    r"|coverage|psl|sva|spyglass|tessent|formal|leda|icarus|iverilog|parallel_case|full_case|[@$`*/])",
    re.IGNORECASE,
)


def comment_lines(text: str) -> list[str]:
    """A text as comments of a line each, wrapped at the file's width."""
    plain = re.sub(r"[^ -~]+", " ", text)
    return [f"// {_harmless(line)}" for line in textwrap.wrap(plain, COLUMNS - 5)]


def _harmless(line: str) -> str:
    """A line that begins with no tool's name, and does not end in a backslash."""
    line = re.sub(r"\\+$", "", line)
    return f"- {line}" if _ORDERS.match(line) else line

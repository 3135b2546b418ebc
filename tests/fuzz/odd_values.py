"""Values and names that files should not hold, and sometimes do."""

from __future__ import annotations

import math

INTEGERS = (0, 1, -1, 2, 3, 4, 7, 100, 65_536, 2**31 - 1, 2**31, -(2**31), 2**62, -(2**63))
FLOATS = (0.0, -0.0, 1.0, -1.0, 1e-45, 1e-30, 1e30, 3e38, math.inf, -math.inf, math.nan)
STRINGS = (
    *("", "SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET", "nearest", "linear", "cubic", "reflect"),
    *("edge", "CRD", "DCR", "tanh", "none", "half_pixel", "asymmetric", "align_corners", "floor"),
    *("\xff\n", "x" * 5000),
)
NAMES = (
    *("", " ", "x", "a;b", "$(touch c)", "`touch c`", "a'b", 'a"b', "a\nb", "a\\b", "<b>&amp;</b>"),
    *(
        "\u00e9\u6f22\U0001f600",
        "..",
        "../../up",
        "/etc/passwd",
        "module",
        "endmodule",
        "[bold]x[/]",
    ),
    *("%s%n", "{0}", "a\x00b", "_", "0", "y", "\u202eabc", "-rf", "n" * 3000, "[/bold]", "kind"),
)
TYPES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 16, 17, 21, 22, 23, 99, -1)

"""How far estimates are off, in few numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def errors_of(off: Sequence[float]) -> dict[str, Any]:
    """The fields of an `Error`, of deviations in percent."""
    return {
        "median": round(float(np.median(np.abs(off))), 1),
        "percentile_90": round(float(np.percentile(np.abs(off), 90)), 1),
        "designs": len(off),
    }

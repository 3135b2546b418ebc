"""Reads the results that earlier runs have saved."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import ToolError
from .asic import AsicResult, parse_asic_result
from .result import RESULT_FILE, SYNTHESIS_FOLDER, SynthesisResult, parse_result


def load_result(path: Path) -> SynthesisResult | AsicResult:
    """Read a result.json.

    Raises
    ------
    ToolError
        If it is missing or damaged.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return parse_asic_result(values) if "area" in values else parse_result(values)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ToolError(
            f"'{path}' is not a result of nnhw synth ({error!r}); run it again"
        ) from None


def load_results(design_dir: Path) -> tuple[SynthesisResult | AsicResult, ...]:
    """All results of an exported design, by name of the target.

    Raises
    ------
    ToolError
        If one of them is damaged.
    """
    files = sorted((design_dir / SYNTHESIS_FOLDER).glob(f"*/{RESULT_FILE}"))
    return tuple(load_result(file) for file in files)

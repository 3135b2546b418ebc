"""Reads report.json of an exported design, of whomever's making, and checks what is used of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..design.schema import (
    SchemaError,
    boolean,
    integer,
    items,
    mapping,
    number,
    optional,
    positive_number,
    record,
    table,
    text,
)
from ..errors import ExportError

REPORT_FILE = "report.json"
_MOST_BYTES = 64 << 20

_count = integer(0, 1 << 60)
_figure = optional(number)
_cells = table(integer(-(1 << 60), 1 << 60))
_check_report = record(
    {
        "nnhw_version": text,
        "source": record(
            {
                "model": text,
                "model_sha256": text,
                "data": optional(text),
                "data_sha256": optional(text),
                "options": record({"clock_mhz": positive_number}),
            }
        ),
        "macs": _count,
        "weights": _count,
        "accuracy": optional(
            record(
                {
                    "samples": _count,
                    "float_top1": _figure,
                    "integer_top1": _figure,
                    "agreement": _figure,
                    "sqnr_db": _figure,
                    "further_sqnr_db": table(_figure),
                }
            )
        ),
        "engine": mapping,
        "mac_units": _count,
        "latency_cycles": integer(1, 1 << 60),
        "interval_cycles": integer(1, 1 << 60),
        "utilisation": number,
        "layers": items(
            record(
                {
                    "name": text,
                    "operator": text,
                    "shape": items(_count, fewest=3, most=3),
                    "cycles": _count,
                    "fence_wait": _count,
                    "drain_wait": _count,
                    "stream_wait": _count,
                    "weight_bits": optional(_count),
                    "sqnr_db": _figure,
                }
            )
        ),
        "memory_bits": table(_count),
        "fits": items(record({"name": text, "kept": text})),
        "verification": optional(record({"passed": boolean, "frames": _count})),
        "warnings": items(record({"kind": text})),
    },
    {"costs": optional(record({"whole": _cells}))},
)


def read_report(folder: Path) -> dict[str, Any]:
    """report.json of an exported folder, in the form of `BuildReport.to_json`.

    Raises
    ------
    ExportError
        If it is missing, damaged or of another form; names file and key.
    """
    path = folder / REPORT_FILE
    try:
        if not path.is_file():
            raise ExportError(f"'{path}' is missing; build the design again")
        if path.stat().st_size > _MOST_BYTES:
            raise SchemaError(f"it has more than {_MOST_BYTES >> 20} MiB")
        report = json.loads(path.read_text(encoding="utf-8"))
        _check_report(report, "")
    except OSError as error:
        raise ExportError(f"'{path}' cannot be read: {error.strerror}") from None
    except (SchemaError, ValueError, RecursionError) as error:
        raise ExportError(
            f"'{path}' is no report of this version of nnhw ({error}); build the design again"
        ) from None
    return report

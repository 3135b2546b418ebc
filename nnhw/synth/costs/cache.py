"""Results that are kept from run to run in the user's cache folder, by a hash of their causes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any


class Cached:
    """The place of one result.

    Parameters
    ----------
    kind
        Name of the folder of such results.
    facts
        All that the result depends on, as values whose `repr` tells them apart.
    """

    def __init__(self, kind: str, facts: Any):
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        key = hashlib.sha256(repr(facts).encode()).hexdigest()
        self._file = Path(base) / "nnhw" / kind / f"{key}.json"

    def load(self) -> Any:
        """The result; None if it is not there or damaged."""
        with contextlib.suppress(OSError, ValueError):
            return json.loads(self._file.read_text(encoding="utf-8"))
        return None

    def store(self, result: Any) -> None:
        """Keep a result, a value for JSON, whole or not at all."""
        partial = self._file.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):  # no room or no permission: no cache
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(result), encoding="utf-8")
            partial.replace(self._file)

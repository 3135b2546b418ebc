"""How a trial ended."""

from __future__ import annotations

import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SIM = ROOT / "sim"


@dataclass
class Outcome:
    """How a trial ended.

    Parameters
    ----------
    result
        "accepted", "refused", or the kind of a failure.
    signature
        Of a failure: what failures with the same cause have in common. Of a refusal the exception.
    detail
        What there is to say.
    compared
        What of the answers was compared with onnxruntime.
    seconds
        Processor time of the commands.
    peak
        Most bytes of memory.
    kind, number, base, steps, commands
        The trial's, see `Trial`.
    """

    result: str
    signature: str = ""
    detail: str = ""
    compared: str = ""
    seconds: float = 0.0
    peak: int = 0
    kind: str = ""
    number: int = 0
    base: str = ""
    steps: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return self.result not in ("accepted", "refused")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def signature_of(error: BaseException) -> str:
    """Type of an exception and the innermost of nnhw's own lines."""
    place = "outside nnhw"
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(ROOT / "nnhw") or file.is_relative_to(SIM):
            place = f"{file.relative_to(ROOT)}:{line} {frame.f_code.co_name}"
    return f"{type(error).__name__} at {place}"


def place_in(text: str) -> str:
    """The innermost of nnhw's own lines in what faulthandler wrote."""
    for line in text.splitlines():
        parts = line.strip().split('"')
        if len(parts) == 3 and parts[0] == "File ":
            file = Path(parts[1])
            if file.is_relative_to(ROOT / "nnhw") or file.is_relative_to(SIM):
                number, _, name = parts[2].removeprefix(", line ").partition(" in ")
                return f"{file.relative_to(ROOT)}:{number} {name}"
    return "outside nnhw"

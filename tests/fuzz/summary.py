"""What came out, for people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from .outcome import Outcome


def render(outcomes: Sequence[Outcome], seconds: float) -> str:
    """A table of kinds by results, then the failures by signature, most frequent first."""
    kinds = sorted({outcome.kind for outcome in outcomes})
    counts = Counter((outcome.kind, _column(outcome)) for outcome in outcomes)
    columns = sorted({column for _, column in counts}, key=lambda c: (_ORDER.get(c, 9), c))
    rows = [["kind", *columns, "all"]]
    for kind in kinds:
        numbers = [counts[kind, column] for column in columns]
        rows.append([kind, *map(str, numbers), str(sum(numbers))])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    if outcomes:
        slowest = max(outcomes, key=lambda outcome: outcome.seconds)
        largest = max(outcomes, key=lambda outcome: outcome.peak)
        lines += [
            "",
            f"{len(outcomes)} inputs in {seconds:.0f} s; slowest {slowest.seconds:.1f} s of "
            f"processor time (number {slowest.number}), most memory {largest.peak / 2**20:.0f} MiB "
            f"(number {largest.number})",
        ]
    for (result, signature), found in _by_signature(outcomes):
        first = min(found, key=lambda outcome: (len(outcome.steps), outcome.number))
        lines += ["", f"{len(found)} x {result}: {signature}"]
        lines += [f"    --only {first.number}  {first.kind}: {first.base}"]
        lines += [f"    {step}" for step in first.steps]
        lines += [f"    | {line}" for line in first.detail.strip().splitlines()[-3:]]
        others = [str(outcome.number) for outcome in found if outcome is not first][:8]
        lines += [f"    also {', '.join(others)}"] if others else []
    return "\n".join(lines)


_ORDER = {"equal": 0, "accepted": 1, "refused": 2}


def _column(outcome: Outcome) -> str:
    if outcome.result == "accepted" and outcome.compared and not outcome.compared.startswith("no"):
        return "equal"
    return outcome.result


def _by_signature(
    outcomes: Sequence[Outcome],
) -> list[tuple[tuple[str, str], list[Outcome]]]:
    groups = defaultdict(list)
    for outcome in outcomes:
        if outcome.failed:
            groups[outcome.result, outcome.signature].append(outcome)
    return sorted(groups.items(), key=lambda item: -len(item[1]))

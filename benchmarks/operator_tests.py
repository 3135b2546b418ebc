"""What becomes of ONNX's own tests of the operators that a file may have.

    python benchmarks/operator_tests.py          # a minute of processor time
    python benchmarks/operator_tests.py --list   # and a line for each test, with its reason

Which tests are taken, how they become networks, and what is compared: tests/frontend/node_tests.py.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Iterator

import onnx
from tables import ROOT, argument_parser, write_table

sys.path.append(str(ROOT / "tests" / "frontend"))  # where ONNX's tests become networks

from node_tests import MOST_NOISE, MOST_SECONDS, examine, node_tests

KINDS = ("built", "noisy", "refused", "wrong", "traceback")
COLUMNS = ("operator", ">tests", *(f">{kind}" for kind in KINDS))


def rows(*, listed: bool) -> Iterator[tuple[object, ...]]:
    """Kinds of outcomes by operator, and of all; `listed`: each test is printed, too."""
    counts: dict[str, Counter[str]] = {}
    slowest = (0.0, "")
    for test in node_tests():
        outcome = examine(test)
        counts.setdefault(test.operator, Counter())[outcome.kind] += 1
        slowest = max(slowest, (outcome.seconds, test.name))
        if listed:
            reasons = (*outcome.refusals, *outcome.faults, outcome.failure)
            cells = (
                f"{outcome.seconds:.2f} s",
                f"noise {outcome.noise:.4f}",
                *filter(None, reasons),
            )
            print(f"{outcome.kind:9} {test.name}: {' | '.join(cells)}", flush=True)
    for operator in sorted(counts):
        yield operator, *_cells(counts[operator])
    yield "all", *_cells(sum(counts.values(), Counter()))
    print(f"\nThe longest took {slowest[0]:.1f} s of processor time: {slowest[1]}")


def _cells(count: Counter[str]) -> tuple[object, ...]:
    return count.total(), *(count[kind] or "" for kind in KINDS)


if __name__ == "__main__":
    logging.disable()
    parser = argument_parser(__doc__.splitlines()[0], "operator_tests.md")
    parser.add_argument("--list", action="store_true", help="a line for each test, too")
    arguments = parser.parse_args()
    write_table(
        arguments.out,
        "ONNX's tests of operators",
        COLUMNS,
        rows(listed=arguments.list),
        notes=f"onnx {onnx.__version__}. Taken are the tests of which all operators are some that "
        "a file may have and the first input is a float tensor; parameters become constants. "
        "Built: the reading gives what ONNX expects, integers follow it, and an engine of 4 x 4 "
        f"computes them. Noisy: so they are, but noise of 8 bits is more than {MOST_NOISE:.0%} of "
        f"the largest value. Traceback: that, or more than {MOST_SECONDS} s of processor time.",
    )

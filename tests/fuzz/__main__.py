"""The command line of the fuzzer."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"  # a process that forks has no threads

from .base import make_base  # noqa: E402
from .outcome import Outcome  # noqa: E402
from .server import Server  # noqa: E402
from .summary import render  # noqa: E402
from .trials import KINDS, Base, kind_of  # noqa: E402


def main() -> int:
    options = _parse()
    start = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # leaves no temporary files behind
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        tempfile.tempdir = folder
        base_folder = Path(folder, "base")
        base_folder.mkdir()
        base = make_base(base_folder)
        numbers = [options.only] if options.only is not None else _numbers(options)
        outcomes = []
        with contextlib.suppress(KeyboardInterrupt):  # tell what there is
            for outcome in _share_out(numbers, options, base):
                outcomes.append(outcome)
                _report(outcome, len(outcomes), len(numbers), start, options.only is not None)
    print(render(outcomes, time.monotonic() - start))
    if options.json is not None:
        options.json.write_text(json.dumps([outcome.to_dict() for outcome in outcomes], indent=1))
    if len(outcomes) < len(numbers):
        print(f"{len(numbers) - len(outcomes)} inputs were not tried")
        return 1
    return int(any(outcome.failed for outcome in outcomes))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="inputs to try")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--jobs", type=int, default=1, help="processes that try them")
    parser.add_argument("--seed", type=int, default=0, help="other inputs by the same numbers")
    parser.add_argument("--kind", choices=sorted(set(KINDS)), help="only inputs of a kind")
    parser.add_argument("--only", type=int, metavar="N", help="try one input, and tell all of it")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the files of failures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all outcomes")
    return parser.parse_args()


def _numbers(options: argparse.Namespace) -> list[int]:
    numbers = (n for n in count(options.first) if options.kind in (None, kind_of(n)))
    return list(islice(numbers, options.count))


def _share_out(numbers: list[int], options: argparse.Namespace, base: Base) -> Iterator[Outcome]:
    """Outcomes as they come, from as many servers as there are jobs."""
    server = Server(options.seed, base, keep=options.keep)
    if options.jobs == 1:
        yield from server.run_all(numbers)
        return
    reader, writer = os.pipe()
    children = []
    for job in range(options.jobs):
        child = os.fork()
        if child == 0:
            os.close(reader)
            try:
                for outcome in server.run_all(numbers[job :: options.jobs]):
                    _send(writer, outcome)
            finally:
                os._exit(0)
        children.append(child)
    os.close(writer)
    with os.fdopen(reader) as lines:
        for line in lines:
            yield Outcome(**json.loads(line))
    for child in children:
        os.waitpid(child, 0)


def _send(writer: int, outcome: Outcome) -> None:
    """Write an outcome in one piece, so that those of several processes do not mix."""
    outcome.detail = outcome.detail[-1000:]
    line = (json.dumps(outcome.to_dict()) + "\n").encode()
    while len(line) > 4000:  # what a pipe takes at once
        outcome.detail = outcome.detail[: len(outcome.detail) // 2]
        outcome.steps = [step[: len(step) // 2] for step in outcome.steps]
        outcome.signature = outcome.signature[:500]
        line = (json.dumps(outcome.to_dict()) + "\n").encode()
    os.write(writer, line)


def _report(outcome: Outcome, done: int, total: int, start: float, everything: bool) -> None:
    if everything:
        print(json.dumps(outcome.to_dict(), indent=2))
        return
    if outcome.failed:
        told = f"{outcome.number}: {outcome.result}: {outcome.signature}"
        print(told, file=sys.stderr, flush=True)
    if done % 500 == 0:
        rate = (time.monotonic() - start) / done
        print(f"{done} of {total}, {rate:.3f} s each", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""Forks a child for each trial from this warm process, and watches over it."""

from __future__ import annotations

import gc
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from . import limits
from .commands import run_trial
from .outcome import Outcome, place_in
from .trials import Base, Trial, kind_of, make_trial

Plant = Callable[[], None]


class Server:
    """Runs trials, one after the other, each in a child.

    Parameters
    ----------
    seed
    base
    keep
        Folder for the files of trials that fail; None: they are not kept.
    plant
        Called in each child first: a fault on purpose.
    patience
        Seconds of wall time until a child counts as hanging.
    """

    def __init__(
        self,
        seed: int,
        base: Base,
        *,
        keep: Path | None = None,
        plant: Plant | None = None,
        patience: float = limits.PATIENCE,
    ) -> None:
        self.seed = seed
        self.base = base
        self.keep = keep
        self.plant = plant
        self.patience = patience

    def run_all(self, numbers: Iterable[int]) -> Iterator[Outcome]:
        gc.collect()
        gc.freeze()  # so that no collection in a child touches, and copies, what it shares
        for number in numbers:
            yield self.run(number)

    def run(self, number: int) -> Outcome:
        """One trial; of a failing one the fewest mutations that fail alike."""
        outcome = self.run_once(number, ())
        if not outcome.failed or outcome.result == "time" or len(outcome.steps) < 2:
            return outcome
        without: list[int] = []
        for place in range(len(outcome.steps)):
            fewer = self.run_once(number, (*without, place))
            if (fewer.result, fewer.signature) == (outcome.result, outcome.signature):
                outcome, without = fewer, [*without, place]
        return outcome

    def run_once(self, number: int, without: Collection[int]) -> Outcome:
        folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{number}-"))
        try:
            outcome = self._watch(number, without, folder)
            if outcome.failed and self.keep is not None and not without:
                target = self.keep / f"{number}"
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(folder / "sandbox", target, symlinks=True)
                (target / "outcome.json").write_text(json.dumps(outcome.to_dict(), indent=2))
            return outcome
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _watch(self, number: int, without: Collection[int], folder: Path) -> Outcome:
        """Fork, read what the child tells, and end it when its time is over."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            self._be_child(number, without, folder, writer)
        os.close(writer)
        lines = _Lines(reader)
        deadline = time.monotonic() + self.patience
        while (line := lines.read(deadline)) is not None:
            if "result" in line:
                lines.facts = line
        hung = lines.timed_out
        if hung:
            os.kill(child, signal.SIGKILL)
        os.close(reader)
        _, status = os.waitpid(child, 0)
        if "result" in lines.facts:
            return Outcome(**lines.facts)
        return self._sudden_end(number, folder, lines.facts, status, hung)

    def _sudden_end(
        self, number: int, folder: Path, facts: dict, status: int, hung: bool
    ) -> Outcome:
        """What to say of a child that did not get to its end."""
        known = {key: facts[key] for key in ("base", "steps", "commands") if key in facts}
        outcome = Outcome("fuzzer", kind=kind_of(number), number=number, **known)
        traces = (folder / "traces.txt").read_text(errors="replace")
        phase, place = facts.get("phase", "preparation"), place_in(traces)
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        outcome.detail = traces[-3000:]
        if phase == "preparation" or os.WIFEXITED(status):
            lines = traces.strip().splitlines() or [f"status {status}"]
            outcome.signature = f"{phase}: {lines[-1][:200]}"
        elif phase == "checks":  # onnxruntime's fault
            outcome.result, outcome.compared = "accepted", "no: onnxruntime crashes or hangs"
        elif hung and not traces:
            outcome.result, outcome.signature = "time", f"hangs at {place}"
        elif hung or killed in (signal.SIGXCPU, signal.SIGKILL):
            outcome.result = "time"
            outcome.signature = f"more than {limits.SECONDS} s at {place}"
        else:
            outcome.result = "crash"
            outcome.signature = f"signal {killed}, status {status}, at {place}"
        return outcome

    def _be_child(self, number: int, without: Collection[int], folder: Path, writer: int) -> None:
        """All that the child does; it never returns."""
        status = 1
        try:
            sys.dont_write_bytecode = True
            for sign in (signal.SIGINT, signal.SIGTERM):
                signal.signal(sign, signal.SIG_DFL)
            with (folder / "traces.txt").open("w") as traces:
                try:
                    self._try(number, without, folder, writer, traces)
                    status = 0
                except BaseException:
                    traces.write(traceback.format_exc())
        finally:
            os._exit(status)

    def _try(self, number, without, folder: Path, writer: int, traces) -> None:
        def tell(**facts: object) -> None:
            os.write(writer, (json.dumps(facts) + "\n").encode())

        _silence(folder / "output.txt")
        sandbox = folder / "sandbox"
        sandbox.mkdir()
        if self.plant is not None:
            self.plant()
        trial: Trial = make_trial(self.seed, number, sandbox, self.base, without)
        known = {
            "base": trial.base,
            "steps": trial.steps,
            "commands": [" ".join(["nnhw", *command]) for command in trial.commands],
        }
        tell(**known)
        outcome = run_trial(trial, sandbox, self.base, traces, lambda phase: tell(phase=phase))
        outcome.kind, outcome.number = trial.kind, number
        tell(**outcome.to_dict() | known)


class _Lines:
    """Facts that a child writes to a pipe, a JSON object a line."""

    def __init__(self, reader: int) -> None:
        self.reader = reader
        self.facts: dict = {}
        self.timed_out = False
        self._rest = b""

    def read(self, deadline: float) -> dict | None:
        """The next ones, which are also added to `facts`; None at the end or the deadline."""
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self.reader], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                self.timed_out = True
                return None
            part = os.read(self.reader, 1 << 16)
            if not part:
                return None
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        facts = json.loads(line)
        self.facts |= facts
        return facts


def _silence(path: Path) -> None:
    """Send what the process prints to a file."""
    output = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115

"""Evaluation in processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from ..problem import Problem
from ..space import Value
from ..stages import Evaluator, Outcome
from .work import MOST_ATTEMPTS, Done, given_up

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What keeps matrix products of a process to one core: there is a process for each."""

_evaluator: Evaluator | None = None


def _begin(problem: Problem) -> None:
    global _evaluator
    _evaluator = Evaluator(problem)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A process of a pool whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "the pool has started it"
    parent.join()
    os._exit(1)


def _evaluate(point: Mapping[str, Value]) -> Outcome:
    assert _evaluator is not None, "the pool has begun with it"
    return _evaluator.evaluate(point)


class Processes:
    """A pool of processes, each with an evaluator of its own; see `started`.

    When one of them ends, by whatever, the pool is made anew, and what was under way runs again.
    """

    def __init__(self, problem: Problem, size: int):
        self.size = size
        self._problem = problem
        self._points: dict[int, Mapping[str, Value]] = {}
        self._attempts: Counter[int] = Counter()
        self._futures: dict[Future[Outcome], int] = {}
        self._pool = self._new_pool()

    @classmethod
    @contextmanager
    def started(cls, problem: Problem, size: int) -> Iterator[Processes]:
        """Such a pool, as long as the block runs."""
        workers = cls(problem, size)
        try:
            yield workers
        finally:
            workers._pool.shutdown(wait=False, cancel_futures=True)
            for process in list((workers._pool._processes or {}).values()):
                process.terminate()

    def submit(self, key: int, point: Mapping[str, Value]) -> None:
        """See `Workers`."""
        self._points[key] = point
        self._start(key)

    def wait(self) -> list[Done]:
        """See `Workers`."""
        while True:
            ended, _ = wait(self._futures, return_when=FIRST_COMPLETED)
            try:
                found = {self._futures[future]: future.result() for future in ended}
            except BrokenProcessPool:
                if lost := self._begin_anew():
                    return lost
                continue
            for future in ended:
                del self._points[self._futures.pop(future)]
            return [Done(key, outcome) for key, outcome in found.items()]

    def _start(self, key: int) -> None:
        try:
            future = self._pool.submit(_evaluate, self._points[key])
        except BrokenProcessPool:  # wait finds the same, and begins anew
            future = Future()
            future.set_exception(BrokenProcessPool("a process has ended"))
        self._futures[future] = key

    def _begin_anew(self) -> list[Done]:
        """Submit everything again, but for points that have ended too many processes."""
        finished = [
            Done(key, future.result())
            for future, key in self._futures.items()
            if future.done() and future.exception() is None
        ]
        keys = [key for key in self._futures.values() if key not in [d.key for d in finished]]
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool, self._futures = self._new_pool(), {}
        self._attempts.update(keys)
        lost = [Done(key, given_up()) for key in keys if self._attempts[key] >= MOST_ATTEMPTS]
        for done in (*finished, *lost):
            del self._points[done.key]
        for key in keys:
            if key in self._points:
                self._start(key)
        return [*finished, *lost]

    def _new_pool(self) -> ProcessPoolExecutor:
        with _one_thread():
            pool = ProcessPoolExecutor(
                self.size,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(self._problem,),
            )
            # processes start when they are needed, with the environment of that moment
            for future in [pool.submit(os.getpid) for _ in range(self.size)]:
                future.result()
        return pool


@contextmanager
def _one_thread() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

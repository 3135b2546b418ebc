"""Signals from one clock to another."""

from __future__ import annotations

from typing import NamedTuple

from amaranth.hdl import Module, Signal, Value

UNSTABLE, STABLE = "_unstable", "_stable"
"""What the names of a synchronizer's two registers end in. The first one takes what another clock
changes, which timing constraints must know."""

_SIDE_BY_SIDE = {"ASYNC_REG": "TRUE"}


class Synchronizer(NamedTuple):
    """Two registers, one behind the other. The second one has what another clock changes, one bit
    at a time, as it was two cycles ago."""

    unstable: Signal
    stable: Signal

    @classmethod
    def like(cls, value: Value, *, name: str, reset: bool = True) -> Synchronizer:
        """Registers for a value; `reset`: whether they are cleared on reset."""
        unstable, stable = (
            Signal.like(value, name=name + end, init=0, attrs=_SIDE_BY_SIDE, reset_less=not reset)
            for end in (UNSTABLE, STABLE)
        )
        return cls(unstable, stable)

    def connect(self, m: Module, value: Value, domain: str) -> None:
        """Let them follow `value` with the clock of `domain`."""
        m.d[domain] += [self.unstable.eq(value), self.stable.eq(self.unstable)]

"""Signals from one clock to another."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value

UNSTABLE, STABLE = "_unstable", "_stable"
"""What the names of a synchronizer's two registers end in. The first one takes what another clock
changes, which timing constraints must know."""

_SIDE_BY_SIDE = {"ASYNC_REG": "TRUE"}


def synchronize(m: Module, value: Value, domain: str, *, name: str, reset: bool = True) -> Value:
    """What another clock changes, one bit at a time, as it was two cycles of `domain` ago.

    Parameters
    ----------
    reset
        Whether the registers are cleared on reset.
    """
    for stage in (UNSTABLE, STABLE):
        register = Signal.like(
            value, name=name + stage, init=0, attrs=_SIDE_BY_SIDE, reset_less=not reset
        )
        m.d[domain] += register.eq(value)
        value = register
    return value

"""Signed values, compared without overflow."""

from __future__ import annotations

from amaranth.hdl import Cat, Value


def is_less(a: Value, b: Value) -> Value:
    """Whether a < b, of signed values.

    With their signs exchanged they compare like unsigned ones, whose borrow is the answer. Of
    signed ones synthesis makes gates of borrow, overflow and sign, one behind the other.
    """
    width = max(len(a), len(b))
    a, b = (value if len(value) == width else _sign_extended(value, width) for value in (a, b))
    return Cat(a[:-1], b[-1]) < Cat(b[:-1], a[-1])


def _sign_extended(value: Value, width: int) -> Value:
    return Cat(value, value[-1].replicate(width - len(value)))

"""Text of attributes and of the values of parameters."""

from __future__ import annotations

from .expressions import constant
from .netlist import Value
from .signals import Const


def attribute_text(attributes: dict[str, Value]) -> str:
    """Attributes as they stand before a declaration, with a blank behind."""
    texts = [f"{key} = {value_text(value)}" for key, value in attributes.items()]
    return f"(* {', '.join(texts)} *) " if texts else ""


def value_text(value: Value) -> str:
    """The value of an attribute or a parameter."""
    if isinstance(value, Const):
        return constant(value.bits)
    return f'"{value}"' if isinstance(value, str) else str(value)

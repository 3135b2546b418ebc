"""Parity of memories that are loaded: who reports it, and to whom."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from ..machine import Section

PARITY_ERROR = "parity_error"


def parity_port(memory: Any) -> dict[str, wiring.Member]:
    """The member by which a component says that a word it reads is not what was loaded, for a cycle
    or longer; none if `memory` is no section, or one without parity."""
    has_parity = isinstance(memory, Section) and memory.parity
    return {PARITY_ERROR: Out(1)} if has_parity else {}


def report_parity(m: Module, component: Any, *parts: Any) -> None:
    """Let a component report what any of its parts does; nothing if it has no such member."""
    if PARITY_ERROR not in component.signature.members:
        return
    reports = [p.parity_error for p in parts if PARITY_ERROR in p.signature.members]
    m.d.comb += component.parity_error.eq(Cat(*reports).any())

"""What a feature is: a piece of hardware that an engine has only if its programs need it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..machine import Machine
from ..variant import Variant

Change = Callable[[Variant], Variant | None]
"""From a variant to one that differs by just this feature; None if that makes no sense."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Feature:
    """A piece of hardware that an engine has only if its programs need it.

    Parameters
    ----------
    name
        What a reader calls it.
    kept_if
        When an engine has it, for the documentation.
    left_out
        Why another one has not, for reports.
    components
        The components that have a share in it; see `nnhw.hdl.COMPONENTS`.
    fields
        The instruction fields that are its own, by kind: without it, they are zero.
    limits
        Limits that an engine without it has.
    is_in
        Whether an engine has it; by default, if any of `fields` and `limits` says so.
    remove
        Takes it from an engine that has it; by default, `fields` and `limits` are set.
    add
        Gives it to an engine that has it not.
    kept
        What there is to say of it in reports, if an engine has it.
    rest
        What of it an engine that has it can be spared.
    saved
        What it saves to leave it out, or its rest; "" if that is nothing, or not counted.
    listed_as
        Its row in the documentation, if it shares that with others.
    """

    name: str
    kept_if: str
    left_out: str
    components: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    is_in: Callable[[Machine], bool] | None = None
    remove: Change | None = None
    add: Change | None = None
    kept: Callable[[Machine], str] = lambda machine: "yes"
    rest: str = ""
    saved: Callable[[Machine], str] = lambda machine: ""
    listed_as: str = ""

    def is_part_of(self, machine: Machine) -> bool:
        """Whether an engine has it."""
        if self.is_in is not None:
            return self.is_in(machine)
        limits = machine.limits
        return any(limits.asks(kind, *names) for kind, names in self.fields.items()) or any(
            getattr(limits, name) != value for name, value in self.limits.items()
        )

    def taken_from(self, variant: Variant) -> Variant | None:
        """The variant without it; None if it is not there, or has to stay."""
        if not self.is_part_of(variant.machine):
            return None
        if self.remove is not None:
            return self.remove(variant)
        if not (self.fields or self.limits):
            return None
        zero = {kind: dict.fromkeys(names, 0) for kind, names in self.fields.items()}
        without = variant.with_fields(zero) if zero else variant
        return without.with_limits(**self.limits)

    def added_to(self, variant: Variant) -> Variant | None:
        """The variant with it; None if it is there, or there is no use for it.

        Where it depends on instructions, the last layer asks for it: how many layers do makes no
        difference to the hardware.
        """
        if self.is_part_of(variant.machine) or self.add is None:
            return None
        return self.add(variant)

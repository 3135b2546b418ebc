"""What all phase-locked loops have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...errors import OptionError

_TOLERANCE = 0.02
"""How far the clock may be from the one that is asked for."""


@dataclass(frozen=True, kw_only=True)
class PllSettings:
    """How a PLL makes a clock.

    Parameters
    ----------
    input_hz
    output_hz
        As it is, which is near what was asked for.
    dividers
        In the order in which the family's component takes them.
    """

    input_hz: int
    output_hz: float
    dividers: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class PllLimits:
    """Lowest and highest frequency of the phase detector, the oscillator and the output, in Hz."""

    detector: tuple[float, float]
    oscillator: tuple[float, float]
    output: tuple[float, float]

    def settings(
        self,
        input_hz: int,
        *,
        references: Iterable[int],
        feedbacks: Iterable[int],
        outputs: Sequence[int],
    ) -> Iterator[PllSettings]:
        """All settings of a PLL that compares input / reference with output / feedback, and whose
        output is the oscillator's clock, divided.

        Parameters
        ----------
        references, feedbacks, outputs
            What its three dividers can divide by; `PllSettings.dividers` has one of each.
        """
        for reference, feedback in product(references, feedbacks):
            detector = input_hz / reference
            hz = detector * feedback
            if not (_within(detector, self.detector) and _within(hz, self.output)):
                continue
            for output in outputs:
                if _within(hz * output, self.oscillator):
                    dividers = (reference, feedback, output)
                    yield PllSettings(input_hz=input_hz, output_hz=hz, dividers=dividers)


def _within(hz: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= hz <= limits[1]


class Pll(wiring.Component):
    """Makes another clock from a clock; `PLL` of a family's folder is a class of this kind.

    Parameters
    ----------
    settings : PllSettings
    chip : str
        The silicon that it is part of, a `Target.chip`.

    Members
    -------
    clock_in : In(1)
    clock_out : Out(1)
    locked : Out(1)
        The clock is good.
    """

    def __init__(self, *, settings: PllSettings, chip: str):
        self.settings = settings
        self.chip = chip
        super().__init__({"clock_in": In(1), "clock_out": Out(1), "locked": Out(1)})

    @classmethod
    def output_hz(cls, chip: str) -> tuple[float, float]:
        """Lowest and highest frequency of the output."""
        raise NotImplementedError

    @classmethod
    def candidates(cls, chip: str, input_hz: int) -> Iterator[PllSettings]:
        """All settings that keep to the limits of the silicon."""
        raise NotImplementedError


def nearest(kind: type[Pll], chip: str, input_hz: int, output_hz: int) -> PllSettings:
    """Of all settings of a PLL the first whose output is nearest to `output_hz`.

    Raises
    ------
    OptionError
        If none is near enough.
    """
    candidates = kind.candidates(chip, input_hz)
    found = min(candidates, key=lambda one: abs(one.output_hz - output_hz), default=None)
    if found is None or abs(found.output_hz - output_hz) > _TOLERANCE * output_hz:
        low, high = (f"{hz / 1e6:g}" for hz in kind.output_hz(chip))
        raise OptionError(
            f"This board cannot make a clock of {output_hz / 1e6:g} MHz to within 2%: its PLL gives"
            f" {low} to {high} MHz in steps; choose another --freq"
        )
    return found

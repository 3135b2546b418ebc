"""The fastest design that fits a device, by estimates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from .errors import MappingError
from .estimates import Estimate, estimate_parts, has_model
from .estimates.model import load_model
from .families import FAMILIES, Resource, Target, named_target
from .machine import MOST_MACS
from .mapping import CycleModel, Program, predict_cycles, rough_logic

_MOST_TRIES = 8
"""Designs that are estimated at most to find the largest; each takes seconds."""
_PARTS = 8
_MOST_BELOW = 2
"""Sizes down to half the largest are compared in steps of so small a part of it, by how much logic
they roughly have, and so many of them are estimated."""
_FULL = 0.9
"""Share of the fullest resource from which on a larger array is not looked for."""
_TOLERANCE = 0.05
"""Share of the fastest one's time that a design which fills less of the device may take longer:
estimates of the clock are no closer."""
LOGIC_SHARE = 0.8
"""Share of a device's look-up tables and flip-flops that is filled: estimates by parts are some
percent off, what shares a clock enable has to lie together, and fuller devices are slow to route.
"""
_HOPELESS = 2.0
"""How many times as many bits of memory as a device has are certainly too many, whatever they are
held in: such a design is not estimated."""


@dataclass(frozen=True)
class _Try:
    """A design, and how full it makes the device.

    Parameters
    ----------
    macs
        Most multipliers that it was to have.
    fullest
        Share of what may be filled of the resource that is filled most; it fits up to 1.
    limit
        What resource that is.
    estimate
        By its parts. None if its memories are too large for sure, so that nothing was estimated.
    """

    macs: int
    program: Program
    cycles: CycleModel
    fullest: float
    limit: Resource
    estimate: Estimate | None

    @property
    def fits(self) -> bool:
        return self.fullest <= 1

    @property
    def frame_time(self) -> float:
        """Time from frame to frame: in microseconds by the estimated clock, or in cycles."""
        clock = self.estimate.clock_mhz if self.estimate else None
        return self.cycles.interval_cycles / (clock or 1)


def searches_device(target: str | None) -> bool:
    """Whether there are estimates for a target, by which an array for it can be found."""
    device = named_target(target) if target else None
    return device is not None and has_model(device.family)


MapWith = Callable[[int], Iterable[Program]]
"""Maps a network to the best array of at most so many multipliers, and then to others whose
memories have fewer and fewer banks."""


def find_fastest(target: str, ways: Sequence[MapWith]) -> Program:
    """The program of the fastest design that fits a device with some of it left, or of a smaller
    one that is about as fast.

    Block RAMs of designs and, by estimate, their logic grow with the number of multipliers, so that
    the largest is found by interpolation, in a handful of designs. The fastest one may be smaller,
    since larger designs have longer wires: those that are likely faster are tried, too, where there
    is an estimate of the clock.

    Parameters
    ----------
    ways
        To map the network, one or more; each is searched by itself.

    Raises
    ------
    MappingError
        If not even one multiplier fits. It says what would.
    """
    device = named_target(target)
    assert device is not None
    searches = [_Search(device, map_with) for map_with in ways]
    for search in searches:
        search.run()
    fitting = [found for search in searches for found in search.tries if found.fits]
    if not fitting:
        last = min((search.tries[-1] for search in searches), key=lambda found: found.fullest)
        raise MappingError(_refusal(last, device))
    slowest = (1 + _TOLERANCE) * min(found.frame_time for found in fitting)
    fast = [found for found in fitting if found.frame_time <= slowest]
    return min(fast, key=lambda found: (found.fullest, found.frame_time)).program


def check_fits(program: Program, target: str) -> None:
    """Refuse a design that is as small as its goal allows, and does not fit its device.

    Raises
    ------
    MappingError
        It says what does not, and what would.
    """
    device = named_target(target)
    assert device is not None
    found = _Search(device, lambda macs: [program]).look(program.config.mac_units)
    if not found.fits:
        raise MappingError(_refusal(found, device))


def size_on(program: Program, target: str) -> float:
    """How much of a device a design takes, by estimate: the sum of its resources' shares."""
    device = named_target(target)
    assert device is not None
    figures = estimate_parts(program, device).figures
    return sum(figure.used / figure.available for figure in figures if figure.available)


class _Search:
    """Designs of more and fewer multipliers."""

    def __init__(self, device: Target, map_with: MapWith):
        self.tries: list[_Try] = []
        self._device = device
        self._map_with = map_with
        self._logic_scale = 1.0

    def run(self) -> None:
        """Try designs until there is no better one to be expected."""
        fitting: _Try | None = None
        beyond: _Try | None = None
        macs: int | None = max(1, self._device.capacity.get(Resource.DSPS, 0)) or 1
        while macs is not None and len(self.tries) < _MOST_TRIES:
            found = self.look(macs)
            is_alike = fitting is not None and found.program.config == fitting.program.config
            self.tries.append(found)
            if found.fits:
                fitting = found
            else:
                beyond = found
            macs = None if is_alike else _next(fitting, beyond)
        self._look_below()

    def _look_below(self) -> None:
        """Try the sizes below the largest that fits which are likely faster, as their clock is."""
        fitting = [found for found in self.tries if found.fits]
        clock = load_model(self._device.family).clock
        if not fitting or clock is None:
            return
        largest = max(fitting, key=lambda found: found.program.config.mac_units)
        most = largest.program.config.mac_units
        assert largest.estimate is not None
        self._logic_scale = largest.estimate.luts / rough_logic(largest.program.config)
        limit = min(self._likely_time(found.program) for found in fitting)
        likely: dict[int, float] = {}
        for macs in {most * part // _PARTS for part in range(_PARTS // 2, _PARTS)} - {0, 1}:
            times = [self._likely_time(program) for program in self._map_with(macs)]
            if min(times) < limit:
                likely[macs] = min(times)
        for macs in sorted(likely, key=lambda macs: likely[macs])[:_MOST_BELOW]:
            self.tries.append(self.look(macs))

    def look(self, macs: int) -> _Try:
        """The design of so many multipliers that is likely the fastest of those whose memories fit,
        or of all."""
        best: _Try | None = None
        for program in sorted(self._map_with(macs), key=self._likely_time):
            if best is not None and program.config.banks >= best.program.config.banks:
                continue
            found = self._estimated(macs, program)
            best = best or found
            if found.fits or not self._needs_fewer_blocks(found):
                return found if found.fits else best
        assert best is not None
        return best

    def _likely_time(self, program: Program) -> float:
        """Time from frame to frame by the clock of a design of its logic, roughly."""
        clock = load_model(self._device.family).clock
        cycles = predict_cycles(program).interval_cycles
        logic = self._logic_scale * rough_logic(program.config)
        return cycles / clock.mhz(logic, None) if clock else float(cycles)

    def _needs_fewer_blocks(self, found: _Try) -> bool:
        """Whether a design has too many blocks, which would hold more than its memories."""
        shared = _memory_share(found.program, self._device)
        return found.limit is Resource.BLOCK_RAMS and shared <= 1

    def _estimated(self, macs: int, program: Program) -> _Try:
        """One design."""
        for known in self.tries:
            if known.program.config == program.config:
                return replace(known, macs=macs)
        cycles = predict_cycles(program)
        memories = _memory_share(program, self._device)
        if memories > _HOPELESS:
            return _Try(macs, program, cycles, memories, Resource.BLOCK_RAMS, None)
        estimate = estimate_parts(program, self._device)
        limit, fullest = _fullest(estimate)
        return _Try(macs, program, cycles, fullest, limit, estimate)


def _memory_share(program: Program, device: Target) -> float:
    """Bits of a design's memories as a share of what a device can hold; 0 if that is not known."""
    held = FAMILIES[device.family].memory_bits(device)
    return sum(program.machine.memory_bits().values()) / held if held else 0.0


def _next(fitting: _Try | None, beyond: _Try | None) -> int | None:
    """How many multipliers to try next; None if there is no better number to be expected."""
    if fitting is None:  # whether anything does is told by the least
        assert beyond is not None
        return 1 if beyond.macs > 1 else None
    is_close = beyond is None or beyond.macs <= 2 * fitting.macs
    if (fitting.fullest >= _FULL and is_close) or fitting.macs >= MOST_MACS:
        return None
    if beyond is None:
        return min(MOST_MACS, 4 * fitting.macs, int(fitting.macs / fitting.fullest) + 1)
    if beyond.macs - fitting.macs <= max(1, fitting.macs // 8):
        return None
    share = (1 - fitting.fullest) / (beyond.fullest - fitting.fullest)
    macs = fitting.macs + int(share * (beyond.macs - fitting.macs))
    return min(max(macs, fitting.macs + 1), beyond.macs - 1)


def _fullest(estimate: Estimate) -> tuple[Resource, float]:
    """The resource that is filled most, and how much of what may be filled."""
    shares = {}
    for figure in estimate.figures:
        resource = Resource(figure.resource)
        is_logic = resource in (Resource.LUTS, Resource.FLIP_FLOPS)
        available = (figure.available or 0) * (LOGIC_SHARE if is_logic else 1)
        if resource is not Resource.DSPS or figure.used > available:
            shares[resource] = figure.used / available if available else float(figure.used > 0) * 2
    limit = max(shares, key=lambda resource: shares[resource])
    return limit, shares[limit]


def _refusal(smallest: _Try, device: Target) -> str:
    """What of a device is too little, and what would do."""
    needed = smallest.limit
    if smallest.estimate is not None:
        used = f"about {smallest.estimate.used(needed):,} {needed} are needed"
    else:
        used = f"more than {int(smallest.fullest)} times as many {needed} are needed"
    advice = []
    if needed is Resource.BLOCK_RAMS and (bits := _fitting_weight_bits(smallest, device)):
        advice.append(f"weights of {bits} bits (--weight-bits {bits})")
    if larger := _larger(smallest, device):
        advice.append(f"a larger device: {', '.join(larger)}")
    tries = " or ".join(advice) or "a device of another family: none of this one is large enough"
    macs = smallest.program.config.mac_units
    array = "one multiplier" if macs == 1 else f"{macs} multipliers"
    return (
        f"No array for this network fits {device.name}: with {array}, {used}, and it has "
        f"{device.capacity.get(needed, 0):,}. Try {tries}"
    )


def _fitting_weight_bits(found: _Try, device: Target) -> int | None:
    """The most bits of weights with which a design would fit, all else left as it is; None if even
    the fewest do not help."""
    widths = found.program.widths
    for bits in range(int(widths.weight / found.fullest), 1, -1):
        program = replace(found.program, widths=replace(widths, weight=bits))
        is_hopeless = _memory_share(program, device) > _HOPELESS
        if not is_hopeless and _fullest(estimate_parts(program, device))[1] <= 1:
            return bits
    return None


def _larger(found: _Try, device: Target) -> list[str]:
    """Devices of the family that a design fits."""
    likely = [
        other
        for other in FAMILIES[device.family].targets
        if _memory_share(found.program, other) <= 1
    ]
    if not likely:
        return []
    estimate = found.estimate or estimate_parts(found.program, device)
    return [other.name for other in likely if _fullest(estimate.on(other))[1] <= 1]

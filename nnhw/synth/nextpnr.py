"""Place and route with nextpnr, from the yowasp packages."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..errors import OptionError, ToolError
from ..families import Target
from .child import Run, error_lines, relative, run_logged
from .placer import find_placer
from .timing import Placement, read_report

_AIMS = (1, 0.87, 0.78)
"""Parts of the frequency that `Placer.first_options` are tried with."""
_PATIENCE = 50
"""Iterations of the router that have every wire in its place, and many paths too slow."""
_MANY = 40
"""Connections that are too slow. With fewer, an iteration takes a part of a second, and nextpnr is
left to end by itself, which it does after 1,500: all other paths are as fast as asked."""
_MOST_ITERATIONS = 500
"""Some dozens are usual."""
_MOST_HURRIED = 100
"""Likewise, while many paths are too slow: wires that are taken away for that are in the way of
others then."""


class Until(Enum):
    """Where a run of nextpnr ends, and the option that says so."""

    PACKED = "--pack-only"
    PLACED = "--no-route"
    ROUTED = ""


@dataclass(frozen=True, kw_only=True)
class PlacedDesign:
    """A design that is placed and routed.

    Parameters
    ----------
    target, speed_grade, seed
        What it was placed for, and the seed of the placer.
    config
        The whole configuration of the device as text: what `pack_bitstream` packs.
    placement
        Clocks and occupied sites.
    log
        All that nextpnr printed.
    """

    target: Target
    speed_grade: str
    seed: int
    config: Path
    placement: Placement
    log: Path


def place_and_route(
    netlist: Path,
    target: Target,
    *,
    out: Path,
    freq: float,
    seed: int = 1,
    constraints: Path | None = None,
    speed_grade: str = "",
    prefix: str = "",
    log: Path | None = None,
) -> PlacedDesign:
    """Place and route a netlist.

    A design that is slower than `freq` is no error: see `PlacedDesign.placement`.

    Parameters
    ----------
    netlist
        JSON of Yosys, synthesized for the target's family.
    out
        Folder to write to; it is made.
    freq
        Frequency in MHz of all clocks that `constraints` says nothing about.
    constraints
        Pins and more, in the format of the family. None: pins are chosen freely, which is not
        possible with all families.
    speed_grade
        "" is the target's default.
    prefix
        Left out at the beginning of names in `PlacedDesign.placement`.
    log
        File for what nextpnr prints; None: nextpnr.log in `out`.

    Raises
    ------
    ToolError
        If nextpnr is not installed or fails; the design may be too large.
    OptionError
        If there is no place and route for the target, or no such speed grade.
    """
    log = log or out / "nextpnr.log"
    run = placing_run(
        netlist,
        target,
        out=out,
        freq=freq,
        seed=seed,
        constraints=constraints,
        speed_grade=speed_grade,
        log=log,
    )
    if run_logged(run) != 0:
        raise ToolError(f"Place and route for {target.name} failed:\n{error_lines(log)}")
    return read_placed(out, target, seed=seed, speed_grade=speed_grade, prefix=prefix, log=log)


def placing_run(
    netlist: Path,
    target: Target,
    *,
    out: Path,
    freq: float,
    seed: int,
    constraints: Path | None,
    speed_grade: str,
    log: Path,
    until: Until = Until.ROUTED,
    again: bool = False,
) -> Run:
    """The run of nextpnr that `place_and_route` makes; see there.

    Where there are options that may keep it from ending (`Placer.first_options`), they are tried
    with a lower frequency if it comes to that, and then left out.

    Parameters
    ----------
    until
        Where it ends; see `pack` and `estimate_frequency`.
    again
        There is a placement that aimed at less: if this one cannot have more, it fails.
    """
    package, function = require_nextpnr(target)
    family = find_placer(target)
    out.mkdir(parents=True, exist_ok=True)
    # The WebAssembly runtime puts folders of its own in the place of /tmp and /share.
    arguments = [
        *("--json", relative(netlist, out), "--report", "report.json"),
        *("--seed", str(seed), "--timing-allow-fail"),
        *family.arguments(
            target,
            choose_speed_grade(target, speed_grade),
            relative(constraints, out) if constraints else None,
        ),
    ]
    if until is not Until.PACKED:
        arguments += family.config_arguments
    if until is not Until.ROUTED:
        arguments.append(until.value)
    code = f"import sys, {package}; sys.exit({package}.{function}(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *arguments, "--freq"]
    plain = Run(command=[*command, f"{freq:g}"], log=log, cwd=out)
    if until is not Until.ROUTED or not family.first_options:
        return plain
    run = None if again else plain
    for part in reversed(_AIMS[:1] if again else _AIMS):
        run = Run(
            command=[*command, f"{part * freq:g}", *family.first_options],
            log=log,
            cwd=out,
            is_hopeless=misses_timing,
            otherwise=run,
        )
    assert run is not None
    return run


def misses_timing(log: str) -> bool:
    """Whether nextpnr has long found a way for all wires, but many that are too slow; or no way for
    so long that looking for fast ones must be the reason."""
    iterations = [
        (int(overused), int(slow))
        for overused, slow in re.findall(r"overused=(\d+) .*tmgfail=(\d+)", log)
    ]
    routed = [slow for overused, slow in iterations if not overused]
    if not routed:
        latest = [slow for _, slow in iterations[-_PATIENCE:]]
        most = _MOST_HURRIED if min(latest, default=0) > _MANY else _MOST_ITERATIONS
        return len(iterations) >= most
    return sum(slow > 0 for slow in routed) >= _PATIENCE and min(routed[-_PATIENCE:]) > _MANY


def read_placed(
    out: Path, target: Target, *, seed: int, speed_grade: str, prefix: str, log: Path
) -> PlacedDesign:
    """What a finished run of nextpnr left in the folder `out`; see `place_and_route`.

    Raises
    ------
    ToolError
        If its report is missing or damaged.
    """
    family = find_placer(target)
    return PlacedDesign(
        target=target,
        speed_grade=choose_speed_grade(target, speed_grade),
        seed=seed,
        config=out / family.config,
        placement=read_report(out / "report.json", prefix=prefix, input_suffix=family.input_suffix),
        log=log,
    )


def require_nextpnr(target: Target) -> tuple[str, str]:
    """Python package and function of the target's nextpnr.

    Raises
    ------
    ToolError
        If the package is not installed.
    OptionError
        If there is no place and route for the target.
    """
    if not target.can_place:
        raise OptionError(
            f"Target {target.name} can be synthesized only: there is no open place and route for "
            "it here; leave out --pnr"
        )
    family = find_placer(target)
    if importlib.util.find_spec(family.package) is None:
        raise ToolError(
            f"nextpnr for {target.name} is missing; install it with: pip install 'nnhw[synth]'"
        )
    return family.package, family.function


def has_nextpnr(target: Target) -> bool:
    """Whether there is place and route for a target, and its nextpnr is installed."""
    return target.can_place and importlib.util.find_spec(find_placer(target).package) is not None


def nextpnr_version(target: Target) -> str:
    """Version of the target's nextpnr."""
    package, _ = require_nextpnr(target)
    return importlib.metadata.version(package.replace("_", "-"))


def choose_speed_grade(target: Target, wanted: str) -> str:
    """A speed grade of the target: `wanted`, or its default for "".

    Raises
    ------
    OptionError
        If the target has no such speed grade.
    """
    if not wanted:
        return target.speed_grades[0] if target.speed_grades else ""
    if wanted not in target.speed_grades:
        known = ", ".join(target.speed_grades) or "none to choose from"
        raise OptionError(f"Speed grade {wanted!r} of {target.name} is unknown; it has {known}")
    return wanted

"""The options of exploring; what is said of single designs are the options of a build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any, Generic, TypeVar

from ..errors import OptionError, reading
from .build import BuildOptions
from .choices import SAMPLERS
from .definition import definitions, documented, option, same_option
from .file import check_names, read_table
from .kinds import Best, Choice, Integer, Names, Text, ValuesToTry, check

_SEARCH = "Search"
_WORK = "Work"


@documented
@dataclass(frozen=True, kw_only=True)
class ExploreOptions:
    """The options of exploring. Options that were not chosen are None."""

    budget: int = option(
        Integer(1), 200, group=_SEARCH, help="Trials in all; those of earlier runs count."
    )
    sampler: str = option(Choice(SAMPLERS), "tpe", group=_SEARCH, help="What chooses designs.")
    objective: Sequence[str] = option(
        Names(),
        (),
        group=_SEARCH,
        help="What is to be good; names with commas between, such as latency,accuracy.",
    )
    constraint: Sequence[str] = option(
        Names(), (), group=_SEARCH, help="What has to hold; such as 'accuracy_drop<=1'."
    )
    space: str | Mapping[str, Sequence[Any]] | None = option(
        ValuesToTry(),
        group=_SEARCH,
        help="Values to try by option; a TOML file or a plug-in's name.",
    )
    samples: int = option(
        Integer(1), 1000, group=_SEARCH, help="Most samples that accuracy is measured on."
    )
    synth: str | None = option(
        Best(),
        group=_WORK,
        help="Build, simulate, synthesize and place the best; such as top:5, needs `target` and "
        "the extra 'synth'.",
    )
    workers: int | None = option(
        Integer(1), group=_WORK, help="Processes that evaluate; as many as cores unless given."
    )
    scheduler: str | None = option(
        Text(),
        group=_WORK,
        help="Address of a Dask scheduler; its workers evaluate, tcp://host:8786.",
    )

    def __post_init__(self) -> None:
        for name in ("objective", "constraint"):
            value = getattr(self, name)
            object.__setattr__(self, name, (value,) if isinstance(value, str) else value)
        for name, item in definitions(self).items():
            value = getattr(self, name)
            if value is not None or not item.is_optional:
                check(name, item.kind, value)
        named = [part.strip() for name in self.objective for part in name.split(",")]
        object.__setattr__(self, "objective", tuple(named))
        object.__setattr__(self, "constraint", tuple(self.constraint))
        if self.workers is not None and self.scheduler is not None:
            raise OptionError(
                "Option workers is for processes on this machine, and scheduler for those of "
                "others; drop one of them"
            )

    def to_dict(self) -> dict[str, Any]:
        """The options by name, for JSON; `ExploreOptions(**...)` makes the same options of them."""
        return {
            **asdict(self),
            "objective": list(self.objective),
            "constraint": list(self.constraint),
        }


@documented
@dataclass(frozen=True, kw_only=True)
class SweepOptions:
    """The options of a sweep, which are those of exploring. Options not chosen are None."""

    samples: int = same_option(ExploreOptions, "samples")
    workers: int | None = same_option(ExploreOptions, "workers")
    scheduler: str | None = same_option(ExploreOptions, "scheduler")

    def __post_init__(self) -> None:
        ExploreOptions(**vars(self))


_Own = TypeVar("_Own", ExploreOptions, SweepOptions)


@dataclass(frozen=True, kw_only=True)
class Exploration(Generic[_Own]):
    """Options of exploring or of a sweep, and of the designs.

    Parameters
    ----------
    own
        How to search.
    build
        What all designs have in common.
    given
        Names of the options of a build that were given: these are not searched.
    """

    own: _Own
    build: BuildOptions
    given: frozenset[str]


def exploration_from(
    config: BuildOptions | str | PathLike[str] | None,
    changes: Mapping[str, Any],
    own: type[_Own],
    command: str,
) -> Exploration[_Own]:
    """Options of exploring and of a build, those of a TOML file or the defaults, some changed.

    Parameters
    ----------
    own
        The options of the command.
    command
        Its name.

    Raises
    ------
    OptionError
        If a name is neither, a value is wrong, or the file cannot be read.
    """
    given_own, build_own = _shared_out(changes, f"The call of {command}", own, command)
    if isinstance(config, BuildOptions):
        default = BuildOptions()
        names = definitions(BuildOptions)
        changed = {name for name in names if getattr(config, name) != getattr(default, name)}
        return Exploration(
            own=own(**given_own),
            build=config.replace(**build_own),
            given=frozenset(changed).union(build_own),
        )
    build_file: dict[str, Any] = {}
    own_file: dict[str, Any] = {}
    if config is not None:
        what = f"Configuration file {config}"
        with reading(what, OptionError):
            own_file, build_file = _shared_out(read_table(config), what, own, command)
            BuildOptions(**build_file)
    return Exploration(
        own=own(**{**own_file, **given_own}),
        build=BuildOptions(**build_file).replace(**build_own),
        given=frozenset(build_file).union(build_own),
    )


def _shared_out(
    values: Mapping[str, Any], origin: str, own: type, command: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of the command, and those of a build."""
    check_names(values, origin, own, BuildOptions, command=f"{command} or of a build")
    ours = {name: value for name, value in values.items() if name in definitions(own)}
    return ours, {name: value for name, value in values.items() if name not in ours}

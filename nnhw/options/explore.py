"""The options of exploring; what is said of single designs are the options of a build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any

from ..errors import OptionError, reading
from .build import BuildOptions
from .choices import SAMPLERS
from .definition import definitions, documented, option
from .file import check_names, read_table
from .kinds import Choice, Integer, Names, Text, ValuesToTry, check

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


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """Options of exploring, and of the designs.

    Parameters
    ----------
    explore
        How to search.
    build
        What all designs have in common.
    given
        Names of the options of a build that were given: these are not searched.
    """

    explore: ExploreOptions
    build: BuildOptions
    given: frozenset[str]


def exploration_from(
    config: BuildOptions | str | PathLike[str] | None, changes: Mapping[str, Any]
) -> Exploration:
    """Options of exploring and of a build, those of a TOML file or the defaults, some changed.

    Raises
    ------
    OptionError
        If a name is neither, a value is wrong, or the file cannot be read.
    """
    explore, values = _shared_out(changes, "The call of explore")
    if isinstance(config, BuildOptions):
        default = BuildOptions()
        names = definitions(BuildOptions)
        given = {name for name in names if getattr(config, name) != getattr(default, name)}
        return Exploration(
            explore=ExploreOptions(**explore),
            build=config.replace(**values),
            given=frozenset({*given, *values}),
        )
    from_file: dict[str, Any] = {}
    explore_file: dict[str, Any] = {}
    if config is not None:
        what = f"Configuration file {config}"
        with reading(what, OptionError):
            explore_file, from_file = _shared_out(read_table(config), what)
            BuildOptions(**from_file)
    return Exploration(
        explore=ExploreOptions(**{**explore_file, **explore}),
        build=BuildOptions(**from_file).replace(**values),
        given=frozenset({*from_file, *values}),
    )


def _shared_out(values: Mapping[str, Any], origin: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of exploring, and those of a build."""
    own = {name: value for name, value in values.items() if name in definitions(ExploreOptions)}
    others = {name: value for name, value in values.items() if name not in own}
    command = "exploring or of a build"
    check_names(values, origin, ExploreOptions, BuildOptions, command=command)
    return own, others

"""A named step of a build."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from ..errors import OptionError, PluginError
from ..plugins import STEPS, chosen_plugins, use_plugin
from .state import BuildState


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a build.

    Parameters
    ----------
    name
        What users call it; lower case, words joined by hyphens.
    title
        What is shown while it runs.
    run
        Reads the state and completes it.
    makes
        The graphs of the state that it makes, which can be saved and read back in its place.
    applies
        Whether there is anything to do.
    writes
        Whether it needs the output folder.
    """

    name: str
    title: str
    run: Callable[[BuildState], None]
    makes: tuple[str, ...] = ()
    applies: Callable[[BuildState], bool] = lambda state: True
    writes: bool = False


@dataclass(frozen=True, kw_only=True)
class AddedStep:
    """A step that a plug-in adds (`nnhw.steps`).

    Parameters
    ----------
    step
        The step.
    after
        Name of the step that it follows.
    """

    step: Step
    after: str


def with_plugins(steps: Sequence[Step], names: Iterable[str]) -> tuple[Step, ...]:
    """The steps of a build, and those of the plug-ins that it names.

    Raises
    ------
    OptionError
        If no plug-in has one of the names.
    PluginError
        If a plug-in gives no `AddedStep`, or one whose name is taken or that follows no step.
    """
    result = tuple(steps)
    for plugin, added in chosen_plugins(names, STEPS):
        if not isinstance(added, AddedStep):
            raise PluginError(f"{plugin} must be a nnhw.pipeline.AddedStep, not {added!r}")
        use_plugin(plugin)
        try:
            result = insert_step(result, added.step, after=added.after)
        except OptionError as error:
            raise PluginError(f"Step '{added.step.name}' of {plugin}: {error}") from error
    return result


def find_step(steps: Sequence[Step], name: str) -> int:
    """Place of the step of that name.

    Raises
    ------
    OptionError
        If there is none.
    """
    if not isinstance(name, str):
        raise OptionError(f"Step {name!r} must be a name, not {type(name).__name__}")
    names = [step.name for step in steps]
    if name in names:
        return names.index(name)
    similar = get_close_matches(name, names, n=1)
    advice = f"did you mean {similar[0]}?" if similar else f"there are {', '.join(names)}"
    raise OptionError(f"A build has no step '{name}'; {advice}")


def insert_step(steps: Iterable[Step], step: Step, *, after: str) -> tuple[Step, ...]:
    """The steps with one more behind the one named `after`.

    Raises
    ------
    OptionError
        If there is no step `after`, or one of the new name already.
    """
    steps = tuple(steps)
    if step.name in (other.name for other in steps):
        raise OptionError(f"A build has a step '{step.name}' already; give another name")
    place = find_step(steps, after) + 1
    return (*steps[:place], step, *steps[place:])


def replace_step(
    steps: Iterable[Step], name: str, run: Callable[[BuildState], None]
) -> tuple[Step, ...]:
    """The steps with another way to do the one of that name: another quantizer, say, or mapper.

    Raises
    ------
    OptionError
        If there is no such step.
    """
    steps = tuple(steps)
    place = find_step(steps, name)
    return (*steps[:place], replace(steps[place], run=run), *steps[place + 1 :])

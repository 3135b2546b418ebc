"""Parts of the manual that are made from the code: each directive writes Markdown, which is parsed
where the directive stands."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import typer.main
from amaranth.hdl import UnusedElaboratable
from amaranth.lib.wiring import Component
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import nnhw
import nnhw.hdl
import nnhw.ir
from nnhw.cli import app as command_line
from nnhw.isa import COORDINATES, LOOPS, InstructionLayout, field_docs, instructions
from nnhw.registers import BLOCKS

# Components are asked for their latency and nothing else.
warnings.filterwarnings("ignore", category=UnusedElaboratable)

EXAMPLES = Path(__file__).parents[2] / "examples"
NETWORKS = ("digits_cnn", "digits_resnet")
"""Of which the manual shows how instructions and components are fitted to them."""


class Markdown(SphinxDirective):
    """A directive that is replaced by what its `text` returns."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(self.text(), allow_section_headings=True)

    def text(self) -> str:
        """Markdown in place of the directive."""
        raise NotImplementedError


def rst(text: str) -> str:
    """A block of reStructuredText within Markdown."""
    return f"```{{eval-rst}}\n{text.rstrip()}\n```\n"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    cells = ([cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def first_sentence(item: object) -> str:
    """Of a docstring, in one line."""
    paragraph = " ".join((inspect.getdoc(item) or "").split("\n\n")[0].split())
    return paragraph if paragraph.endswith(".") else f"{paragraph}."


@cache
def plans() -> dict[str, Any]:
    """The programs of the example networks, with arrays as a build chooses them."""
    return {
        name: nnhw.build(
            EXAMPLES / f"{name}.onnx", data=EXAMPLES / "digits.npz", stop="map"
        ).state.placement.program
        for name in NETWORKS
    }


class Registers(Markdown):
    """Every register with its fields, by block."""

    def text(self) -> str:
        """A table for each block."""
        lines = []
        for block in BLOCKS:
            every = f", and every {block.size:#x} bytes from there on" if block.is_repeated else ""
            lines += [f"## {block.name}", "", f"{block.help}. At {block.offset:#05x}{every}.", ""]
            rows = [
                (
                    f"{block.offset + register.offset:#05x}",
                    f"`{register.name}`",
                    f"{field.high}:{field.low}" if field.width > 1 else str(field.low),
                    f"`{field.name}`",
                    field.access.value,
                    f"{field.help}.",
                )
                for register in block.registers
                for field in register.fields
            ]
            lines += [table(("address", "register", "bits", "field", "kind", ""), rows), ""]
        return "\n".join(lines)


class Instructions(Markdown):
    """Every instruction with its fields: width in the examples, and meaning."""

    def text(self) -> str:
        kinds = [
            kind
            for _, kind in inspect.getmembers(instructions, inspect.isclass)
            if kind.__name__.endswith("Instruction") and kind.__module__ == instructions.__name__
        ]
        kinds.sort(key=lambda kind: inspect.getsourcelines(kind)[1])
        return "\n".join(part for kind in kinds for part in self._instruction(kind))

    def _instruction(self, kind: type) -> Iterator[str]:
        yield f"\n## {kind.__name__}\n"
        yield rst(inspect.getdoc(kind) or "")
        layouts = [self._layout(name, kind) for name in NETWORKS]
        rows = [
            (
                f"`{name}`",
                "signed" if signed else "",
                *(_field(layout, name) for layout in layouts),
                meaning,
            )
            for name, (meaning, signed) in field_docs(kind).items()
        ]
        yield table(("field", "", *(f"bits in {name}" for name in NETWORKS), "meaning"), rows)

    def _layout(self, network: str, kind: type) -> InstructionLayout | None:
        layouts = plans()[network].machine.limits.layouts.values()
        return next((layout for layout in layouts if layout.kind is kind), None)


def _field(layout: InstructionLayout | None, name: str) -> str:
    if layout is None:
        return "-"
    field = layout.fields[name]
    return str(field.width) if field.constant is None else f"always {field.constant}"


class LoopNest(Markdown):
    """The loops of a fetch, and by which field each of them moves which coordinate."""

    def text(self) -> str:
        rows = [("", "", *(f"from `{c.start}`" for c in COORDINATES))]
        rows += [
            (
                f"{number}",
                f"`{loop}`",
                *(f"`{c.steps[loop]}`" if loop in c.steps else "" for c in COORDINATES),
            )
            for number, loop in enumerate(LOOPS, 1)
        ]
        return table(("", "loop", *(c.name for c in COORDINATES)), rows)


@cache
def components() -> tuple[type[Component], ...]:
    """All Amaranth components of `nnhw.hdl`, by module."""
    found = {}
    for module in pkgutil.walk_packages(nnhw.hdl.__path__, "nnhw.hdl."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(kind, Component) and kind.__module__ == module.name:
                found[kind.__module__, kind.__qualname__] = kind
    return tuple(found[name] for name in sorted(found) if not name[1].startswith("_"))


class Components(Markdown):
    """A table of all components, with a page each."""

    def text(self) -> str:
        rows = [
            (f"[{kind.__name__}](generated/{kind.__name__}.md)", first_sentence(kind))
            for kind in components()
        ]
        return table(("component", "what it is"), rows)


class Latencies(Markdown):
    """The latencies of components in the engines of the example networks."""

    def text(self) -> str:
        rows = []
        for name in nnhw.hdl.COMPONENTS:
            found = [
                nnhw.hdl.engine_component(program.machine, program.image, name)
                for program in plans().values()
            ]
            latencies = [str(getattr(part, "latency", "")) if part else "-" for part in found]
            kind = next(type(part).__name__ for part in found if part)
            if any(latencies):
                rows.append((f"`{name}`", f"[{kind}](generated/{kind}.md)", *latencies))
        return table(("component", "class", *NETWORKS), rows)


class PublicNames(Markdown):
    """What a module lists in `__all__`, or those of it that are named, from its docstrings."""

    required_arguments = 1
    optional_arguments = 1
    final_argument_whitespace = True

    def text(self) -> str:
        module = importlib.import_module(self.arguments[0])
        if chosen := " ".join(self.arguments[1:]).split():
            return "\n".join(self._name(module, name) for name in chosen)
        names = [
            name for name in module.__all__ if module is nnhw or name not in nnhw.__all__
        ]  # each name stands in one place
        names.sort(key=lambda name: (inspect.isclass(getattr(module, name)), name))
        return "\n".join(self._name(module, name) for name in names)

    def _name(self, module: Any, name: str) -> str:
        item = getattr(module, name)
        if inspect.isclass(item):
            return rst(f".. autoclass:: {module.__name__}.{name}\n   :members:")
        if inspect.isfunction(item):
            return rst(f".. autofunction:: {module.__name__}.{name}")
        return rst(f".. autodata:: {module.__name__}.{name}\n   :no-value:")


class IntegerOperators(Markdown):
    """The contract of each integer operator: the docstring of its node."""

    def text(self) -> str:
        kinds = sorted(nnhw.ir.INTEGER_OPERATORS, key=lambda kind: kind.__name__)
        return "\n".join(
            f"## {kind.__name__}\n\n" + rst(f".. autoclass:: {kind.__module__}.{kind.__name__}")
            for kind in kinds
        )


class CommandLine(Markdown):
    """All commands with their arguments and options."""

    def text(self) -> str:
        commands = typer.main.get_command(command_line).commands  # type: ignore[attr-defined]
        return "\n".join(self._command(command) for command in commands.values())

    def _command(self, command: Any) -> str:
        rows = [
            (_usage(parameter), _sentence(parameter.help, parameter.show_default))
            for parameter in command.params
        ]
        return (
            f"\n## nnhw {command.name}\n\n{_as_markdown(command.help)}\n\n{table(('', ''), rows)}"
        )


def _usage(parameter: Any) -> str:
    """How a parameter is given on the command line."""
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name}`"
    names = " / ".join([*parameter.opts, *parameter.secondary_opts])
    return f"`{names}` {parameter.metavar or ''}"


def _sentence(text: str, default: object) -> str:
    return _as_markdown(f"{text} Default: {default}." if isinstance(default, str) else text)


def _as_markdown(text: str) -> str:
    """A text of the command line, with options as code."""
    return re.sub(r"--[\w-]+", r"`\g<0>`", text)


def write_component_pages(app: Sphinx) -> None:
    """A page for each component, in the folder that git does not keep."""
    folder = Path(app.srcdir) / "reference" / "generated"
    folder.mkdir(exist_ok=True)
    pages = {
        f"{kind.__name__}.md": f"# {kind.__name__}\n\n"
        + rst(f".. autoclass:: {kind.__module__}.{kind.__name__}")
        for kind in components()
    }
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def component_signature(
    app: Sphinx, what: str, name: str, item: object, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Amaranth's metaclass hides what a component is made with."""
    if not inspect.isclass(item) or not issubclass(item, Component):
        return None
    _, *parameters = inspect.signature(item.__init__).parameters.values()
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
    return str(inspect.Signature(plain)), returns


def setup(app: Sphinx) -> dict[str, bool]:
    """Enter the directives."""
    directives = {
        "instructions": Instructions,
        "loop-nest": LoopNest,
        "components": Components,
        "latencies": Latencies,
        "public-names": PublicNames,
        "integer-operators": IntegerOperators,
        "command-line": CommandLine,
        "registers": Registers,
    }
    for name, directive in directives.items():
        app.add_directive(name, directive)
    app.connect("builder-inited", write_component_pages)
    app.connect("autodoc-process-signature", component_signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

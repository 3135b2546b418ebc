"""The layers import one way, and each foreign package has its one place.

The order and the places are those of docs/architecture.md.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# A layer may import the layers before it.
ORDER = (
    "errors",
    "budget",
    "options",
    "npz",
    "ir",
    "design",
    "link",
    "data",
    "frontend",
    "passes",
    "quantize",
    "reference",
    "golden",
    "trim",
    "vectors",
    "isa",
    "machine",
    "mapping",
    "hdl",
    "export",
    "simulate",
    "synth",
    "boards",
    "report",
    "staging",
    "inference",
    "host_preprocess",
    "conversion",
    "placement",
    "inspection",
    "pipeline",
    "cli",
)

ONLY_IN = {
    "onnx": {"frontend"},
    "onnxruntime": {"reference"},
    "onnxslim": {"frontend"},
    "amaranth": {"isa", "machine", "hdl", "export", "boards"},
    "cocotb": {"simulate", "sim"},
    "cocotb_tools": {"simulate", "sim"},
    "cocotbext": {"simulate", "sim"},
    "jinja2": {"report"},
    "rich": {"report", "cli"},
    "serial": {"link"},
    "typer": {"cli"},
}

# Golden model and hardware are joined by tests and simulation only.
MAY_IMPORT = {"golden": {"errors", "ir"}}
MUST_NOT_IMPORT = {"hdl": {"golden", "vectors"}}


def sources() -> list[Path]:
    """All Python files of the package and of the testbench."""
    return sorted([*(ROOT / "nnhw").rglob("*.py"), *(ROOT / "sim").rglob("*.py")])


def layer_of(path: Path) -> str:
    """Name of the layer that a file belongs to; "nnhw" for the package's own __init__."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "sim" if parts[0] == "sim" else parts[1] if parts[1] != "__init__" else "nnhw"


def imported_modules(source: str, package: tuple[str, ...]) -> set[str]:
    """Dotted names of all modules that `source`, a file in `package`, imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *(node.module or "").split("."))).strip(".")
            found.add(module)
            # `from .. import ir` and `from nnhw import ir` name modules, too.
            if module == "nnhw":
                found.update(f"nnhw.{alias.name}" for alias in node.names)
    return found


def imports_of(path: Path) -> set[str]:
    """Dotted names of all modules that a file imports."""
    return imported_modules(path.read_text(encoding="utf-8"), path.relative_to(ROOT).parent.parts)


def layers_imported(path: Path) -> set[str]:
    """The layers of nnhw that a file imports."""
    modules = (name.split(".") for name in imports_of(path))
    return {parts[1] for parts in modules if parts[0] == "nnhw" and len(parts) > 1} & set(ORDER)


def test_reads_every_form_of_import():
    source = """
import nnhw.ir
from nnhw import golden
from nnhw.hdl.array import Array
from .. import isa
from ..quantize import run_float
from . import conv
def late():
    import onnx.helper
"""
    assert imported_modules(source, ("nnhw", "passes")) >= {
        "nnhw.ir",
        "nnhw.golden",
        "nnhw.hdl.array",
        "nnhw.isa",
        "nnhw.quantize",
        "nnhw.passes",
        "onnx.helper",
    }


def test_every_layer_is_in_the_order():
    found = {layer_of(path) for path in sources()} - {"nnhw", "__main__", "sim"}
    assert found <= set(ORDER), f"not in the agreed order: {sorted(found - set(ORDER))}"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports(path):
    layer = layer_of(path)
    if layer == "sim":
        assert not any(name.split(".")[0] == "nnhw" for name in imports_of(path)), (
            "the testbench runs where nnhw is not installed"
        )
    elif layer in ORDER:
        later = {
            other for other in layers_imported(path) if ORDER.index(other) > ORDER.index(layer)
        }
        assert not later, f"{layer} imports later layers: {sorted(later)}"
        others = layers_imported(path) - {layer}
        banned = others & MUST_NOT_IMPORT.get(layer, set())
        banned |= others - MAY_IMPORT.get(layer, others)
        assert not banned, f"{layer} must never import {sorted(banned)}"
    for name in imports_of(path):
        places = ONLY_IN.get(name.split(".")[0])
        assert places is None or layer in places, f"{layer} imports {name}"

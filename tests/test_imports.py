"""The layers import one way, and each foreign package has its one place.

The order and the places are those of docs/architecture.md.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# A layer may import the layers before it.
ORDER = (
    "errors",
    "budget",
    "garbage",
    "plugins",
    "reserved_words",
    "families",
    "options",
    "registers",
    "drivers",
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
    "image",
    "mapping",
    "hdl",
    "shell",
    "export",
    "simulate",
    "synth",
    "estimates",
    "boards",
    "report",
    "staging",
    "inference",
    "robustness",
    "host_preprocess",
    "conversion",
    "layer_bits",
    "device_fit",
    "device_search",
    "placement",
    "inspection",
    "pipeline",
    "search",
    "tuning",
    "cli",
)

# A part of a family has the layer of what it extends.
PARTS = {
    "__init__": "families",
    "family": "families",
    "boards": "families",
    "technology": "hdl",
    "synthesis": "synth",
    "fabric": "estimates",
    "placement": "synth",
    "pll": "boards",
}
FAMILIES = ROOT / "nnhw" / "families"

ONLY_IN = {
    "onnx": {"frontend"},
    "onnxruntime": {"reference"},
    "onnxslim": {"frontend"},
    "amaranth": {"isa", "machine", "hdl", "shell", "export", "boards"},
    "cocotb": {"simulate", "sim"},
    "cocotb_tools": {"simulate", "sim"},
    "cocotbext": {"simulate", "sim"},
    "dask": {"search"},
    "distributed": {"search"},
    "jinja2": {"report"},
    "matplotlib": {"search", "tuning"},
    "markupsafe": {"report", "search"},
    "optuna": {"search"},
    "pandas": {"search"},
    "rich": {"report", "cli"},
    "peakrdl_cheader": {"export"},
    "peakrdl_ipxact": {"export"},
    "plotly": {"search"},
    "serial": {"link"},
    "systemrdl": {"export"},
    "tflite": {"frontend"},
    "torch": {"tuning"},
    "typer": {"cli"},
}

# Golden model and hardware are joined by tests and simulation only.
MAY_IMPORT = {"golden": {"errors", "ir", "plugins"}}
MUST_NOT_IMPORT = {"hdl": {"golden", "ir", "vectors"}}


def sources() -> list[Path]:
    """All Python files of the package and of the testbench."""
    return sorted([*(ROOT / "nnhw").rglob("*.py"), *(ROOT / "sim").rglob("*.py")])


def family_of(module: tuple[str, ...]) -> str | None:
    """The family that a module is a part of."""
    is_part = module[:2] == ("nnhw", "families") and (FAMILIES / "/".join(module[2:3])).is_dir()
    return module[2] if is_part and len(module) > 2 else None


def layer_of_module(module: tuple[str, ...]) -> str:
    """Name of the layer that a module belongs to; "nnhw" for the package's own __init__."""
    if family_of(module):
        return PARTS[module[3] if len(module) > 3 else "__init__"]
    return "sim" if module[0] == "sim" else module[1] if module[1] != "__init__" else "nnhw"


def module_of(path: Path) -> tuple[str, ...]:
    """The parts of the name of a file's module."""
    return path.relative_to(ROOT).with_suffix("").parts


def layer_of(path: Path) -> str:
    """Name of the layer that a file belongs to."""
    return layer_of_module(module_of(path))


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
    modules = (tuple(name.split(".")) for name in imports_of(path))
    layers = {layer_of_module(parts) for parts in modules if parts[0] == "nnhw" and len(parts) > 1}
    return layers & set(ORDER)


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


def test_parts_of_families_have_the_layer_of_what_they_extend():
    family = ("nnhw", "families", "ecp5")
    parts = ("family", "boards", "technology", "placement", "pll")
    layers = [layer_of_module((*family, part)) for part in parts]
    assert layers == ["families", "families", "hdl", "synth", "boards"]
    assert layer_of_module(family) == layer_of_module((*family[:2], "target")) == "families"
    assert (family_of(family), family_of((*family[:2], "target"))) == ("ecp5", None)


def test_families_are_reached_by_their_name_only():
    """Nobody but the families themselves knows which ones there are."""
    for path in sources():
        found = {family_of(tuple(name.split("."))) for name in imports_of(path)}
        assert found <= {None, family_of(module_of(path))}, path


def test_no_family_is_named_elsewhere():
    names = [path.name for path in FAMILIES.iterdir() if (path / "family.py").exists()]
    assert len(names) >= 4
    pattern = re.compile("|".join([*names, "xilinx"]), re.IGNORECASE)
    # directives of tools that stand in comments, and names of bus definitions
    exceptions = {
        ROOT / "nnhw" / "export" / "verilog" / "comments.py",
        ROOT / "nnhw" / "shell" / "ports.py",
    }
    texts = [*(ROOT / "nnhw").rglob("*.*"), *(ROOT / "sim").rglob("*.*")]
    for path in {path for path in texts if path.suffix != ".pyc"} - exceptions:
        if FAMILIES not in path.parents and path.is_file():
            found = pattern.search(path.read_text(encoding="utf-8"))
            assert found is None, f"{path} names the family {found[0]}"


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

"""Every command of the manual works, in the order of its page, and prints what the page shows.

A page is a session in a folder of its own, which has the folder examples. Blocks ```console are
commands after "$ ", which a backslash continues, and lines of what they print, in order; "..." is
any lines. Blocks ```python are run; any block whose first line is a comment that begins with the
name of a file is that file.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(console|python|verilog)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"(?:#|//) ([\w.]+\.(?:py|v))\b")

NOT_RUN = {
    r"(pip|apt-get) install": "installs packages",
    r"(openFPGALoader|iceprog) ": "loads a bitstream into a board",
    r"nnhw run .*--port": "needs a board",
    r"fusesoc |python examples/(litex|riscv)": (
        "needs packages that the tests do not; has tests of its own"
    ),
}
SLOW = (
    r"nnhw synth|nnhw explore|nnhw sweep|nnhw\.synth|--costs|train\.py"
    r"|--prune-to|half\.onnx|--search"
)
"""Commands that take minutes."""
SLOW_PAGES = {"boards", "optional_hardware", "synthesis"}
"""Pages whose quick commands only prepare slow ones."""

PROGRAMS = {"asic-osu018": "sta"}
"""Programs that commands need and that do not come with pip: where they are missing, the command is
left out."""


@dataclass(frozen=True)
class Command:
    """A line for the shell, and lines that it has to print."""

    line: str
    shown: tuple[str, ...] = ()

    @property
    def reason_not_to_run(self) -> str:
        """Why nobody runs it here; "" if it is run."""
        reasons = [why for what, why in NOT_RUN.items() if re.match(what, self.line)]
        reasons += [
            f"{program} is missing"
            for what, program in PROGRAMS.items()
            if what in self.line and shutil.which(program) is None
        ]
        return "; ".join(reasons)

    @property
    def is_slow(self) -> bool:
        """Whether it runs with the slow tests only."""
        return re.search(SLOW, self.line) is not None


def session(page: Path, folder: Path) -> list[Command]:
    """The commands of a page; writes its files into `folder`."""
    commands = []
    for number, (kind, text) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8"))):
        named = FILE.match(text)
        if named or kind == "python":
            name = named[1] if named else f"block_{number}.py"
            (folder / name).write_text(text, encoding="utf-8")
            if not named:
                slow = " # nnhw.synth" if "nnhw.synth" in text else ""
                commands.append(Command(f"python {name}{slow}"))
            continue
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            line, *shown = part.replace("\\\n", "").splitlines()
            commands.append(Command(line, tuple(shown)))
    return commands


PAGES = sorted(
    page
    for page in DOCS.rglob("*.md")
    if "generated" not in page.parts and BLOCK.search(page.read_text(encoding="utf-8"))
)


@pytest.fixture
def shell(tmp_path):
    """Runs a command line in a folder that has the examples, and returns what it prints."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, command in (("python", ""), ("nnhw", " -m nnhw")):
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}"{command} "$@"\n')
        script.chmod(0o755)
    folder = tmp_path / "session"
    folder.mkdir()
    for part in ("examples", "benchmarks"):
        shutil.copytree(ROOT / part, folder / part)
    path = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = os.environ | {
        "PATH": os.pathsep.join(path),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "COLUMNS": "80",
    }

    def run(line: str) -> str:
        done = subprocess.run(
            ["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"$ {line}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    run.folder = folder  # type: ignore[attr-defined]
    return run


def missing_lines(shown: tuple[str, ...], printed: str) -> list[str]:
    """Lines that are not printed, or not in this order."""
    lines = iter([" ".join(line.split()) for line in printed.splitlines()])
    wanted = [" ".join(line.split()) for line in shown if line.strip() not in ("...", "")]
    return [want for want in wanted if want not in lines]


def run_page(page: Path, shell, *, slow: bool) -> int:
    """Run the commands of a page; returns how many."""
    count = 0
    for command in session(page, shell.folder):
        if command.reason_not_to_run and slow:
            # what it names is there, nevertheless
            files = re.findall(r"rtl_out/[\w./-]+", command.line)
            assert all((shell.folder / file).exists() for file in files), command.line
        if command.reason_not_to_run or (command.is_slow and not slow):
            continue
        printed = shell(command.line)
        assert missing_lines(command.shown, printed) == [], f"$ {command.line}\n{printed}"
        count += 1
    return count


def lend_network(folder: Path) -> None:
    """What train.py of the tutorial makes, from the examples."""
    shutil.copy(folder / "examples" / "digits_cnn.onnx", folder / "net.onnx")
    shutil.copy(folder / "examples" / "digits.npz", folder / "net.npz")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.stem not in SLOW_PAGES], ids=lambda page: page.stem
)
def test_quick_commands(page, shell):
    if page.stem == "tutorial":
        lend_network(shell.folder)
    if page.stem in ("tuning", "noise"):
        pytest.importorskip("torch")
    assert run_page(page, shell, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_all_commands(page, shell):
    commands = session(page, shell.folder)
    if not any(command.is_slow for command in commands):
        pytest.skip("all commands of this page are quick")
    if page.stem == "tutorial" and (find_spec("torch") is None or find_spec("sklearn") is None):
        pytest.skip("the extra 'train' is not installed")
    assert run_page(page, shell, slow=True)


def test_pages_have_commands():
    names = {page.stem for page in PAGES}
    assert {"tutorial", "index", "boards", "synthesis", "stream_core", "low_sqnr"} <= names


def test_no_command_escapes():
    """Commands stand in blocks of their own, not in indented text, and no exception is unused."""
    for page in DOCS.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"^ {4}(nnhw|pip|python|apt-get) ", text, re.MULTILINE), page
        assert not re.search(r"^```(sh|bash|shell)", text, re.MULTILINE), page
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for exception in NOT_RUN:
        assert re.search(rf"^\$ {exception}", text, re.MULTILINE), exception


def test_missing_lines_are_found():
    assert missing_lines(("a  b", "...", "c"), "x\n a b\ny\nc\n") == []
    assert missing_lines(("c", "a b"), "a b\nc\n") == ["a b"]

"""README.md and docs/operators.md keep their promises."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import typer

from nnhw.cli import app
from nnhw.frontend import supported_operators
from nnhw.frontend.tflite.operators import TRANSLATORS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
OPERATORS = (ROOT / "docs" / "operators.md").read_text()


def test_operator_table_is_that_of_the_frontend():
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (.+) \|$", OPERATORS, re.MULTILINE)
    table = {name: remark for names, remark in rows for name in re.findall(r"\w+", names)}
    assert table == {name: op.remark for name, op in supported_operators().items()}


def test_tflite_operators_are_those_of_the_frontend():
    (listed,) = re.findall(r"These are translated:\n\n((?:`.+\n)+)", OPERATORS)
    assert re.findall(r"\w+", listed) == sorted(TRANSLATORS)


def test_number_of_operators():
    assert f"\n{len(supported_operators())} operators of ONNX" in README


def test_commands_have_the_options_that_exist():
    """Every `nnhw ...` line names a command and options of the command line."""
    commands = typer.main.get_command(app).commands
    lines = re.findall(r"^    .*?\bnnhw (\w+) ([^#\n]*)", README, re.MULTILINE)
    assert len(lines) >= 7
    for command, rest in lines:
        parameters = commands[command].params
        options = {name for each in parameters for name in (*each.opts, *each.secondary_opts)}
        for word in shlex.split(rest):
            assert not word.startswith("--") or word in options, word


def test_python_of_the_readme_runs(tmp_path):
    (snippet,) = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    done = subprocess.run(
        [sys.executable, "-c", snippet],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    folder, *_, answers = done.stdout.splitlines()
    for told in (folder, answers):
        assert f"# {told}" in snippet
    assert "sevens_missed" in done.stdout


def test_links_and_files_exist():
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target.partition("#")[0]).exists(), target
    for file in re.findall(r"\bexamples/\w+\.\w+", README):
        assert (ROOT / file).exists(), file

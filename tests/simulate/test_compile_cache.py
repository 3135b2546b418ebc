"""The compiler cache for Verilator's own library."""

import os
import subprocess
import sys

import pytest

from nnhw.simulate import sim_folder


@pytest.fixture
def compiler(tmp_path, monkeypatch):
    """A compiler that copies its source and writes down that it ran, and a library for it."""
    (tmp_path / "root" / "include").mkdir(parents=True)
    monkeypatch.setenv("VERILATOR_ROOT", str(tmp_path / "root"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    script = tmp_path / "cc"
    script.write_text('#!/bin/sh\necho run >> "$0.log"\ncp "$5" "$4"\n')
    script.chmod(0o755)
    (tmp_path / "cc.log").write_text("")
    return Compiler(tmp_path)


class Compiler:
    def __init__(self, folder):
        self.folder = folder
        self.library = folder / "root" / "include"

    def compile(self, source, flag="-O1"):
        """Compile through the cache; returns the object file's text."""
        target = self.folder / "x.o"
        target.unlink(missing_ok=True)
        script = str(sim_folder() / "compile_cache.py")
        command = [str(self.folder / "cc"), flag, "-c", "-o", str(target), str(source)]
        # The fake compiler takes its arguments by position.
        subprocess.run([sys.executable, script, *command], check=True)
        return target.read_text()

    @property
    def runs(self):
        return (self.folder / "cc.log").read_text().count("run")


def test_library_is_compiled_once(compiler):
    source = compiler.library / "verilated.cpp"
    source.write_text("one")
    assert compiler.compile(source) == compiler.compile(source) == "one"
    assert compiler.runs == 1


def test_changes_are_seen(compiler):
    source, header = compiler.library / "verilated.cpp", compiler.library / "verilated.h"
    source.write_text("one")
    header.write_text("")
    compiler.compile(source)
    source.write_text("other")
    assert compiler.compile(source) == "other"
    os.utime(header, (1, 1))
    compiler.compile(source)
    compiler.compile(source, flag="-O2")
    assert compiler.runs == 4


def test_design_is_always_compiled(compiler):
    source = compiler.folder / "Vtop.cpp"
    source.write_text("design")
    assert compiler.compile(source) == compiler.compile(source) == "design"
    assert compiler.runs == 2


def test_cache_that_cannot_be_written(compiler):
    (compiler.folder / "cache").write_text("not a folder")
    source = compiler.library / "verilated.cpp"
    source.write_text("one")
    assert compiler.compile(source) == "one"


def test_failure_of_the_compiler_is_passed_on(compiler):
    with pytest.raises(subprocess.CalledProcessError):
        compiler.compile(compiler.library / "missing.cpp")

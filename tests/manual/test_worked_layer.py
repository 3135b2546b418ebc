"""The layer that the manual works through by hand: every number in it is what the code says."""

import doctest
import re
from pathlib import Path

import numpy as np
from engine_simulation import run_engine

PAGE = (Path(__file__).parents[2] / "docs" / "worked_layer.md").read_text(encoding="utf-8")
SESSION = "\n".join(re.findall(r"^```pycon\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
EQUATION = re.compile(r"`([\d +*/().<-]*[*/+<-][\d +*/().<-]*) = (-?[\d.]+)`")


def run_session() -> dict:
    """Run the page's session, compare what it prints, and return its names."""
    names: dict = {}
    test = doctest.DocTestParser().get_doctest(SESSION, names, "worked_layer.md", None, None)
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF)
    problems: list[str] = []
    runner.run(test, out=problems.append, clear_globs=False)
    assert runner.summarize(verbose=False).attempted > 30
    assert not problems, "".join(problems)
    return test.globs


def test_session_and_hardware():
    names = run_session()
    run = run_engine(names["program"], np.concatenate([names["q"]] * 2))
    scores = names["golden"].run(names["graph"], names["q"])["z"].reshape(-1)
    assert (run.frames == scores).all()
    assert run.last_out[0] - run.first_in[0] == names["cycles"].latency_cycles


def test_equations():
    """Equations in the text hold."""
    text = re.sub(r"^```.*?^```", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    equations = EQUATION.findall(text)
    assert len(equations) > 15
    for left, right in equations:
        assert eval(left) == float(right), f"{left} = {right}"


def test_table_of_results():
    """The right numbers of the requantization's table are those of the session."""
    rows = re.findall(
        r"^\| \w+ (?:left|right) \| .*? \| (\d+)[^;|]*; (-?\d+) \| .*? \| (\d+); (.*?) \|$",
        PAGE,
        re.MULTILINE,
    )
    found = [[int(re.findall(r"-?\d+", cell)[-1]) for cell in (row[1], row[3])] for row in rows]
    assert found == [[2, 21], [12, 59], [-1, 21], [26, 127]]
    assert str(np.array(found).reshape(2, 2, 2).tolist()) in SESSION
    sums = [[160, 100], [280, 220], [120, 100], [465, 445]]
    rounded = [[int(row[0]), int(row[2])] for row in rows]
    assert rounded == [[round(a * 5 / 64), round(b * 5 / 16)] for a, b in sums]
    assert str(np.array(sums).reshape(2, 2, 2).tolist()) in SESSION


def test_table_of_stages():
    cycles = re.findall(r"^\| [\w -]+ \| (\d+) \| .* \|$", PAGE, re.MULTILINE)
    assert f"([{', '.join(cycles)}], {sum(map(int, cycles))}," in SESSION

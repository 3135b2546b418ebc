"""The renderers show what the report holds."""

import dataclasses
import html
import io
import json
import re
from html.parser import HTMLParser
from typing import ClassVar
from xml.etree import ElementTree

import pytest
from rich.console import Console

from nnhw.report import (
    Accuracy,
    BuildReport,
    Fit,
    LayerReport,
    Source,
    TableReport,
    Verification,
    render_html,
    render_terminal,
)
from nnhw.report.chart import layer_chart
from nnhw.report.text import shorten, without_common_folder

LAYERS = (
    LayerReport(
        name="/features/<1>/Conv", operator="conv 3x3", shape=(8, 8, 16), macs=73728, cycles=1200,
        fence_wait=7, drain_wait=41, stream_wait=0, utilisation=96.0, weight_bits=4, sqnr_db=27.18,
    ),
    LayerReport(
        name="pool", operator="max pool 2x2 /2", shape=(4, 4, 16), macs=0, cycles=300,
        fence_wait=0, drain_wait=0, stream_wait=0, utilisation=0.0,
    ),
)  # fmt: skip

REPORT = BuildReport(
    name="net",
    nnhw_version="0.1.0",
    source=Source(
        model="net.onnx", model_sha256="ab" * 32, data="net.npz", data_sha256="cd" * 32,
        options={"weight_bits": 4, "seed": 0},
    ),
    input="image: 8x8x1, int8, scale 0.0627, zero point -128",
    output="logits: 1x1x10, int8, scale 0.1, zero point 3",
    host_postprocess=("Softmax(axis=1)",),
    macs=73728,
    weights=1152,
    accuracy=Accuracy(
        samples=597, held_out=True, float_top1=99.25, integer_top1=98.99, agreement=99.5,
        sqnr_db=31.42,
    ),
    rows=16,
    cols=4,
    mac_units=64,
    engine={"rows": 16, "lanes": 7},
    latency_cycles=1612,
    interval_cycles=1500,
    utilisation=76.8,
    layers=LAYERS,
    memory_bits={"weights": 36864, "activations": 0, "program": 300},
    tables=(
        TableReport(
            name="squash", function="Sigmoid", lowest=-128, entries=(-77, 33), largest_error=0.0123,
            mean_error=0.0045, largest_error_steps=0.49, mean_error_steps=0.18,
        ),
    ),
    fits=(Fit(part="accumulators", kept="19 bits", left_out="13 of 32 bits", saved="104 bits"),),
    verification=Verification(
        passed=True, simulator="verilator 5.48.0", frames=11, latency_cycles=1612,
        interval_cycles=1500,
    ),
    files=("manifest.json", "rtl/net.v"),
)  # fmt: skip


def terminal(report: BuildReport) -> str:
    console = Console(width=140, record=True, quiet=False, file=io.StringIO())
    console.print(render_terminal(report))
    return console.export_text()


def variant(**changes) -> BuildReport:
    return dataclasses.replace(REPORT, **changes)


FIGURES = (
    "73,728 MACs, 1,152 weights",
    "image: 8x8x1, int8",
    "Softmax(axis=1)",
    "597 samples",
    "99.25%",
    "98.99%",
    "99.50%",
    "31.4 dB",
    "27.2 dB",
    "off by at most 0.0123 (0.49 steps), 0.0045 (0.18 steps) on average",
    "16 rows x 4 columns = 64 MACs a cycle",
    "1,612 cycles",
    "1,500 cycles from frame to frame",
    "16.1 µs a frame, 66,667 frames a second at 100 MHz",
    "76.80% of the array's multipliers",
    "weights memory",
    "4.5 KiB",
    "300 bits",
    "PASS: hardware equals the golden model, bit for bit (11 frames in verilator 5.48.0)",
    "8x8x16",
    "96.0%",
    "accumulators",
    "13 of 32 bits",
)


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_shown(figure):
    assert figure in terminal(REPORT)
    assert figure in html.unescape(render_html(REPORT))


def test_waits():
    assert re.search(r"1,200 +48 +27.2 dB +96.0%", terminal(REPORT))
    cells = re.findall(r'<td class="n">(.*?)</td>', render_html(REPORT))
    assert cells[:7] == ["8x8x16", "73,728", "1,200", "7", "41", "-", "96.0%"]


def test_absent_memories_are_not_shown():
    assert "activations" not in terminal(REPORT)


@pytest.mark.parametrize(
    ("verification", "message", "css_class"),
    [
        (None, "not simulated", "none"),
        (
            dataclasses.replace(REPORT.verification, passed=False),
            "FAIL: hardware differs from the golden model (11 frames in verilator 5.48.0)",
            "fail",
        ),
    ],
)
def test_verdict(verification, message, css_class):
    report = variant(verification=verification)
    assert message in terminal(report)
    assert f'<p class="verdict {css_class}">{message}</p>' in render_html(report)
    assert "PASS" not in terminal(report) + render_html(report)


def test_without_labels():
    accuracy = Accuracy(
        samples=4,
        held_out=False,
        float_top1=None,
        integer_top1=None,
        agreement=None,
        sqnr_db=20.0,
        remark="not used",
    )
    shown = terminal(variant(accuracy=accuracy))
    assert "top-1" not in shown
    assert "same answer" not in shown
    assert "4 samples, also used for calibration" in shown
    assert "20.0 dB" in shown
    assert "labels  not used" in shown


class Checker(HTMLParser):
    """Collects what a page refers to, and checks that every element is closed."""

    VOID: ClassVar = {"meta", "br", "rect"}

    def __init__(self):
        super().__init__()
        self.open = []
        self.tags = set()
        self.references = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.references += [value for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_stands_alone():
    page = render_html(REPORT)
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert {"svg", "table", "style"} <= checker.tags
    assert not checker.tags & {"script", "link", "img", "iframe"}
    assert checker.references == []
    assert not re.search(r"url\(|@import", page)


def test_names_are_escaped():
    page = render_html(REPORT)
    assert "/features/&lt;1&gt;/Conv" in page
    assert "<1>" not in page


def test_terminal_takes_names_for_text():
    """Rich would take [red] for a style."""
    layer = dataclasses.replace(LAYERS[0], name="conv[red]")
    shown = terminal(variant(layers=(layer,), input="image[bold]: 8x8x1"))
    assert "conv[red]" in shown
    assert "image[bold]: 8x8x1" in shown


def test_json():
    values = json.loads(REPORT.to_json())
    assert values["accuracy"]["integer_top1"] == 98.99
    assert values["layers"][0]["shape"] == [8, 8, 16]
    assert values["verification"]["passed"] is True
    assert set(values) == {field.name for field in dataclasses.fields(BuildReport)}
    assert REPORT.to_json() == REPORT.to_json()


def test_chart_is_to_scale():
    half_used = dataclasses.replace(LAYERS[1], utilisation=50.0)
    svg = ElementTree.fromstring(layer_chart((LAYERS[0], half_used)))
    bars = svg.findall(".//{*}rect")
    widths = [float(bar.get("width")) for bar in bars]
    assert widths[0] == pytest.approx(4 * widths[2], abs=0.2)  # 1200 and 300 cycles
    assert widths[1] == pytest.approx(0.96 * widths[0], abs=0.2)
    assert widths[3] == pytest.approx(0.5 * widths[2], abs=0.2)


def test_without_common_folder():
    assert without_common_folder(["/body/0/Conv", "/body/1/Conv"]) == ["0/Conv", "1/Conv"]
    assert without_common_folder(["conv1", "conv2"]) == ["conv1", "conv2"]
    assert without_common_folder(["/net/fc"]) == ["fc"]


def test_shorten():
    assert shorten("conv1") == "conv1"
    assert shorten("/body/stage1/block2/conv1/Conv", 12) == "…/conv1/Conv"
    assert len(shorten("x" * 99)) == 30

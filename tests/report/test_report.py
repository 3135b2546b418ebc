"""The renderers show what the report holds."""

import dataclasses
import html
import io
import json
import re
from html.parser import HTMLParser
from typing import ClassVar

import pytest
from rich.console import Console

from nnhw.report import (
    Accuracy,
    ArrayUse,
    BuildReport,
    Equalization,
    Fit,
    FrameTimes,
    LayerReport,
    Source,
    TableReport,
    Verification,
    render_headline,
    render_html,
    render_terminal,
)
from nnhw.report.changed_roundings import ChangedRoundings
from nnhw.report.text import bits, duration, shorten, summary_rows

LAYERS = (
    LayerReport(
        name="/features/<1>/Conv", operator="conv 3x3", shape=(8, 8, 16), macs=73728, start=0,
        cycles=1200, array=ArrayUse(macs=1152.0, others=0.0, idle_lanes=0.0, idle_columns=0.0),
        fence_wait=7, drain_wait=41, stream_wait=0, utilisation=96.0, weight_bits=4, sqnr_db=27.18,
    ),
    LayerReport(
        name="pool", operator="max pool 2x2 /2", shape=(4, 4, 16), macs=0, start=1200,
        cycles=300, array=ArrayUse(macs=0.0, others=240.0, idle_lanes=60.0, idle_columns=0.0),
        fence_wait=0, drain_wait=0, stream_wait=0, utilisation=0.0,
    ),
)  # fmt: skip

REPORT = BuildReport(
    name="net",
    nnhw_version="0.1.0",
    source=Source(
        model="net.onnx", model_sha256="ab" * 32, data="net.npz", data_sha256="cd" * 32,
        options={"weight_bits": 4, "seed": 0, "clock_mhz": 50.0},
    ),
    inputs=("image: 8x8x1, int8, scale 0.0627, zero point -128",),
    outputs=("logits: 1x1x10, int8, scale 0.1, zero point 3",),
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
    frame=FrameTimes(
        load_cycles=8, next_load=0, next_fetch=1500, compute_cycles=1500, first_output=1520,
        last_output=1604,
    ),
    layers=LAYERS,
    memory_bits={"weights": 36864, "activations": 0, "program": 300},
    tables=(
        TableReport(
            name="squash", function="Sigmoid", lowest=-128, entries=(-77, 33), largest_error=0.0123,
            mean_error=0.0045, largest_error_steps=0.49, mean_error_steps=0.18,
        ),
    ),
    fits=(Fit(name="accumulators", kept="19 bits", left_out="13 of 32 bits", saved="104 bits"),),
    verification=Verification(
        passed=True, simulator="verilator 5.48.0", frames=11, latency_cycles=1612,
        interval_cycles=1500,
    ),
    files=("manifest.json", "rtl/net.v"),
)  # fmt: skip


def terminal(report: BuildReport) -> str:
    console = Console(width=140, record=True, quiet=False, file=io.StringIO())
    console.print(render_terminal(report), crop=False)
    return console.export_text()


def headline(report: BuildReport, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO())
    console.print(render_headline(report, folder="rtl_out/net", data="my data.npz"), crop=False)
    return console.file.getvalue()


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
    "32.2 µs a frame, 33,333 frames a second at 50 MHz",
    "76.8% of the array's multipliers",
    "weights memory",
    "4.5 KiB",
    "38 B",
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


@pytest.mark.parametrize(
    ("samples", "text"),
    [(None, ""), (50, ""), (1, "1 sample, which is few"), (49, "49 samples, which is few")],
)
def test_few_calibration_samples(samples, text):
    report = variant(source=dataclasses.replace(REPORT.source, calibration_samples=samples))
    for shown in (terminal(report), html.unescape(render_html(report))):
        assert ("calibrated with" in shown) == bool(text)
        assert text in shown


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
        self.places = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.references += [value for name, value in attrs if name in ("src", "href")]
        self.places += [value for name, value in attrs if name == "id"]
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
    assert {f"#{place}" for place in checker.places} >= set(checker.references) != set()
    assert len(set(checker.places)) == len(checker.places)
    assert not re.search(r"url\(|@import", page)


def test_page_is_accessible():
    """Landmarks, captions, headings of rows and columns, names of drawings, the keyboard."""
    accuracy = dataclasses.replace(REPORT.accuracy, confusion=((50, 7), (0, 40)))
    page = render_html(variant(accuracy=accuracy))
    for landmark in ("<header>", "<nav aria-label=", "<main>", '<html lang="en">', 'class="skip"'):
        assert landmark in page
    assert page.count("<table") == page.count("<caption>") > 4
    assert "<th>" not in page
    assert re.findall(r"<th (?!scope=)", page) == []
    drawings = re.findall(r"<svg[^>]*>.{7}", page)
    assert drawings
    assert all('role="img"' in drawing and drawing.endswith("<title>") for drawing in drawings)
    scrolling = re.findall(r'<div class="wide"[^>]*>', page)
    assert all('tabindex="0" role="region" aria-label="' in region for region in scrolling)
    assert "prefers-color-scheme: dark" in page
    assert ":focus-visible" in page


def test_confusion_matrix():
    accuracy = dataclasses.replace(REPORT.accuracy, confusion=((50, 7), (0, 40)))
    cells = re.findall(r'<td class="n (\w+)-(\d)">(\d+)', render_html(variant(accuracy=accuracy)))
    assert cells == [("right", "3", "50"), ("wrong", "1", "7"), ("right", "4", "40")]
    assert "Confusion" not in render_html(REPORT)


def test_names_are_whole_in_the_page():
    name = "/" + "block/" * 30 + "Conv"
    page = render_html(variant(layers=(dataclasses.replace(LAYERS[0], name=name),)))
    # graph, ranges, schedule, table
    assert page.count(f'<code class="name">{name}</code>') == 4


def test_names_are_escaped():
    page = render_html(REPORT)
    assert "/features/&lt;1&gt;/Conv" in page
    assert "<1>" not in page


def test_terminal_takes_names_for_text():
    """Rich would take [red] for a style."""
    layer = dataclasses.replace(LAYERS[0], name="conv[red]")
    shown = terminal(variant(layers=(layer,), inputs=("image[bold]: 8x8x1",)))
    assert "conv[red]" in shown
    assert "image[bold]: 8x8x1" in shown


def test_json():
    values = json.loads(REPORT.to_json())
    assert values["accuracy"]["integer_top1"] == 98.99
    assert values["layers"][0]["shape"] == [8, 8, 16]
    assert values["verification"]["passed"] is True
    assert set(values) == {field.name for field in dataclasses.fields(BuildReport)}
    assert REPORT.to_json() == REPORT.to_json()


def test_units():
    assert [bits(n) for n in (9, 8 * 1023, 8 * 1024, 8 << 20)] == [
        *("2 B", "1023 B", "1.0 KiB", "1.0 MiB"),
    ]
    assert [duration(t) for t in (12.54, 1250, 2.5e6)] == ["12.5 µs", "1.2 ms", "2.5 s"]


def test_headline():
    """What matters first, in a terminal of 80 columns and 25 lines."""
    lines = headline(REPORT).splitlines()
    assert len(lines) <= 14
    assert max(map(len, lines)) <= 80
    shown = " ".join(" ".join(lines).split())
    for figure in (
        *("98.99% top-1, float 99.25% (597 samples)", "31.4 dB SQNR; same answer as float for"),
        *("32.2 µs a frame, 33,333 frames a second at 50 MHz", "64 multipliers (16 x 4)"),
        *("76.8% in use; 4.5 KiB of memory", "PASS: hardware equals the golden model"),
    ):
        assert figure in shown
    assert "next    nnhw run rtl_out/net --data 'my data.npz'" in lines
    assert "next    nnhw sim rtl_out/net" in headline(variant(verification=None)).splitlines()


def test_goals_are_told_with_their_margin():
    options = REPORT.source.options | {"fps": 30_000, "latency_us": 40.0}
    report = variant(source=dataclasses.replace(REPORT.source, options=options))
    for shown in (headline(report), terminal(report), html.unescape(render_html(report))):
        assert "30,000 frames a second, exceeded by 11.1%" in shown
        assert "latency of 40.0 µs, 19.4% of it left" in shown


def test_more_than_all_multipliers_is_explained():
    busy = variant(layers=(dataclasses.replace(LAYERS[0], utilisation=109.1), LAYERS[1]))
    for show in (terminal, render_html):
        assert "More than 100%" in show(busy)
        assert "More than 100%" not in show(REPORT)
    assert "More than 100%" in headline(variant(utilisation=100.4))
    assert "More than 100%" not in headline(REPORT)


@pytest.mark.parametrize("width", [60, 80, 140])
def test_names_are_whole(width):
    names = ("/" + "block/" * 30 + "Conv", "short")
    layers = tuple(dataclasses.replace(LAYERS[0], name=name) for name in names)
    console = Console(width=width, file=io.StringIO())
    console.print(render_terminal(variant(layers=layers)), crop=False)
    lines = console.file.getvalue().splitlines()
    assert names[0] in lines
    (line,) = (line for line in lines if line.startswith("short"))
    below = line.removeprefix("short").split() or lines[lines.index(line) + 1].split()
    assert below[:3] == ["conv", "3x3", "8x8x16"]


def test_shorten():
    assert shorten("conv1") == "conv1"
    assert shorten("/body/stage1/block2/conv1/Conv", 12) == "…/conv1/Conv"
    assert len(shorten("x" * 99)) == 30


@pytest.mark.parametrize(
    ("equalization", "words"),
    [
        (None, None),
        (Equalization(applied=True), "equalized"),
        (
            Equalization(applied=True, gain_db=5.42),
            "equalized: 5.4 dB less noise on calibration samples",
        ),
        (
            Equalization(applied=False, gain_db=-1.1),
            "not equalized, which would make 1.1 dB more noise on calibration samples",
        ),
    ],
)
def test_equalization(equalization: Equalization | None, words: str | None) -> None:
    report = dataclasses.replace(REPORT, equalization=equalization)
    found = [figure for name, figure in summary_rows(report) if name == "channels"]
    assert found == ([] if words is None else [words])
    kept = json.loads(report.to_json())["equalization"]
    assert kept == (None if equalization is None else dataclasses.asdict(equalization))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (None, None),
        (
            ChangedRoundings(bits=18, exact_bits=24, samples=0),
            "18 bits, where the model's scales ask for 24; what that changes was not measured, "
            "without data",
        ),
        (
            ChangedRoundings(
                bits=18,
                exact_bits=24,
                samples=10,
                outputs={"y": 0.3125},
                largest=1,
                layer="conv2",
                layer_rate=0.017,
            ),
            "18 bits, where the model's scales ask for 24: 0.31% of 'y' changed by up to 1 step; "
            "most arises in 'conv2', 0.017% of its results (10 samples)",
        ),
    ],
)
def test_changed_roundings(changed: ChangedRoundings | None, words: str | None) -> None:
    report = dataclasses.replace(REPORT, changed_roundings=changed)
    found = [figure for name, figure in summary_rows(report) if name == "multipliers"]
    assert found == ([] if words is None else [words])
    kept = json.loads(report.to_json())["changed_roundings"]
    assert kept == (None if changed is None else dataclasses.asdict(changed))

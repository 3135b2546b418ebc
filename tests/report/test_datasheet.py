"""The datasheet, and its timing diagrams."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from integer_graphs import IntegerBuilder
from register_maps import mapped_map
from test_report import REPORT

from nnhw.mapping import EngineConfig, map_graph
from nnhw.report import render_datasheet
from nnhw.report.timing_drawing import CYCLE, NAMES, draw_timing
from nnhw.shell import ShellConfig, TopPorts, port_members
from nnhw.simulate import TimingDiagram

DIAGRAM = TimingDiagram(
    what="the sink waits",
    stream="m_axis",
    start=-1,
    valid="01111",
    ready="10011",
    last="00001",
    data=("", "00f5", "00f5", "00f5", "123456"),
)


@pytest.fixture(scope="module")
def ports():
    builder = IntegerBuilder((1, 1, 7), seed=1)
    config = EngineConfig(rows=2, cols=2, frame_check=True)
    program = map_graph(builder.graph(builder.dense("x", 3)), config)
    return TopPorts(port_members(program.machine, ShellConfig(reset="active-low")))


def with_timing():
    return replace(REPORT, verification=replace(REPORT.verification, diagrams=(DIAGRAM,)))


def test_page_has_ports_figures_and_timing(ports):
    page = render_datasheet(with_timing(), ports)
    for port in ports.ports:
        row = (
            rf"<code>{port.name}</code></th><td>{port.direction}</td><td class=\"n\">{port.width}<"
        )
        assert re.search(row, page)
    for figure in ("1,612 cycles", "1,500 cycles", "64 (16 x 4)", "4.5 KiB", "98.99%"):
        assert figure in page
    assert "m_axis: the sink waits" in page
    assert "aresetn" in page
    assert "<script" not in page
    assert not re.search(r'(?:href|src)="(?!#)', page)
    assert "Registers" not in page


def test_page_without_simulation_and_data(ports):
    page = render_datasheet(replace(REPORT, verification=None, accuracy=None), ports)
    assert "not simulated" in page
    assert "Timing" not in page
    assert "Accuracy" not in page


def test_registers_are_listed(ports):
    page = render_datasheet(REPORT, ports, mapped_map())
    for row in (
        "0x000</th><td><code>identification.magic</code></td><td>read<",
        "0x080</th><td><code>control.control</code></td><td>read, write<",
        "0x0a4</th><td><code>interrupt.irq_status</code></td><td>read, write<",
        "0x144</th><td><code>window.input_data</code></td><td>write<",
        "0x154</th><td><code>window.output_data</code></td><td>read<",
        "0x400</th><td><code>tensor_0.offset</code></td><td>read</td><td>First byte in its",
    ):
        assert f'<th scope="row">{row}' in page, row
    assert "tensor_1" not in page


def test_page_is_well_formed(ports):
    open_tags: list[str] = []
    problems: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag not in ("meta", "br"):
                open_tags.append(tag)

        def handle_startendtag(self, tag, attrs):
            pass

        def handle_endtag(self, tag):
            if open_tags.pop() != tag:
                problems.append(tag)

    Parser().feed(render_datasheet(with_timing(), ports))
    assert (open_tags, problems) == ([], [])


def test_drawing_shows_levels_and_transfers():
    root = ElementTree.fromstring(str(draw_timing(DIAGRAM)))
    beats = [int(rect.get("x")) for rect in root.iter("rect")]
    assert beats == [NAMES + 3 * CYCLE, NAMES + 4 * CYCLE]
    texts = [text.text for text in root.iter("text")]
    assert texts[:5] == ["clk", "tvalid", "tready", "tdata", "tlast"]
    assert texts[5:7] == ["00f5", "…456"]
    assert texts[7:] == ["-1", "0", "1", "2", "3"]
    title = root.find("title").text
    assert title == "the sink waits: m_axis in cycles -1 to 3, 2 beats transferred"
    valid = [path.get("d") for path in root.iter("path")][1]
    levels = [float(y) for y in re.findall(r"[\d.]+ ([\d.]+)", valid)]
    assert levels[:2] == [max(levels)] * 2
    assert levels[2:] == [min(levels)] * 8

"""report.html can be read by everybody: contrast by WCAG 2.2 (level AA), names, headers, labels."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from test_report import REPORT

from nnhw.report import render_html

Colour = tuple[float, float, float]

HTML = render_html(
    replace(REPORT, accuracy=replace(REPORT.accuracy, confusion=((9, 1, 0), (0, 4, 6), (0, 0, 0))))
)
STYLE = re.search(r"<style>\n(.*)</style>", HTML, re.DOTALL)[1]
SCHEMES = ("light", "dark")
TEXT, GRAPHICS = 4.5, 3.0
"""Least contrast of text (1.4.3) and of what shapes are told by (1.4.11)."""


def _variables(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    texts = [light, dark] if scheme == "dark" else [light]
    return dict(pair for text in texts for pair in re.findall(r"--([\w-]+): ([^;]+)", text))


def _colour(text: str) -> Colour:
    """Of "#rgb", "#rrggbb" or "r, g, b", from 0 to 255."""
    if not text.startswith("#"):
        return tuple(float(part) for part in text.split(","))
    digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
    return tuple(float(int(digits[i : i + 2], 16)) for i in (0, 2, 4))


def _luminance(colour: Colour) -> float:
    parts = [c / 255 for c in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: Colour, b: Colour) -> float:
    """By WCAG 2.2: from 1 to 21."""
    low, high = sorted((_luminance(a), _luminance(b)))
    return (high + 0.05) / (low + 0.05)


def _over(page: Colour, colour: Colour, share: float) -> Colour:
    return tuple(share * c + (1 - share) * p for c, p in zip(colour, page, strict=True))


def test_contrast_is_that_of_the_standard():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast(_colour("#777"), _colour("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["ink", "soft", "link", "good", "bad"])
def test_text(name, scheme):
    variables = _variables(scheme)
    assert contrast(_colour(variables[name]), _colour(variables["page"])) >= TEXT


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_on_colours(scheme):
    """Of chips and of the confusion matrix, whose colours are translucent."""
    variables = _variables(scheme)
    page, ink = _colour(variables["page"]), _colour(variables["ink"])
    found = re.findall(r"\.([\w-]+) \{ background: rgba\((.+?), ([\d.]+)\)", STYLE)
    assert len(found) > 10
    for name, colour, share in found:
        variable = re.fullmatch(r"var\(--(\w+)\)", colour)
        under = _over(page, _colour(variables[variable[1]] if variable else colour), float(share))
        assert contrast(ink, under) >= TEXT, name


@pytest.mark.parametrize("scheme", SCHEMES)
def test_shapes(scheme):
    """A shape is told from the page by its colour or by its outline."""
    variables = _variables(scheme)
    page = _colour(variables["page"])
    outlined = {
        name
        for selectors, colour in re.findall(r"^([^{}\n]+) \{ stroke: var\(--(\w+)\)", STYLE, re.M)
        for name in re.findall(r"\.([\w-]+)", selectors)
        if contrast(_colour(variables[colour]), page) >= GRAPHICS
    }
    found = re.findall(r"^([^{}\n]+) \{ fill: var\(--([\w-]+)\)", STYLE, re.M)
    assert len(found) > 5
    for selectors, colour in found:
        names = re.findall(r"\.([\w-]+)", selectors)
        if contrast(_colour(variables[colour]), page) < GRAPHICS:
            assert set(names) <= outlined, colour


class _Page(HTMLParser):
    """Elements with their attributes, and the text of each."""

    VOID = frozenset({"meta", "br", "rect", "path", "circle"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[dict] = []
        self._open: list[dict] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "text": "", "inside": [], "above": list(self._open), **dict(attrs)}
        for other in self._open:
            other["inside"].append(element)
        self.elements.append(element)
        if tag not in self.VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if self._open[-1:] == self.elements[-1:]:
            self._open.pop()

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self._open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self._open:
            element["text"] += data

    def all(self, *tags: str) -> list[dict]:
        return [element for element in self.elements if element["tag"] in tags]


@pytest.fixture(scope="module")
def page() -> _Page:
    return _Page(HTML)


def test_language_title_and_landmarks(page):
    (html,), (title,), (heading,) = page.all("html"), page.all("title")[:1], page.all("h1")
    assert html["lang"] == "en"
    assert title["text"].strip()
    assert heading["text"].strip()
    assert len(page.all("main")) == len(page.all("header")) == 1
    assert all(nav["aria-label"] for nav in page.all("nav"))


def test_headings_skip_no_level(page):
    levels = [int(element["tag"][1]) for element in page.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(later <= level + 1 for level, later in pairwise(levels))


def test_sections_have_names_and_links_have_targets(page):
    ids = [element["id"] for element in page.elements if "id" in element]
    assert len(ids) == len(set(ids))
    assert all(section["aria-labelledby"] in ids for section in page.all("section"))
    links = [link["href"] for link in page.all("a")]
    assert links[0] == "#figures", "the first link skips the navigation"
    assert all(link[1:] in ids for link in links)


def test_tables_have_captions_and_headers(page):
    tables = page.all("table")
    assert len(tables) >= 4
    for table in tables:
        (caption,) = (e for e in table["inside"] if e["tag"] == "caption")
        assert caption["text"].strip()
        assert all(e["scope"] in ("row", "col") for e in table["inside"] if e["tag"] == "th")
        for row in (e for e in table["inside"] if e["tag"] == "tr"):
            assert any(cell["tag"] == "th" for cell in row["inside"])


def test_drawings_are_images_with_titles(page):
    drawings = page.all("svg")
    assert len(drawings) > 3
    for drawing in drawings:
        assert drawing["role"] == "img"
        assert drawing["inside"][0]["tag"] == "title", "it names the image"
        assert drawing["inside"][0]["text"].strip()


def test_what_scrolls_can_be_reached_by_keyboard(page):
    for element in page.elements:
        if "wide" in (element.get("class") or "").split():
            assert element["tabindex"] == "0"
            assert element["role"] == "region"
            assert element["aria-label"]


def test_the_focus_is_seen_and_nothing_loads_from_elsewhere(page):
    assert re.search(r":focus-visible \{ outline: \dpx", STYLE)
    assert not page.all("script", "link", "img", "iframe")
    assert not re.search(r"(src|href)=\"(?!#)|url\(|@import", HTML)

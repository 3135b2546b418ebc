"""The documentation names files that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
        *(page for page in (ROOT / "docs").rglob("*.md") if "generated" not in page.parts),
    ]
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_are_there(page):
    named = re.findall(
        r"`((?:nnhw|tests|sim|docs|examples)/[\w./]*)", page.read_text(encoding="utf-8")
    )
    assert [name for name in named if "NAME" not in name and not (ROOT / name).exists()] == []


def test_pages_name_files_at_all():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert len(re.findall(r"`nnhw/[\w./]+`", text)) > 30


def test_links_between_pages():
    for page in PAGES:
        for target in re.findall(r"\]\(([\w./-]+\.md)", page.read_text(encoding="utf-8")):
            made = "generated" in target  # with the manual, from the code
            assert made or (page.parent / target).exists(), (page.name, target)

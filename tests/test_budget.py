"""The budget of memory and work, and its option."""

import pytest

import nnhw
from nnhw.budget import (
    DEFAULT_MAX_MEMORY,
    OPERATIONS_PER_BYTE,
    max_memory,
    memory_budget,
    need_memory,
    need_work,
    parse_memory,
    size_text,
)
from nnhw.errors import BudgetError, DataError, ModelError, OptionError, reading


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4G", 4 << 30),
        ("4 GiB", 4 << 30),
        ("1.5gb", 3 << 29),
        ("512M", 512 << 20),
        ("2097152", 2 << 20),
        (2 << 20, 2 << 20),
        ("1T", 1 << 40),
    ],
)
def test_sizes(text, size):
    assert parse_memory(text) == size


@pytest.mark.parametrize(
    "wrong",
    ["", "4", "G", "-4G", "1e3G", "4 P", "nan", "0x4G", 0, -1, 1 << 20000, "9" * 5000, True],
    ids=lambda value: type(value).__name__,
)
def test_wrong_sizes(wrong):
    with pytest.raises(OptionError, match="max_memory must be a size of at least 1M") as caught:
        parse_memory(wrong)
    assert len(str(caught.value)) < 200


def test_the_budget_holds_within():
    assert max_memory() == parse_memory(DEFAULT_MAX_MEMORY)
    need_memory("This", 3 << 30)
    with memory_budget("2G"):
        need_memory("This", 2 << 30)
        with pytest.raises(
            BudgetError, match=r"^This needs about 3 GiB of .* budget of 2 GiB; .*--max-memory"
        ):
            need_memory("This", 3 << 30)
        need_work("This", OPERATIONS_PER_BYTE * (2 << 30))
        with pytest.raises(
            BudgetError, match=r"^This needs about 1\.1e\+11 operations.*max_memory="
        ):
            need_work("This", OPERATIONS_PER_BYTE * (2 << 30) + 1)
    assert max_memory() == parse_memory(DEFAULT_MAX_MEMORY)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1536, "1.5 KiB"),
        (1 << 30, "1 GiB"),
        (10**14, "90.95 TiB"),
    ],
)
def test_sizes_for_people(size, text):
    assert size_text(size) == text
    assert len(size_text(1 << 5000)) < 20


def test_the_option_reaches_the_build(tmp_path):
    """A budget in which nothing fits, from Python."""
    model = "examples/digits_resnet.onnx"
    root = nnhw.__path__[0]
    with pytest.raises(BudgetError, match="budget of 1 MiB"):
        nnhw.build(f"{root}/../{model}", out=tmp_path / "out", max_memory="1M")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (ValueError("first\nsecond"), ModelError, "File 'f' cannot be read: first; do this"),
        (KeyError("w"), ModelError, "File 'f' cannot be read: KeyError 'w'; do this"),
        (IndexError(), ModelError, "File 'f' cannot be read: IndexError; do this"),
        (
            RecursionError("x"),
            ModelError,
            "File 'f' cannot be read: it is nested too deeply; do this",
        ),
        (
            MemoryError("1 TiB"),
            BudgetError,
            "File 'f' needs more memory than there is (1 TiB); make",
        ),
        (DataError("as it is"), DataError, "as it is"),
    ],
)
def test_the_boundary(error, kind, message):
    with pytest.raises(kind) as caught, reading("File 'f'", ModelError, "do this"):
        raise error
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_long_foreign_messages_are_cut():
    with pytest.raises(ModelError) as caught, reading("It", ModelError):
        raise ValueError("x" * 100_000)
    assert len(str(caught.value)) < 1000


def test_interrupts_pass():
    with pytest.raises(KeyboardInterrupt), reading("It", ModelError):
        raise KeyboardInterrupt

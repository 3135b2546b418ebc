"""Tables that plug-ins complete, and what becomes of those that fail on the way."""

from __future__ import annotations

import pytest

from nnhw.errors import PluginError
from nnhw.plugins import Plugin, Table, plugins_in_use
from nnhw.plugins.table import loading

PLUGIN = Plugin(group="nnhw.passes", name="mine", package="some-package", version="2.1")


def test_keeps_the_order_and_knows_where_things_come_from():
    table: Table[str, int] = Table("number")
    table.enter("two", 2)
    with loading(PLUGIN):
        table.enter("one", 1)
    assert dict(table) == {"two": 2, "one": 1}
    assert list(table) == ["two", "one"]
    assert (table.origin("two"), table.origin("one")) == (None, PLUGIN)


def test_names_both_of_one_name():
    table: Table[type, int] = Table("number")
    table.enter(type("Thing", (), {}), 1)
    with (
        pytest.raises(
            PluginError,
            match=r"one number named 'Thing', of nnhw itself; that of plug-in 'mine' "
            r"\(nnhw.passes\) of package some-package 2\.1 needs another name",
        ),
        loading(PLUGIN),
    ):
        table.enter(type("Thing", (), {}), 2)
    assert list(table.values()) == [1]


def test_takes_back_what_a_plugin_entered_before_it_failed():
    tables: list[Table[str, int]] = [Table("number"), Table("letter")]

    def fail() -> None:
        for table in tables:
            table.enter("one", 1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), loading(PLUGIN):
        fail()
    assert not any(map(len, tables))


def test_a_look_up_is_use_and_a_glance_is_none():
    table: Table[str, int] = Table("number")
    table.enter("two", 2)
    with loading(PLUGIN):
        table.enter("one", 1)
    with plugins_in_use() as used:
        assert "one" in table
        assert list(table) == ["two", "one"]
        assert table["two"] == 2
    assert used == set()
    with plugins_in_use() as used:
        assert table.get("one") == 1
    assert used == {PLUGIN}

"""Gates that are equal are one, and look-up tables take as many as they can."""

import itertools

import pytest

from nnhw.estimates.gates import FALSE, TRUE, UNKNOWN, Gates, count_four_way, cover


@pytest.fixture
def gates():
    return Gates()


def test_equal_gates_are_one(gates):
    a, b, c = (gates.leaf() for _ in range(3))
    assert gates.both(a, b) == gates.both(b, a)
    assert gates.differ(a, b ^ 1) == gates.differ(b, a) ^ 1
    assert gates.select(a, b, c) == gates.select(a ^ 1, c, b)


def test_constants_fold(gates):
    a, b = gates.leaf(), gates.leaf()
    assert (gates.both(a, FALSE), gates.both(a, TRUE), gates.both(a, a ^ 1)) == (FALSE, a, FALSE)
    assert (gates.differ(a, a), gates.differ(a, TRUE)) == (FALSE, a ^ 1)
    assert gates.select(a, TRUE, b) == gates.either(a, b)
    assert gates.select(a, b ^ 1, b) == gates.differ(a, b)
    assert gates.select(a, UNKNOWN, b) == gates.select(a, b, UNKNOWN) == b


def test_any_and_all(gates):
    bits = [gates.leaf() for _ in range(5)]
    assert gates.any_of(bits) == gates.all_of(bit ^ 1 for bit in bits) ^ 1
    assert (gates.all_of([]), gates.any_of([])) == (TRUE, FALSE)


@pytest.mark.parametrize(("inputs", "expected"), [(4, [3, 4]), (6, [6])])
def test_a_wide_and_takes_few_tables(gates, inputs, expected):
    root = gates.all_of([gates.leaf() for _ in range(6)])
    tables = cover(gates, [root], inputs)
    # of four inputs: two that take what is left over of six
    assert sorted(map(len, tables.values())) in (expected, [2, 4], [3, 4], [4, 4])
    assert len(tables) == len(expected)


def test_a_gate_that_others_read_has_its_own_table(gates):
    a, b, c, d, e, f, g, h = (gates.leaf() for _ in range(8))
    shared = gates.all_of([a, b, c, d])
    roots = [gates.all_of([shared, e, f, g]), gates.all_of([shared, f, g, h])]
    assert shared >> 1 in cover(gates, roots, 4)


def test_inverters_are_tables_in_front_of_sinks_only(gates):
    a, b = gates.leaf(), gates.leaf()
    assert cover(gates, [a ^ 1], 4) == {a >> 1: {a >> 1}}
    assert list(cover(gates, [gates.both(a ^ 1, b) ^ 1], 4).values()) == [{a >> 1, b >> 1}]


@pytest.mark.parametrize(("ways", "expected"), [(2, 0), (4, 1), (8, 2), (16, 5)])
def test_multiplexers_of_four_ways(gates, ways, expected):
    column = [gates.leaf() for _ in range(ways)]
    while len(column) > 1:
        choice = gates.leaf()
        column = [gates.select(choice, *column[i : i + 2][::-1]) for i in range(0, len(column), 2)]
    tables = cover(gates, column, 4)
    assert len(tables) == ways - 1
    assert count_four_way(gates, column, tables) == expected


def test_every_table_has_few_enough_inputs(gates):
    leaves = [gates.leaf() for _ in range(7)]
    roots = [
        gates.select(x, gates.differ(y, z), gates.both(y, z))
        for x, y, z in itertools.permutations(leaves, 3)
    ]
    tables = cover(gates, roots, 3)
    assert {root >> 1 for root in roots if root > TRUE} <= set(tables)
    assert max(map(len, tables.values())) <= 3

"""Which loop turns: the innermost one whose condition holds, and what depends on its place."""

import pytest
from amaranth.hdl import Const, Module, Signal
from bench import simulate

from nnhw.hdl.turn import Turn


@pytest.mark.parametrize("loops", [0, 1, 2, 5])
def test_finds_the_innermost_loop_and_its_answer(loops):
    m = Module()
    goes_on = Signal(loops)
    turn = Turn.first_of(m, list(goes_on), [f"loop_{n}" for n in range(loops)], "turn")
    answers = [Const(7 * place + 3, 8) for place in range(loops + 1)]
    alike = [answers[place // 2] for place in range(loops + 1)]
    matters = [None if place < loops // 2 else answers[place] for place in range(loops + 1)]
    choices = {"full": answers, "shared": alike, "partial": matters}
    results = [turn.choose(m, each, name) for name, each in choices.items()]

    async def testbench(ctx):
        for bits in range(1 << loops):
            ctx.set(goes_on, bits)
            place = next((n for n in range(loops) if bits >> n & 1), loops)
            assert ctx.get(turn.code) == Turn.encode(place)
            assert [ctx.get(turn.reaches(n)) for n in range(loops + 1)] == [
                place >= n for n in range(loops + 1)
            ]
            assert [ctx.get(turn.is_at(n)) for n in range(loops + 1)] == [
                place == n for n in range(loops + 1)
            ]
            full, shared, partial = (ctx.get(result) for result in results)
            assert (full, shared) == (7 * place + 3, 7 * (place // 2) + 3)
            if place >= loops // 2:
                assert partial == 7 * place + 3

    simulate(m, testbench)

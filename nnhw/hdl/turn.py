"""Which of nested loops makes a step, as a thermometer code."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Value

from .arithmetic import named


class Turn:
    """The place, innermost first, of the loop that goes on; one beyond the last: none does.

    Bit n of `code` says that it is beyond place n. So where a register belongs to a loop, one bit
    says whether the loop, or one outside of it, goes on; and what depends on the place is chosen in
    a tree whose every level is decided by a bit, wherever its borders are.

    Parameters
    ----------
    code : Value
        Place in thermometer code, a bit for each loop.
    loops : sequence of str
        Names of the loops, innermost first.
    """

    def __init__(self, code: Value, loops: Sequence[str]):
        assert len(code) == len(loops)
        self.code = code
        self.loops = tuple(loops)

    @classmethod
    def first_of(cls, m: Module, goes_on: Sequence[Value], loops: Sequence[str], name: str) -> Turn:
        """The innermost loop of which a condition holds."""
        beyond: list[Value] = []
        for condition, loop in zip(goes_on, loops, strict=True):
            further = ~condition if not beyond else beyond[-1] & ~condition
            beyond.append(named(m, further, f"{name}_beyond_{loop}"))
        return cls(named(m, Cat(beyond), name), loops)

    @staticmethod
    def encode(place: int) -> int:
        """The code of a place."""
        return (1 << place) - 1

    def reaches(self, place: int) -> Value:
        """Whether it is this place or one beyond."""
        return self.code[place - 1] if place else Const(1)

    def is_at(self, place: int) -> Value:
        """Whether it is this place."""
        if place == len(self.loops):
            return self.reaches(place)
        return self.reaches(place) & ~self.reaches(place + 1)

    def choose(self, m: Module, answers: Sequence[Value | None], name: str) -> Value:
        """The answer of the place, under a name; `answers` has one for each and, last, one for
        beyond.

        Where an answer is None it does not matter; one at least matters.
        """
        assert len(answers) == len(self.loops) + 1
        runs: list[tuple[int, Value]] = []
        for place, answer in enumerate(answers):
            if answer is not None and not (runs and _is_same(runs[-1][1], answer)):
                runs.append((place if runs else 0, answer))
        return self._choose(m, runs, name)

    def _choose(self, m: Module, runs: list[tuple[int, Value]], name: str) -> Value:
        if len(runs) == 1:
            return runs[0][1]
        middle = len(runs) // 2
        border = runs[middle][0]
        beyond = border == len(self.loops)
        further, nearer = ("at_end", "before") if beyond else ("from", "inside")
        loop = "" if beyond else f"_{self.loops[border]}"
        return named(
            m,
            Mux(
                self.reaches(border),
                self._choose(m, runs[middle:], f"{name}_{further}{loop}"),
                self._choose(m, runs[:middle], f"{name}_{nearer}{loop}"),
            ),
            name,
        )


def _is_same(a: Value, b: Value) -> bool:
    if isinstance(a, Const) and isinstance(b, Const):
        return a.value == b.value
    return a is b

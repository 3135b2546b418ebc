import textwrap

import pytest

from nnhw.export.verilog.netlist import Memory, Operator, ReadPort, Register, Wire, WritePort
from nnhw.export.verilog.processes import Assign, Switch
from nnhw.export.verilog.rtlil import read_rtlil
from nnhw.export.verilog.signals import Const, Slice

TEXT = r"""
attribute \generator "Amaranth"
attribute \top 1
module \top

  attribute \src "file.py:1"
  attribute \init 4'0101
  attribute \keep "a \"b\""
  wire width 4 signed \count

  wire width 8 input 0  \x

  wire width 4 output 1 signed \y$2

  wire width 1 $1

  wire width 4 \field[0]

  wire width 2 \taken

  wire width 3 \other

  memory width 2 size 3 \words

  cell $add $3
    parameter \A_SIGNED 1
    parameter \B_SIGNED 1
    parameter \A_WIDTH 2
    parameter \B_WIDTH 4
    parameter \Y_WIDTH 4
    connect \A { \x [7] 1'0 }
    connect \B 4'0011
    connect \Y \y$2
  end

  process $4
    assign $1 [0] 1'0
    switch { \x [1] \x [0] }
      case 2'1-, 2'00
        assign $1 [0] \x [2]
      case
        switch \x [3]
          case 1'1
        end
    end
    switch {}
      case
        assign $1 [0] 1'1
    end
  end

  cell $dff $5
    parameter \WIDTH 4
    parameter \CLK_POLARITY 1
    connect \D \y$2 [3:0]
    connect \CLK \x [5]
    connect \Q \count
  end

  cell $meminit_v2 $6
    parameter \MEMID "\\words"
    parameter \WIDTH 2
    connect \DATA 6'110100
  end

  cell $memrd_v2 $7
    parameter \MEMID "\\words"
    parameter \TRANSPARENCY_MASK 1'0
    parameter \CLK_ENABLE 1
    parameter \CLK_POLARITY 1
    connect \ADDR \x [1:0]
    connect \DATA \taken
    connect \EN 1'1
    connect \CLK \x [5]
  end

  cell $memwr_v2 $8
    parameter \MEMID "\\words"
    parameter \CLK_POLARITY 1
    connect \ADDR \x [3:2]
    connect \DATA \x [5:4]
    connect \EN { \x [6] \x [6] }
    connect \CLK \x [5]
  end

  cell \VENDOR \dsp
    parameter signed \SIZE 4'1111
    parameter \COUNT 3
    connect \IN \x [7:0]
    connect \OUT \other
  end

  cell \top.part \part
    connect \a \x [7:4]
    connect \b \field[0] [3:0]
  end

  connect \field[0] { \x [7:6] \count [1:0] }
end

module \top.part
  wire width 4 input 0  \a
  wire width 4 output 1  \b
  connect \b \a [3:0]
end
"""


def test_wires_and_ports():
    module = read_rtlil(TEXT)["top"]
    assert module.wires["count"] == Wire("count", 4, init="0101", attributes={"keep": 'a "b"'})
    assert module.wires["x"] == Wire("x", 8, "input")
    assert module.ports == ["x", "y$2"]


def test_operators():
    module = read_rtlil(TEXT)["top"]
    inputs = ((Const("0"), Slice("x", 7, 1)), (Const("0011"),))
    assert module.operators == {"y$2": Operator("add", inputs, 4, signed=True)}


def test_processes():
    (body,) = read_rtlil(TEXT)["top"].processes.values()
    target = Slice("$1", 0, 1)
    assert body == (
        Assign(target, (Const("0"),)),
        Switch(
            (Slice("x", 0, 1), Slice("x", 1, 1)),
            (
                (("1-", "00"), (Assign(target, (Slice("x", 2, 1),)),)),
                ((), (Switch((Slice("x", 3, 1),), ((("1",), ()),)),)),
            ),
        ),
        Assign(target, (Const("1"),)),
    )


def test_registers_and_memories():
    module = read_rtlil(TEXT)["top"]
    clock = (Slice("x", 5, 1),)
    assert module.registers == {"count": Register((Slice("y$2", 0, 4),), clock)}
    assert module.memories == {
        "words": Memory(
            width=2,
            depth=3,
            attributes={},
            words=[0, 1, 3],
            reads=[ReadPort("taken", (Slice("x", 0, 2),), (Const("1"),), clock)],
            writes=[
                WritePort(
                    (Slice("x", 2, 2),),
                    (Slice("x", 4, 2),),
                    (Slice("x", 6, 1), Slice("x", 6, 1)),
                    clock,
                )
            ],
        )
    }


def test_instances():
    module = read_rtlil(TEXT)["top"]
    dsp, part = module.instances["dsp"], module.instances["part"]
    assert (dsp.module, dsp.inputs, dsp.outputs) == (
        "VENDOR",
        {"IN": (Slice("x", 0, 8),)},
        {"OUT": "other"},
    )
    assert dsp.parameters == {"SIZE": Const("1111"), "COUNT": 3}
    assert (part.module, part.inputs, part.outputs) == (
        "top.part",
        {"a": (Slice("x", 4, 4),)},
        {"b": "field[0]"},
    )
    assert module.copies["field[0]"] == (Slice("count", 0, 2), Slice("x", 6, 2))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("frobnicate \\x", r"module 'top': frobnicate \\x"),
        ("cell $print $1\nend", r"cell \$print .* in module 'top' has no Verilog"),
        ('cell \\V \\v\nparameter real \\P "1.5"\nend', "module 'top': parameter real"),
    ],
)
def test_what_is_not_understood(lines, message):
    text = textwrap.dedent(f"module \\top\n{lines}\nend\n")
    with pytest.raises(NotImplementedError, match=message):
        read_rtlil(text)

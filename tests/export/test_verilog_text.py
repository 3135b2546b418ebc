"""The Verilog of small components, as it is written."""

from __future__ import annotations

import textwrap
from types import SimpleNamespace

import pytest
from amaranth.hdl import Array, Cat, Const, Mux, Signal, signed
from amaranth.lib import data
from amaranth.lib.memory import Memory
from small_components import Doubler, Small

from nnhw.export import component_verilog


def module_text(component, name: str = "top", **options) -> str:
    """Text of one module, without the comment above it."""
    text = component_verilog(component, "top", **options)
    start = text.index(f"module {name} (")
    return text[start : text.index("endmodule\n", start)] + "endmodule\n"


def expression_text(inputs: dict, make) -> str:
    """What an output `y` as wide as the expression is defined as."""
    signals = {name: Signal(shape, name=name) for name, shape in inputs.items()}
    shape = make(SimpleNamespace(**signals)).shape()

    def fill(self, m):
        m.d.comb += self.y.eq(make(self))

    text = component_verilog(Small(inputs, {"y": shape}, fill), "top")
    return " ".join(text[text.index("  assign y = ") + 13 : text.rindex(";")].split())


def port_names(component, name: str) -> list[str]:
    header, _, _ = module_text(component, name).partition(");")
    return [line.split(" = ")[0].split()[-1].strip(",") for line in header.splitlines()[1:]]


def check_body(component, expected: str) -> None:
    """Compare what comes behind the ports of the top module."""
    _, _, body = module_text(component).partition(");\n")
    assert body == textwrap.dedent(expected)


def check(component, expected: str, **options) -> None:
    assert component_verilog(component, "top", **options) == textwrap.dedent(expected)


def test_register_with_enable_and_reset():
    def fill(self, m):
        with m.If(self.enable):
            m.d.sync += self.count.eq(Mux(self.count == 9, 0, self.count + 1))

    check(
        Small({"enable": 1}, {"count": 4}, fill),
        """\
        // A component of a signature and a function.
        module top (
          input  wire       clk,
          input  wire       rst,
          input  wire       enable,
          output reg  [3:0] count = 4'd0
        );
          always @(posedge clk) begin
            if (rst) begin
              count <= 4'd0;
            end else if (enable) begin
              count <= (count == 4'd9) ? 4'd0 : (count + 4'd1);
            end
          end
        endmodule
        """,
    )


def test_equal_modules_are_written_once():
    def fill(self, m):
        m.submodules.part_0 = low = Doubler()
        m.submodules.part_1 = high = Doubler()
        m.d.comb += [low.x.eq(self.word[:4]), high.x.eq(self.word[4:])]
        m.d.comb += self.sum.eq(low.y + high.y)

    check(
        Small({"word": 8}, {"sum": 6}, fill),
        """\
        // A component of a signature and a function.
        module top (
          input  wire       clk,
          input  wire       rst,
          input  wire [7:0] word,
          output wire [5:0] sum
        );
          wire [4:0] part_1_y;
          wire [4:0] part_0_y;

          assign sum = part_0_y + part_1_y;

          top_part part_0 (
            .clk(clk),
            .rst(rst),
            .x(word[3:0]),
            .y(part_0_y)
          );

          top_part part_1 (
            .clk(clk),
            .rst(rst),
            .x(word[7:4]),
            .y(part_1_y)
          );
        endmodule

        // Doubles a number, and says whether it was odd.
        module top_part (
          input  wire       clk,
          input  wire       rst,
          input  wire [3:0] x,
          output reg  [4:0] y = 5'd0
        );
          always @(posedge clk) begin
            if (rst) begin
              y <= 5'd0;
            end else begin
              y <= {x, 1'b0};
            end
          end
        endmodule
        """,
    )


def test_modules_with_different_contents_stay_apart():
    def fill(self, m):
        for index in range(3):
            m.submodules[f"add_{index}"] = part = Small({"x": 4}, {"y": 4}, adder(min(index, 1)))
            m.d.comb += [part.x.eq(self.x), self.y[4 * index :][:4].eq(part.y)]

    def adder(init):
        def fill(self, m):
            total = Signal(4, init=init)
            m.d.sync += total.eq(total + self.x)
            m.d.comb += self.y.eq(total)

        return fill

    text = component_verilog(Small({"x": 4}, {"y": 12}, fill), "top")
    assert text.count("\nmodule ") == 3
    assert "  top_add_0 add_0 (" in text
    assert "  top_add add_1 (" in text
    assert "  top_add add_2 (" in text


def test_conditions_are_merged_and_told_apart():
    def fill(self, m):
        with m.If(self.a):
            m.d.sync += [self.x.eq(1), self.y.eq(self.x)]
        with m.Elif(self.b == 3):
            m.d.sync += self.x.eq(2)
        with m.Else():
            m.d.sync += self.x.eq(3)
        with m.Switch(self.b):
            with m.Case(0, 1):
                m.d.sync += self.z.eq(self.x)
            with m.Case("1--"):
                m.d.sync += [self.z.eq(self.y), self.z[0].eq(1)]

    check_body(
        Small({"a": 1, "b": 3}, {"x": 2, "y": 2, "z": 2}, fill),
        """\
          always @(posedge clk) begin
            if (rst) begin
              x <= 2'd0;
              y <= 2'd0;
            end else if (a) begin
              x <= 2'd1;
              y <= x;
            end else if (b == 3'd3) begin
              x <= 2'd2;
            end else begin
              x <= 2'd3;
            end
          end

          always @(posedge clk) begin
            if (rst) begin
              z <= 2'd0;
            end else begin
              casez (b)
                3'd0, 3'd1: z <= x;
                3'b1??: begin
                  z <= y;
                  z[0] <= 1'b1;
                end
                default: ;
              endcase
            end
          end
        endmodule
        """,
    )


def test_the_order_of_conditions_stays():
    """Only what looks like a reset is brought to the front."""

    def fill(self, m):
        part, whole = Signal(4, reset_less=True), Signal(4, reset_less=True)
        m.d.comb += [self.y.eq(part), self.z.eq(whole)]
        with m.Switch(self.a):
            with m.Case(0):
                m.d.sync += part.eq(self.b)
            with m.Case(1):
                m.d.sync += part.eq(~self.b)
        with m.If(self.c):
            m.d.sync += part[:2].eq(0)
        with m.If(self.c):
            m.d.sync += whole.eq(self.b)
        with m.If(self.a):
            m.d.sync += whole.eq(self.b + 1)

    inputs = {"a": 1, "b": 4, "c": 1}
    check_body(
        Small(inputs, {"y": 4, "z": 4}, fill),
        """\
          always @(posedge clk) begin
            if (!a) begin
              y <= b;
            end else begin
              y <= ~b;
            end
            if (c) y[1:0] <= 2'd0;
          end

          always @(posedge clk) begin
            if (c) z <= b;
            if (a) z <= b + 4'd1;
          end
        endmodule
        """,
    )


def test_selections_and_tables():
    def fill(self, m):
        m.d.comb += self.y.eq(Array([3, 1, 0, 1, 5, 9])[self.n])
        with m.If(self.a):
            m.d.comb += self.z.eq(self.n)
        with m.Elif(self.n[0]):
            m.d.comb += self.z[:2].eq(3)

    check_body(
        Small({"n": 3, "a": 1}, {"y": 4, "z": 3}, fill),
        """\
          function [3:0] y_table;
            input [2:0] select;
            case (select)
              3'd0: y_table = 4'd3;
              3'd1, 3'd3: y_table = 4'd1;
              3'd4: y_table = 4'd5;
              3'd5: y_table = 4'd9;
              default: y_table = 4'd0;
            endcase
          endfunction

          assign y = y_table(n);
          assign z[1:0] = a ? n[1:0] : n[0] ? 2'd3 : 2'd0;
          assign z[2] = a ? n[2] : 1'b0;
        endmodule
        """,
    )


def test_memories():
    def fill(self, m):
        m.submodules.ram = ram = Memory(shape=8, depth=10, init=[], attrs={"ram_style": "block"})
        m.submodules.rom = rom = Memory(shape=12, depth=3, init=[1, 0xABC, 7])
        read, write = ram.read_port(), ram.write_port(granularity=4)
        m.d.comb += [read.addr.eq(self.a), read.en.eq(self.e[0]), self.y.eq(read.data)]
        m.d.comb += [write.addr.eq(self.a), write.en.eq(self.e), write.data.eq(self.d)]
        word = rom.read_port(domain="comb")
        m.d.comb += [word.addr.eq(self.a), self.z.eq(word.data)]

    check_body(
        Small({"a": 4, "d": 8, "e": 2}, {"y": 8, "z": 12}, fill),
        """\
          (* ram_style = "block" *) reg [7:0] ram [0:9];
          reg [11:0] rom [0:2];

          initial begin
            rom[0] = 12'h001;
            rom[1] = 12'habc;
            rom[2] = 12'h007;
          end
          `ifndef SYNTHESIS // RAM powers up with anything: in simulation with random numbers
          initial begin : power_up_ram
            integer row;
            reg [31:0] noise;
            if (!$value$plusargs("power_up=%d", noise)) noise = 32'd1;
            for (row = 0; row < 10; row = row + 1) begin
              noise = noise * 32'd1664525 + 32'd1013904223;
              ram[row] = noise[31:24];
            end
          end
          `endif

          always @(posedge clk) begin
            if (e[0]) ram[a][3:0] <= d[3:0];
            if (e[1]) ram[a][7:4] <= d[7:4];
            if (e[0]) y <= ram[a];
          end

          assign z = rom[a[1:0]];
        endmodule
        """,
    )


def test_words_are_set_in_blocks():
    """Yosys reads one long block in a time that grows with the square of its length."""

    def fill(self, m):
        m.submodules.rom = rom = Memory(shape=8, depth=40, init=range(100, 140))
        read = rom.read_port()
        m.d.comb += [read.addr.eq(self.a), self.y.eq(read.data)]

    text = module_text(Small({"a": 6}, {"y": 8}, fill))
    blocks = text.split("initial begin\n")[1:]
    rows = [block.partition("  end\n")[0].splitlines() for block in blocks]
    assert [len(block) for block in rows] == [16, 16, 8]
    words = [line.strip() for block in rows for line in block]
    assert words == [f"rom[{row}] = 8'h{100 + row:02x};" for row in range(40)]


INPUTS = {"a": 8, "b": 8, "s": signed(8), "t": signed(5), "f": 1, "g": 1}
EXPRESSIONS = {
    "a + b": lambda c: c.a + c.b,
    "a + b + f": lambda c: ((c.a + c.b)[:8] + c.f)[:8],
    "a + {2'd0, b[5:0]}": lambda c: (c.a + c.b[:6])[:8],
    "a + b[6:0]": lambda c: (c.a + c.b[:7])[:8],
    "$signed(s) - 9'sd3": lambda c: c.s - 3,
    "s + {{3{t[4]}}, t}": lambda c: (c.s + c.t)[:8],
    "{s[7], s} + {{4{t[4]}}, t}": lambda c: c.s + c.t,
    "a * b": lambda c: c.a * c.b,
    "$signed(s) * $signed(t)": lambda c: c.s * c.t,
    "$signed(s) * 1'sh1": lambda c: c.s * Const(-1, signed(1)),
    "$signed(s) * -3'sd3": lambda c: c.s * -3,
    "$signed(s) * 8'sh80": lambda c: c.s * Const(-128, signed(8)),
    "-$signed(s)": lambda c: -c.s,
    "~(a ^ b)": lambda c: ~(c.a ^ c.b),
    "a < b": lambda c: c.a < c.b,
    "$signed(s) >= $signed({{3{t[4]}}, t})": lambda c: c.s >= c.t,
    "$signed(t) < -5'sd7": lambda c: c.t < -7,
    "t[4]": lambda c: c.t < 0,
    "f && !g": lambda c: c.f & ~c.g,
    "(a == 8'd1) || f": lambda c: (c.a == 1) | c.f,
    "(|a) && (&b)": lambda c: c.a.any() & c.b.all(),
    "|(a & b)": lambda c: (c.a & c.b).any(),
    "|(a | b)": lambda c: (c.a | c.b).any(),
    "f || (|a)": lambda c: c.f | c.a.any(),
    "shifted + b": lambda c: (c.f << c.g)[:1] + c.b,
    "sum + a": lambda c: (c.a + c.b)[:8] + c.a,
    "f ? a : g ? b : 8'd7": lambda c: Mux(c.f, c.a, Mux(c.g, c.b, 7)),
    "b": lambda c: Mux(c.f, c.b, c.b),
    "!f && g": lambda c: Mux(c.f, 0, c.g),
    "a >> b[2:0]": lambda c: c.a >> c.b[:3],
    "$signed(s) >>> a[1:0]": lambda c: c.s >> c.a[:2],
    "{3'd0, a} << t[1:0]": lambda c: c.a << c.t[:2].as_unsigned(),
    "{{2{s[7]}}, s, b[6:2], 2'd1}": lambda c: Cat(Const(1, 2), c.b[2:7], c.s, c.s[7], c.s[7]),
    "{a + b, f}": lambda c: Cat(c.f, (c.a + c.b)[:8]),
    "{1'b0, a}": lambda c: (c.a | 0) + 0,
}


@pytest.mark.parametrize(("expected", "make"), EXPRESSIONS.items(), ids=EXPRESSIONS)
def test_expression(expected, make):
    assert expression_text(INPUTS, make) == expected


def test_long_and_shared_expressions_get_names():
    def fill(self, m):
        shared = (self.a + self.c)[:16] * (self.b + self.c)[:16]
        m.d.comb += [self.y.eq(shared + self.c), self.z.eq(shared - self.c)]

    check_body(
        Small({"a": 8, "b": 8, "c": 16}, {"y": 16, "z": 16}, fill),
        """\
          wire [15:0] product = ({8'd0, a} + c) * ({8'd0, b} + c);
          assign y = product + c;
          assign z = product - c;
        endmodule
        """,
    )


def test_names_that_are_not_needed_leave_no_gaps():
    def fill(self, m):
        inline = (self.first_input - self.second_input)[:8]
        shared = (inline - self.third_input)[:8]
        m.d.comb += [self.y.eq(shared ^ self.first_input), self.z.eq(shared & self.second_input)]

    inputs = {"first_input": 8, "second_input": 8, "third_input": 8}
    text = module_text(Small(inputs, {"y": 8, "z": 8}, fill))
    assert "wire [7:0] difference = (first_input - second_input) - third_input;" in text
    assert "assign y = difference ^ first_input;" in text


def test_a_port_for_every_member():
    """Amaranth has one port `word`, and one for each bit of the result."""

    def part(self, m):
        m.d.comb += [self.low.eq(Cat(self.x[:2] ^ self.y, ~self.y)), self.sign.eq(self.x[3])]

    def fill(self, m):
        m.submodules.part = p = Small({"x": 4, "y": 2, "z": 1}, {"low": 4, "sign": 1}, part)
        m.d.comb += [p.x.eq(self.word[:4]), p.y.eq(self.word[4:6]), p.z.eq(self.word[0])]
        m.d.comb += self.total.eq(p.low)

    top = Small({"word": 6}, {"total": 4}, fill)
    check_body(
        top,
        """\
          top_part part (
            .x(word[3:0]),
            .y(word[5:4]),
            .low(total)
          );
        endmodule
        """,
    )
    assert port_names(top, "top_part") == ["x", "y", "low"]


def test_ports_that_are_only_in_part_a_member_stay():
    def fill(self, m):
        def part(inner, inner_module):
            inner_module.d.comb += inner.y.eq(inner.x ^ self.word[3])

        m.submodules.part = p = Small({"x": 3}, {"y": 3}, part)
        m.d.comb += [p.x.eq(self.word[:3]), self.out.eq(p.y)]

    top = Small({"word": 4}, {"out": 3}, fill)
    assert port_names(top, "top_part") == ["y", "word"]
    assert "  assign y = word[2:0] ^ {2'd0, word[3]};\n" in module_text(top, "top_part")


def test_structs_are_taken_apart():
    """A port, a register and a choice of fields; the ports of the top stay as they are."""
    layout = data.StructLayout({"first": 1, "number": signed(3), "pair": data.ArrayLayout(2, 2)})

    def part(self, m):
        kept = Signal(layout, init={"number": -2})
        with m.If(self.x.first):
            m.d.sync += kept.eq(self.x)
        with m.Else():
            m.d.sync += kept.number.eq(self.x.number)
        m.d.comb += self.y.eq(kept)

    def fill(self, m):
        m.submodules.part = p = Small({"x": layout}, {"y": layout}, part)
        m.d.comb += [p.x.eq(self.x), self.total.eq(p.y.number + p.y.pair[1])]

    top = Small({"x": layout}, {"total": 4}, fill)
    assert port_names(top, "top") == ["clk", "rst", "x", "total"]
    ports = ["x_first", "x_number", "x_pair", "y_number", "y_pair"]
    assert port_names(top, "top_part") == ["clk", "rst", *ports]
    text = module_text(top, "top_part")
    assert "output reg  [2:0] y_number = 3'd6" in text
    assert (
        "    end else if (x_first) begin\n      y_number <= x_number;\n      y_pair <= x_pair;\n"
        in text
    )
    assert ".x_pair(x[7:4])," in module_text(top)
    assert "part_y_pair[3:2]" in module_text(top)

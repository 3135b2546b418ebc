"""All registers that a design may have, at addresses that are the same in all designs.

Software relies on these addresses: none ever moves, and what is added makes the minor version of
the ABI larger. `tests/registers/abi.txt` holds them fixed.
"""

from __future__ import annotations

from .description import Access, Block, Field, Register

ABI_MAJOR = 1
"""Software for another one does not work."""
ABI_MINOR = 4
"""Software for a smaller one works."""
MAGIC = int.from_bytes(b"NNHW", "little")
TENSORS_OFFSET = 0x400
TENSOR_WORDS = 16
"""Words of an entry of the table of tensors."""
LOW_WORDS = 32
"""Words from address zero on among which all constant registers but the table's are."""
LOADED_TENSORS = 14
"""Entries of the table of a programmable design, whatever networks it runs: with `LOW_WORDS` in
front, a memory of 256 words."""
WINDOW_WORDS = 15
"""Words that each window has room for: with one more, a memory of 16."""
DMA_CAUSES = ("memory_read", "memory_write", "descriptor_access", "descriptor_invalid")
"""Error causes of designs that move frames from and to memory."""
DESCRIPTION_BIT = 31
"""Of an address that is loaded: whether it is a row of that memory, or one of the engine's."""
BANK_BIT = 30
"""Likewise, with two banks: in which one."""


def _word(
    name: str,
    offset: int,
    help: str,
    access: Access = Access.CONSTANT,
    *,
    of_network: bool = False,
) -> Register:
    """A register that is one number."""
    field = Field(name="value", help=help, access=access)
    return Register(name=name, offset=offset, help=help, fields=(field,), of_network=of_network)


def _counter(name: str, offset: int, help: str) -> tuple[Register, Register]:
    """A counter of 64 bits."""
    return (
        _word(f"{name}_low", offset, f"{help}; low word", Access.COUNT),
        _word(f"{name}_high", offset + 4, f"{help}; high word as kept by the read", Access.KEPT),
    )


def _bits(access: Access, **helps: str) -> tuple[Field, ...]:
    """Fields of one bit, from bit 0 on."""
    return tuple(
        Field(name=name, help=help, low=low, width=1, access=access)
        for low, (name, help) in enumerate(helps.items())
    )


_INTERRUPTS = {
    "delivered": "The last beat of an output frame was taken",
    "error": "A bit of the error causes was set",
    "aborted": "An abort has come to its end",
}

_IDENTIFICATION = Block(
    name="identification",
    offset=0x000,
    size=0x40,
    help="What the design is",
    registers=(
        _word("magic", 0x00, "The letters NNHW, the first one in the lowest byte"),
        Register(
            name="abi",
            offset=0x04,
            help="Version of this description",
            fields=(
                Field(name="minor", width=16, help="Larger where registers were added"),
                Field(name="major", low=16, width=16, help="Another one is not compatible"),
            ),
        ),
        Register(
            name="array",
            offset=0x08,
            help="Size of the multiplier array",
            fields=(
                Field(name="rows", width=16, help="Products that a column adds up each cycle"),
                Field(name="cols", low=16, width=16, help="Output channels side by side"),
            ),
        ),
        Register(
            name="bits",
            offset=0x0C,
            help="Widths of numbers",
            fields=(
                Field(name="activation", width=8, help="Bits of the widest activation"),
                Field(name="weight", low=8, width=8, help="Bits of the widest weight"),
            ),
        ),
        Register(
            name="memory_bus",
            offset=0x10,
            help="The bus to memory; zero without one",
            fields=(
                Field(name="address_bits", width=8, help="Bits of an address"),
                Field(
                    name="entries",
                    low=8,
                    width=8,
                    help="Tensors that a descriptor has room for, whatever the network has",
                ),
            ),
        ),
        *(
            _word(
                f"model_hash_{word}",
                0x20 + 4 * word,
                f"SHA-256 of the model file, bytes {4 * word} to {4 * word + 3}, lowest first",
                of_network=True,
            )
            for word in range(8)
        ),
    ),
)

_CAPABILITIES = Block(
    name="capabilities",
    offset=0x040,
    size=0x40,
    help="What the design can do",
    registers=(
        Register(
            name="features",
            offset=0x00,
            help="Which optional parts there are",
            fields=_bits(
                Access.CONSTANT,
                frame_check="Damaged input frames are dropped and reported",
                counters="The block of counters is there",
                bus_errors="Addresses without a register are answered with an error",
                programmable="Networks are loaded: the block `load` is there",
                parity="What is loaded has parity, which is checked",
                load_queue="A queue may be full: see load_status.ready before each word",
                windows="Frames come and go over this bus: the block `window` is there",
                dma="Frames come from memory and go there: the block `dma` is there",
                banks="Two networks are held: one is loaded while the other one runs",
            ),
        ),
        Register(
            name="stream_bytes",
            offset=0x04,
            help="Bytes of a beat",
            fields=(
                Field(name="input", width=8, help="Of the input stream"),
                Field(name="output", low=8, width=8, help="Of the output stream"),
            ),
        ),
        _word("input_beats", 0x08, "Beats of an input frame", of_network=True),
        _word("output_beats", 0x0C, "Beats of an output frame", of_network=True),
        _word(
            "latency",
            0x10,
            "Clock cycles from a frame's first beat to its last output beat",
            of_network=True,
        ),
        _word("interval", 0x14, "Clock cycles from frame to frame", of_network=True),
        Register(
            name="tensor_counts",
            offset=0x18,
            help="Entries of the table of tensors: first those of inputs, then those of outputs",
            fields=(
                Field(name="inputs", width=8, help="Input tensors of a frame"),
                Field(name="outputs", low=8, width=8, help="Output tensors of a frame"),
            ),
            of_network=True,
        ),
        Register(
            name="window_words",
            offset=0x1C,
            help="Words that the windows have room for; zero without them",
            fields=(
                Field(name="input", width=16, help="Of input frames"),
                Field(name="output", low=16, width=16, help="Of output frames"),
            ),
        ),
        *(
            _word(
                f"machine_hash_{word}",
                0x20 + 4 * word,
                f"SHA-256 of the machine that images are for, bytes {4 * word} to {4 * word + 3}, "
                "lowest first; zero where nothing is loaded",
            )
            for word in range(8)
        ),
    ),
)

_CONTROL = Block(
    name="control",
    offset=0x080,
    size=0x20,
    help="Start, stop and state",
    registers=(
        Register(
            name="control",
            offset=0x00,
            help="What software asks for",
            fields=(
                Field(
                    name="enable",
                    width=1,
                    access=Access.STORED,
                    reset=1,
                    help="Input frames may begin; one that has begun goes on without it",
                ),
                Field(
                    name="abort",
                    low=1,
                    width=1,
                    access=Access.COMMAND,
                    help="Give up all frames that are in the accelerator or have begun to arrive",
                ),
            ),
        ),
        Register(
            name="status",
            offset=0x04,
            help="What the accelerator does",
            fields=_bits(
                Access.STATUS,
                busy="A frame has begun and was neither delivered nor dropped",
                receiving="In the middle of an input frame",
                sending="In the middle of an output frame",
                aborting="An abort is under way",
                discarding="The rest of an aborted input frame is taken and discarded",
            ),
        ),
        _word("scratch", 0x08, "Without an effect; for tests of the bus", Access.STORED),
    ),
)

_INTERRUPT = Block(
    name="interrupt",
    offset=0x0A0,
    size=0x20,
    help="Interrupts: the line is high while a bit is set in both of the first two registers",
    registers=(
        Register(
            name="irq_enable",
            offset=0x00,
            help="Which events raise the interrupt",
            fields=_bits(Access.STORED, **_INTERRUPTS),
        ),
        Register(
            name="irq_status",
            offset=0x04,
            help="Which events there were, enabled or not",
            fields=_bits(Access.FLAG, **_INTERRUPTS),
        ),
        Register(
            name="error_cause",
            offset=0x08,
            help="What went wrong",
            fields=_bits(
                Access.FLAG,
                tlast_early="An input frame was dropped: its tlast came too early",
                tlast_late="An input frame was dropped: its last beat had no tlast",
                load_refused="A word was not loaded: a network ran there, or nothing is at its "
                "address",
                parity="A word was read that is not what was loaded: load it again",
                window_full="A word of an input frame is lost: there was no room for it",
                window_empty="A word of an output frame was read, and there was none",
                memory_read="Memory has answered a read of an input with an error",
                memory_write="Memory has answered a write of an output with an error",
                descriptor_access="Memory has answered an access to a descriptor with an error: "
                "nothing goes on before a start",
                descriptor_invalid="A descriptor's addresses or sizes are wrong: see its state; or "
                "its own address is",
            ),
        ),
    ),
)

_COUNTERS = Block(
    name="counters",
    offset=0x0C0,
    size=0x40,
    help="Counters of 64 bits; there is one kept high word for all of them",
    registers=(
        *_counter("frames_accepted", 0x00, "Input frames that were taken, whole and undamaged"),
        *_counter("frames_dropped", 0x08, "Frames that were damaged or aborted"),
        *_counter("frames_delivered", 0x10, "Output frames whose last beat was taken"),
        *_counter(
            "frame_cycles",
            0x18,
            "Clock cycles in which the last delivered frame was the oldest in the accelerator",
        ),
        *_counter("input_stalls", 0x20, "Clock cycles in which an input beat had to wait"),
        *_counter("output_stalls", 0x28, "Clock cycles in which an output beat had to wait"),
    ),
)

_LOAD = Block(
    name="load",
    offset=0x100,
    size=0x40,
    help="What a programmable design is loaded with",
    registers=(
        Register(
            name="load_control",
            offset=0x00,
            help="Whether the network that was loaded runs",
            fields=(
                Field(
                    name="run",
                    width=1,
                    access=Access.STORED,
                    help="Run; without it, frames that have begun are finished, then nothing runs",
                ),
                Field(
                    name="valid",
                    low=1,
                    width=1,
                    access=Access.STORED,
                    help="All of an image was loaded; without it, what registers say about the "
                    "network reads zero",
                ),
                Field(
                    name="bank",
                    low=2,
                    width=1,
                    access=Access.STORED,
                    help="Network that frames begin in, and that registers tell of; bit 30 of "
                    "addresses that are loaded says which one they are of",
                ),
            ),
        ),
        Register(
            name="load_status",
            offset=0x04,
            help="Whether a network runs",
            fields=_bits(
                Access.STATUS,
                running="It runs, or frames that have begun are being finished: nothing is loaded",
                ready="There is room for a word: always but for a queue to another clock",
                free="While it runs, the bank that frames do not begin in can be loaded: none is "
                "left there",
            ),
        ),
        _word(
            "load_address",
            0x08,
            "Where the next word is loaded, as images have it; one more after each",
            Access.POINTER,
        ),
        _word("load_data", 0x0C, "The word", Access.PORT),
    ),
)

_WINDOW = Block(
    name="window",
    offset=0x140,
    size=0x40,
    help="Frames word by word: four bytes, the lowest one first",
    registers=(
        Register(
            name="input_status",
            offset=0x00,
            help="What can be written",
            fields=(
                Field(
                    name="room",
                    width=16,
                    access=Access.STATUS,
                    help="Words of input frames that there is room for",
                ),
            ),
        ),
        _word("input_data", 0x04, "The next word of an input frame", Access.PORT),
        _word("input_last", 0x08, "The last word of an input frame", Access.PORT),
        Register(
            name="output_status",
            offset=0x10,
            help="What can be read",
            fields=(
                Field(
                    name="words",
                    width=16,
                    access=Access.STATUS,
                    help="Words of output frames that are there",
                ),
                Field(
                    name="last",
                    low=16,
                    width=1,
                    access=Access.STATUS,
                    help="The next one ends its frame",
                ),
            ),
        ),
        _word("output_data", 0x14, "The next word of an output frame", Access.NEXT),
    ),
)

_DMA = Block(
    name="dma",
    offset=0x180,
    size=0x40,
    help="Frames from and to memory, as descriptors say",
    registers=(
        Register(
            name="dma_control",
            offset=0x00,
            help="What software asks for",
            fields=_bits(
                Access.COMMAND,
                start="Begin at descriptor_low and _high, when no descriptor is under way any more",
                doorbell="Fetch the current descriptor again, when none is under way any more",
            ),
        ),
        Register(
            name="dma_status",
            offset=0x04,
            help="What is done",
            fields=(
                *_bits(
                    Access.STATUS,
                    running="A descriptor is under way",
                    halted="The current descriptor cannot be reached: start with another one",
                ),
                Field(
                    name="result",
                    low=8,
                    width=8,
                    access=Access.STATUS,
                    help="How the last frame has ended, as its descriptor says",
                ),
            ),
        ),
        _word("descriptor_low", 0x08, "Address of the first descriptor; low word", Access.STORED),
        _word("descriptor_high", 0x0C, "Its high word", Access.STORED),
        _word("current_low", 0x10, "Address of the current descriptor; low word", Access.STATUS),
        _word("current_high", 0x14, "Its high word", Access.STATUS),
    ),
)

_TENSORS = Block(
    name="tensor",
    offset=TENSORS_OFFSET,
    size=4 * TENSOR_WORDS,
    help="A tensor of a frame; inputs come before outputs",
    is_repeated=True,
    registers=(
        _word("offset", 0x00, "First byte in its frame"),
        _word("bytes", 0x04, "Bytes, one an element"),
        _word("height", 0x08, "Rows"),
        _word("width", 0x0C, "Columns"),
        _word("channels", 0x10, "Channels, which follow each other in memory"),
        Register(
            name="element",
            offset=0x14,
            help="What an element is",
            fields=(
                Field(name="bits", width=8, help="Bits that count; the others repeat the sign"),
                Field(
                    name="is_signed", low=8, width=1, help="Whether it is a two's complement one"
                ),
                Field(name="is_output", low=9, width=1, help="Whether the tensor is an output"),
            ),
        ),
        _word("zero_point", 0x18, "The element that stands for zero, a two's complement number"),
        _word("scale", 0x1C, "Real value of one step; the bits of a float32"),
        _word("multiplier", 0x20, "The same scale is multiplier / 2^shift"),
        _word("shift", 0x24, "See multiplier; a two's complement number"),
        Register(
            name="host",
            offset=0x28,
            help="What the host does with the tensor",
            fields=(
                Field(
                    name="preprocess",
                    width=2,
                    help="0: element = round(x / scale) + zero_point; 1: with host_offset and "
                    "host_scale; 2: with numbers that are not in this table",
                ),
                Field(
                    name="postprocess",
                    low=8,
                    width=8,
                    help="0: nothing; 1: Softmax; 2: ArgMax; 3: Sigmoid; 4: what the manifest says",
                ),
            ),
        ),
        _word("host_offset", 0x2C, "element = round((x - host_offset) / host_scale) + zero_point"),
        _word("host_scale", 0x30, "See host_offset; both are the bits of a float32"),
    ),
)

BLOCKS: tuple[Block, ...] = (
    _IDENTIFICATION,
    _CAPABILITIES,
    _CONTROL,
    _INTERRUPT,
    _COUNTERS,
    _LOAD,
    _WINDOW,
    _DMA,
    _TENSORS,
)
"""In the order of their addresses."""

"""A small register map for tests."""

from nnhw.registers import ABI_MAJOR, ABI_MINOR, DMA_CAUSES, MAGIC, RegisterMap, TensorEntry

HASH = tuple(range(1, 9))
CONSTANTS = {
    "magic": MAGIC,
    "abi": ABI_MAJOR << 16 | ABI_MINOR,
    "array": 4 | 8 << 16,
    "bits": 8 | 6 << 8,
    "memory_bus": 0,
    **{f"model_hash_{i}": word for i, word in enumerate(HASH)},
    "features": 3,
    "stream_bytes": 1 | 2 << 8,
    "input_beats": 7,
    "output_beats": 3,
    "latency": 100,
    "interval": 90,
    "tensor_counts": 1 | 1 << 8,
    "window_words": 0,
    **{f"machine_hash_{i}": 0 for i in range(8)},
}
NOT_MAPPED = frozenset({"window", "error_cause.window_full", "error_cause.window_empty"})
"""What designs are without that have no windows."""
ONE_BANK = frozenset({"load_control.bank", "load_status.free"})
"""What programmable designs are without that hold one network."""
NOT_DMA = frozenset({"dma", *(f"error_cause.{cause}" for cause in DMA_CAUSES)})
"""What designs are without that have no bus to memory."""
NOT_STREAMED = NOT_MAPPED | NOT_DMA
"""What designs are without whose frames come over streams."""
NOT_LOADED = frozenset({"load", "error_cause.load_refused", "error_cause.parity"}) | NOT_STREAMED
"""What those of them are without that are not programmable."""
INPUT = TensorEntry(
    name="x",
    is_output=False,
    offset=0,
    size=6,
    shape=(1, 2, 3),
    bits=8,
    is_signed=True,
    zero_point=-128,
    scale=0.1,
)
OUTPUT = TensorEntry(
    name="y",
    is_output=True,
    offset=0,
    size=10,
    shape=(1, 1, 10),
    bits=6,
    is_signed=True,
    zero_point=3,
    scale=0.25,
    postprocess=("Softmax(axis=1)",),
)


def small_map(
    tensors: tuple[TensorEntry, ...] = (INPUT, OUTPUT), absent: frozenset[str] = frozenset()
) -> RegisterMap:
    """A register map with all constants set."""
    return RegisterMap(name="net", constants=CONSTANTS, tensors=tensors, absent=NOT_LOADED | absent)


def loaded_map(*, banks: int = 1) -> RegisterMap:
    """That of a programmable design, with what registers say of a network."""
    constants = CONSTANTS | {f"machine_hash_{i}": 0x80000000 + i for i in range(8)}
    return RegisterMap(
        name="net",
        constants=constants,
        tensors=(INPUT, OUTPUT),
        absent=NOT_STREAMED | (ONE_BANK if banks == 1 else frozenset()),
        is_loaded=True,
    )


def dma_map() -> RegisterMap:
    """That of a design with a bus to memory."""
    constants = CONSTANTS | {"stream_bytes": 8 | 8 << 8, "memory_bus": 64 | 2 << 8}
    return RegisterMap(
        name="net",
        constants=constants,
        tensors=(INPUT, OUTPUT),
        absent=NOT_LOADED - NOT_DMA,
    )


def mapped_map() -> RegisterMap:
    """That of a design with windows."""
    constants = CONSTANTS | {"stream_bytes": 4 | 4 << 8, "window_words": 15 | 15 << 16}
    return RegisterMap(
        name="net",
        constants=constants,
        tensors=(INPUT, OUTPUT),
        absent=NOT_LOADED - NOT_MAPPED,
    )
